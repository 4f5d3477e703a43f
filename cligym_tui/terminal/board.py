"""The emulator proper: bittty's board, of which only what draws is used.

What reaches it was cut down by `sessions.harmless`, so most of the board (printers, macros, clipboards,
mouse, windows) never runs. The attributes listed below are all the rest can change; `save` and `load` copy
them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from operator import is_, itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bittty import XTERM, Board
from bittty.options import EDITING
from bittty.present import RowsScrolledOff
from rich.color import Color
from rich.style import Style

from cligym_tui.terminal.rows import Row, row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bittty.style import Color as BoardColor
    from bittty.style import Style as BoardStyle
    from bittty.video import Cell, Video

MODEL: Final = replace(
    XTERM, name="xterm-256color", options=frozenset(), control_capabilities=EDITING, reflows=True
)
"""An xterm without a printer, a mouse of its own, downloadable keys and macros."""
MOST_REPLIES: Final = 4096
"""Bytes of answers kept: a program that asks without reading gets no more."""

_STYLE, _GLYPH = itemgetter(0), itemgetter(1)
_ANSWER = re.compile(r"\x1b\[[?>]?[0-9;]*(?:[Rcn]|\$y)")
_FULL_SCREEN = re.compile(r"\x1b\[\?(?:\d+;)*1049(?:;\d+)*h")
_CURSOR: Final = ("x", "y", "shape", "_wrap_pending", "_wrap_left", "_wrap_right", "_wrap_y")
_BLITTER: Final = ("scroll_top", "scroll_bottom", "in_alt_screen", "last_printed_char")
_MODES: Final = (
    "application_keypad",
    "auto_wrap",
    "bracketed_paste",
    "cursor_application_mode",
    "cursor_blinking",
    "cursor_visible",
    "insert_mode",
    "linefeed_newline_mode",
    "numeric_keypad",
    "origin_mode",
    "reverse_wraparound",
    "synchronized_output",
)


class Page(NamedTuple):
    """One page of cells; a blank row is None."""

    grid: tuple[tuple[Cell, ...] | None, ...]
    wrapped: tuple[bool, ...]


class Saved(NamedTuple):
    """A board at one moment."""

    columns: int
    rows: int
    primary: Page
    alternate: Page
    cursor: tuple[Any, ...]
    saved_cursors: dict[bool, Any]
    tab_stops: frozenset[int]
    blitter: tuple[Any, ...]
    modes: tuple[bool, ...]
    style: BoardStyle
    charset: tuple[Any, ...]
    cluster: Any
    """The character a combining mark that comes next would join."""


class Host:
    """The board's connection to its host: keeps what is sent there."""

    closed = False

    def __init__(self) -> None:
        self._sent = ""

    def write(self, data: str) -> int:
        """What the board tells its host."""
        if len(self._sent) < MOST_REPLIES:
            self._sent += data
        return len(data)

    def write_bytes(self, data: bytes) -> int:
        """Nothing that is not text is an answer."""
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def resize(self, rows: int, columns: int) -> None:
        """Whoever resizes the board knows."""

    def take(self) -> str:
        """What was sent since this was asked last."""
        sent, self._sent = self._sent, ""
        return sent


