"""The emulator for want of a better one: lines, colours, and what progress bars do to their line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.ansi import AnsiDecoder
from rich.cells import cell_len
from rich.style import Style

from cligym_tui.terminal.rows import Row, row
from sessions.harmless import kind

if TYPE_CHECKING:
    from collections.abc import Iterable

Cell = tuple[str, Style | None]
_BLANK: Final[Cell] = (" ", None)
_TAB: Final = 8
_TOKEN = re.compile(r"\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\(?.|[\x00-\x1f]|[^\x00-\x1f]+", re.DOTALL)


class Line(NamedTuple):
    """One row of cells."""

    cells: list[Cell]
    wrapped: bool = False


class Saved(NamedTuple):
    """A screen of lines at one moment."""

    columns: int
    rows: int
    lines: tuple[tuple[tuple[Cell, ...], bool], ...]
    x: int
    style: Style | None


class LineEmulator:
    """See `Emulator`. It writes on the last line only; what draws all over the screen looks like a log."""

    alternate = False
    application_cursor = False
    bracketed_paste = False
    cursor_visible = True

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = rows
        self._lines = [Line([])]
        self._x = 0
        self._style: Style | None = None
        self._decoder = AnsiDecoder()
        self._off: list[Row] = []

    def feed(self, text: str) -> None:
        """Draw."""
        for match in _TOKEN.finditer(text):
            token = match[0]
            if match[2]:
                self._control(match[1], match[2])
            elif token == "\n":
                self._down()
            elif token == "\r":
                self._x = 0
            elif token == "\b":
                self._x = max(0, self._x - 1)
            elif token == "\t":
                self._x = min(self.columns - 1, (self._x // _TAB + 1) * _TAB)
            elif token >= " ":
                for char in token:
                    self._put(char)

    def resize(self, columns: int, rows: int) -> None:
        """Take another size; what is written stays as wide as it is."""
        self.columns, self.rows = columns, rows
        self._x = min(self._x, columns)
        self._scroll()

    def row(self, y: int) -> Row:
        """One row of the screen."""
        return _row(self._lines[y]) if y < len(self._lines) else Row()

    def dirty(self) -> Iterable[int]:
        """Any row may have changed."""
        return range(self.rows)

    def scrolled(self) -> list[Row]:
        """Rows that scrolled off the top since this was asked last, oldest first."""
        off, self._off = self._off, []
        return off

    def replies(self) -> bytes:
        """It answers nothing."""
        return b""

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor."""
        return min(self._x, self.columns - 1), len(self._lines) - 1

    def save(self) -> Saved:
        """All of it at this moment."""
        lines = tuple((tuple(line.cells), line.wrapped) for line in self._lines)
        return Saved(self.columns, self.rows, lines, self._x, self._style)

    def load(self, saved: Saved) -> None:
        """Be as the saved one was."""
        self.columns, self.rows = saved.columns, saved.rows
        self._lines = [Line(list(cells), wrapped) for cells, wrapped in saved.lines]
        self._x, self._style, self._off = saved.x, saved.style, []
        self._decoder.style = saved.style or Style.null()

    def _control(self, numbers: str, final: str) -> None:
        count = int(numbers) if numbers.isdigit() else 0
        cells = self._lines[-1].cells
        match final:
            case "m":
                self._decoder.decode_line(f"\x1b[{numbers}m")
                self._style = self._decoder.style or None
            case "K" if count == 0:
                del cells[self._x :]
            case "K":
                erased = min(self._x + 1, len(cells)) if count == 1 else len(cells)
                cells[:erased] = [_BLANK] * erased
            case "C":
                self._x = min(self.columns - 1, self._x + max(1, count))
            case "D":
                self._x = max(0, self._x - max(1, count))
            case "G":
                self._x = min(self.columns, max(1, count)) - 1
            case _:
                pass

    def _put(self, char: str) -> None:
        cells = self._lines[-1].cells
        if kind(char) == "mark":
            if 0 < self._x <= len(cells):
                glyph, style = cells[self._x - 1]
                cells[self._x - 1] = (glyph + char)[:4], style
            return
        width = min(2, max(1, cell_len(char)))
        if self._x + width > self.columns:
            self._lines[-1] = Line(cells, wrapped=True)
            self._down()
            self._x = 0
            cells = self._lines[-1].cells
        cells += [_BLANK] * (self._x - len(cells))
        cells[self._x : self._x + width] = [(char, self._style), ("", self._style)][:width]
        self._x += width

    def _down(self) -> None:
        self._lines.append(Line([]))
        self._scroll()

    def _scroll(self) -> None:
        while len(self._lines) > self.rows:
            self._off.append(_row(self._lines.pop(0)))


def _row(line: Line) -> Row:
    styles = [(place, style) for place, (_, style) in enumerate(line.cells)]
    return row([glyph for glyph, _ in line.cells], styles, wrapped=line.wrapped)
