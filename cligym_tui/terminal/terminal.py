"""One terminal: bytes go in, rows are there to be read, the scrolled-off ones included. Nothing of a screen.

It never raises on what it is fed: when the emulator does, what it showed is kept, the rest comes as lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cligym_tui.terminal.backlog import Backlog
from cligym_tui.terminal.emulator import emulator
from cligym_tui.terminal.history import KEPT, History, Moment
from cligym_tui.terminal.lines import LineEmulator
from cligym_tui.terminal.rows import BLANK, Row
from sessions.events import COLUMNS, ROWS
from sessions.harmless import Harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cligym_tui.terminal.emulator import Emulator

LARGEST: Final = 1000
"""Most columns or rows."""


class Snapshot(NamedTuple):
    """A terminal at one moment."""

    kind: type[Emulator]
    emulator: Any
    history: Moment
    stream: Any


class Terminal:
    """Rows are numbered from the first one the terminal ever showed; a number stays with its row."""

    def __init__(self, columns: int = COLUMNS, rows: int = ROWS, *, kept: int = KEPT) -> None:
        self.history = History(kept)
        self.waiting = Backlog()
        """What was printed and is not drawn yet, for who draws it a little at a time."""
        self._kept = kept
        self._emulator = emulator(columns, rows)
        self._stream = Harmless(asking=True)
        self._screen: list[Row] = []
        self._changed: set[int] = set()
        """Rows of the screen, by number."""
        self._told = 0
        """Number of the screen's first row when `changed` was asked last."""
        self._used = 1
        self._cursor = (0, 0)
        self._stale = True

    @property
    def columns(self) -> int:
        """Cells across."""
        return self._emulator.columns

    @property
    def rows(self) -> int:
        """Cells down."""
        return self._emulator.rows

    @property
    def plain(self) -> bool:
        """Whether only lines are shown, for want of the real emulator or because it failed."""
        return isinstance(self._emulator, LineEmulator)

    @property
    def first(self) -> int:
        """Number of the first row that is there."""
        return self.history.dropped

    @property
    def top(self) -> int:
        """Number of the screen's first row."""
        return self.history.end

    @property
    def end(self) -> int:
        """Number after the last row in use."""
        self._look()
        return self.top + self._used

    @property
    def cursor(self) -> tuple[int, int]:
        """Column, and number of the row."""
        self._look()
        x, y = self._cursor
        return x, self.top + y

    @property
    def cursor_visible(self) -> bool:
        """Whether programs want the cursor to be seen."""
        return self._emulator.cursor_visible

    @property
    def application_cursor(self) -> bool:
        """Whether cursor keys are sent in their application form."""
        return self._emulator.application_cursor

    @property
    def bracketed_paste(self) -> bool:
        """Whether pasted text is put in brackets."""
        return self._emulator.bracketed_paste

    def feed(self, data: bytes) -> None:
        """Take in what was printed."""
        text = self._stream.feed(data)
        if not text:
            return
        try:
            self._emulator.feed(text)
            self._gather()
        except Exception:
            self._fall_back(text)

    def draw_some(self) -> None:
        """Draw a piece of what waits; a few milliseconds' work."""
        piece = self.waiting.next()
        if isinstance(piece, bytes):
            self.feed(piece)
        else:
            self.resize(*piece)

    def resize(self, columns: int, rows: int) -> None:
        """Take another size, as the program in it was told."""
        columns, rows = min(max(2, columns), LARGEST), min(max(1, rows), LARGEST)
        if (columns, rows) == (self.columns, self.rows):
            return
        try:
            self._emulator.resize(columns, rows)
            self._gather()
        except Exception:
            self._fall_back("")
            self._emulator.resize(columns, rows)
            self._gather()

    def clear(self) -> None:
        """Be as new, in the same size."""
        self.waiting = Backlog()
        self.history = History(self._kept)
        self._told = 0
        self._emulator = emulator(self.columns, self.rows)
        self._stream = Harmless(asking=True)
        self._gather()

    def row(self, number: int) -> Row:
        """A row by its number; a blank one where there is none."""
        self._look()
        place = number - self.top
        if 0 <= place < len(self._screen):
            return self._screen[place]
        try:
            return self.history[number]
        except IndexError:
            return BLANK

    def lines(self, start: int, stop: int) -> Iterator[Row]:
        """The rows from one number up to another."""
        return (self.row(number) for number in range(max(start, self.first), min(stop, self.end)))

    def replies(self) -> bytes:
        """What the terminal answers to questions of programs, since this was asked last."""
        return self._emulator.replies()

    def save(self) -> Snapshot:
        """All that is drawn at this moment; cheap, and sharing its history with other moments."""
        return Snapshot(type(self._emulator), self._emulator.save(), self.history.save(), self._stream.save())

    def load(self, snapshot: Snapshot) -> None:
        """Be as the terminal was then."""
        self.waiting = Backlog()
        if type(self._emulator) is not snapshot.kind:
            self._emulator = snapshot.kind(2, 1)
        self._emulator.load(snapshot.emulator)
        self.history.load(snapshot.history)
        self._stream.load(snapshot.stream)
        self._told = 0
        self._gather()

    def changed(self, start: int, stop: int) -> set[int]:
        """Which of the rows from one number up to another may have changed since this was asked last."""
        self._look()
        changed = {number for number in range(start, stop) if number in self._changed}
        changed.update(range(max(start, self._told), min(stop, self.top)))
        self._changed.clear()
        self._told = self.top
        return changed

    def _gather(self) -> None:
        """Keep what scrolled off. The screen itself is read when somebody looks: most of it never is."""
        self._stale = True
        self.history.add(self._emulator.scrolled())

    def _look(self) -> None:
        if not self._stale:
            return
        try:
            self._read()
        except Exception:
            self._fall_back("")
            self._read()

    def _read(self) -> None:
        emulator = self._emulator
        changed = {y: emulator.row(y) for y in emulator.dirty()}
        if len(self._screen) != emulator.rows:
            self._screen = [BLANK] * emulator.rows
        for y, row in changed.items():
            self._screen[y] = row
        # Of rows that scrolled off meanwhile nobody knows: see `changed`.
        self._changed = {self.top + y for y in changed} | {each for each in self._changed if each >= self.top}
        self._cursor = emulator.cursor
        self._used = len(self._screen)
        if not emulator.alternate:
            while self._used > self._cursor[1] + 1 and self._screen[self._used - 1] == BLANK:
                self._used -= 1
        self._stale = False

    def _fall_back(self, text: str) -> None:
        # What the screen showed is worth more than its exact place.
        columns, rows = self.columns, self.rows
        self.history.add([row for row in self._screen if row.text])
        self._emulator = LineEmulator(columns, rows)
        self._emulator.feed(text)
        self._gather()