class BoardEmulator:
    """See `Emulator`."""

    keeps_scrollback = True
    """Asks the board for the rows that scroll off."""

    def __init__(self, columns: int, rows: int) -> None:
        self._off: list[Row] = []
        self._host = Host()
        self._seen = 0
        self._shown: Any = None
        """Page that `dirty` told of last; the other one's changes are counted apart."""
        self._wrapped: list[bool] = []
        self._board = self._fresh(columns, rows)

    @property
    def columns(self) -> int:
        """Cells across."""
        return int(self._board.width)

    @property
    def rows(self) -> int:
        """Cells down."""
        return int(self._board.height)

    def feed(self, text: str) -> None:
        """Draw."""
        if "1049" in text:
            # A full-screen program begins on a blank page; the board leaves what the one before had there.
            text = _FULL_SCREEN.sub("\\g<0>\x1b[2J", text)
        self._board.parser.feed(text)

    def resize(self, columns: int, rows: int) -> None:
        """Take another size; rows that no longer fit scroll off the top."""
        blitter, cursor = self._board.blitter, self._board.cursor
        lost = cursor.y + 1 - rows
        if lost > 0 and not blitter.in_alt_screen:
            # The board cuts at the bottom, where the prompt is.
            x = cursor.display_x
            blitter.set_scroll_region(0, self.rows - 1)
            blitter.scroll(lost)
            cursor.set_position(x, cursor.y - lost)
        self._board.resize(columns, rows)
        self._shown = None

    def row(self, y: int) -> Row:
        """One row of the screen."""
        page = self._page
        return _row(page.grid[y], page.wrapped_lines[y])

    def dirty(self) -> Iterable[int]:
        """Rows that may have changed since this was asked last."""
        page = self._page
        if page is self._shown:
            # The board does not count a row as changed when its line goes on in the next one from now on.
            changed = set(page.dirty_rows(self._seen)) | {
                y for y, wrapped in enumerate(page.wrapped_lines) if wrapped != self._wrapped[y]
            }
        else:
            changed = set(range(page.height))
        self._shown, self._seen, self._wrapped = page, page.observe(), list(page.wrapped_lines)
        return changed

    def scrolled(self) -> list[Row]:
        """Rows that scrolled off the top since this was asked last, oldest first."""
        off, self._off = self._off, []
        return off

    def replies(self) -> bytes:
        """Answers of a known shape; what a program could have put words into is not given."""
        return "".join(match[0] for match in _ANSWER.finditer(self._host.take())).encode()

    @property
    def alternate(self) -> bool:
        """Whether a program has the whole screen."""
        return bool(self._board.blitter.in_alt_screen)

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor."""
        return int(self._board.cursor.display_x), int(self._board.cursor.y)

    @property
    def cursor_visible(self) -> bool:
        """Whether programs want it to be seen."""
        return bool(self._board.modes.cursor_visible)

    @property
    def application_cursor(self) -> bool:
        """Whether cursor keys are sent in their application form."""
        return bool(self._board.modes.cursor_application_mode)

    @property
    def bracketed_paste(self) -> bool:
        """Whether pasted text is put in brackets."""
        return bool(self._board.modes.bracketed_paste)

    def save(self) -> Saved:
        """All of it at this moment."""
        board = self._board
        return Saved(
            board.width,
            board.height,
            _page(board.blitter.primary_page),
            _page(board.blitter.alt_page),
            tuple(getattr(board.cursor, name) for name in _CURSOR),
            dict(board.cursor.saved),
            frozenset(board.cursor.tab_stops),
            tuple(getattr(board.blitter, name) for name in _BLITTER),
            tuple(getattr(board.modes, name) for name in _MODES),
            board.style.current,
            board.charset.save(),
            _cluster(board),
        )

    def load(self, saved: Saved) -> None:
        """Be as the saved one was."""
        self._off, self._host, self._shown = [], Host(), None
        board = self._board = self._fresh(saved.columns, saved.rows)
        _restore(board.blitter.primary_page, saved.primary)
        _restore(board.blitter.alt_page, saved.alternate)
        for device, names, values in (
            (board.cursor, _CURSOR, saved.cursor),
            (board.blitter, _BLITTER, saved.blitter),
            (board.modes, _MODES, saved.modes),
        ):
            for name, value in zip(names, values, strict=True):
                setattr(device, name, value)
        board.cursor.saved = dict(saved.saved_cursors)
        board.cursor.tab_stops = set(saved.tab_stops)
        board.style.current = saved.style
        board.charset.restore(saved.charset)
        page = board.blitter.current_page = board.blitter.main_page
        if saved.cluster is not None:
            cluster = replace(saved.cluster, page=page, row=page.grid[saved.cluster.y])
            board.blitter._clusters._tail = cluster

    def present(self, event: object) -> None:
        """What the board tells its display: only what scrolls off is of interest."""
        if isinstance(event, RowsScrolledOff):
            self._off += [_row(line.cells, line.wrapped) for line in event.lines]

    def _fresh(self, columns: int, rows: int) -> Board:
        board = Board(width=columns, height=rows, model=MODEL)
        board.attach_display(self)
        board.host.connection = self._host
        # Without this a combining mark takes a column of its own.
        board.blitter.set_grapheme_clustering(True)
        return board

    @property
    def _page(self) -> Video:
        return self._board.blitter.main_page


def _cluster(board: Board) -> Any:
    clusters = board.blitter._clusters
    tail = clusters._tail
    return replace(tail) if tail is not None and clusters._tail_is_valid(tail) else None


def _page(page: Video) -> Page:
    blank = page._empty_cell
    grid = tuple(None if cells.count(blank) == page.width else tuple(cells) for cells in page.grid)
    return Page(grid, tuple(page.wrapped_lines))


def _restore(page: Video, saved: Page) -> None:
    page.grid = [[page._empty_cell] * page.width if cells is None else list(cells) for cells in saved.grid]
    page.wrapped_lines = list(saved.wrapped)


def _row(cells: Sequence[Cell], wrapped: bool) -> Row:
    # Every line of a flood comes through here, so the loops are the library's.
    styles = tuple(map(_STYLE, cells))
    same = list(map(is_, styles, styles[1:]))
    shown = [(0, style_of(styles[0]))]
    place = 0
    for _ in range(same.count(False)):
        # Another object, which may still be an equal style.
        place = same.index(False, place) + 1
        style = style_of(styles[place])
        if style is not shown[-1][1]:
            shown.append((place, style))
    return row(list(map(_GLYPH, cells)), shown, wrapped=wrapped)


@lru_cache(maxsize=1 << 13)
def style_of(style: BoardStyle) -> Style | None:
    """The style as the screen knows it; None for none. Blinking and hiding are not taken over."""
    shown = Style(
        color=_color(style.fg),
        bgcolor=_color(style.bg),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
        strike=style.strike or None,
    )
    return shown or None


def _color(color: BoardColor | None) -> Color | None:
    if color is None or color.mode == "default":
        return None
    if isinstance(color.value, tuple):
        red, green, blue = (min(max(int(part), 0), 255) for part in color.value)
        return Color.from_rgb(red, green, blue)
    value = color.value
    return Color.from_ansi(value) if isinstance(value, int) and 0 <= value <= 255 else None
