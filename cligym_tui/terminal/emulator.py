"""What a terminal emulator is to us: text goes in, rows come out. Two of them: a real one, and lines only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cligym_tui.terminal.rows import Row


class Emulator(Protocol):
    """A grid of cells that text draws on. The text has been through `sessions.harmless`."""

    def __init__(self, columns: int, rows: int) -> None: ...

    @property
    def columns(self) -> int:
        """Cells across."""

    @property
    def rows(self) -> int:
        """Cells down."""

    def feed(self, text: str) -> None:
        """Draw. May raise anything: emulating is other people's code and the text is hostile."""

    def resize(self, columns: int, rows: int) -> None:
        """Take another size; rows that no longer fit scroll off the top."""

    def row(self, y: int) -> Row:
        """One row of the screen, from 0."""

    def dirty(self) -> Iterable[int]:
        """Rows that may have changed since this was asked last."""

    def scrolled(self) -> list[Row]:
        """Rows that scrolled off the top since this was asked last, oldest first."""

    def replies(self) -> bytes:
        """Answers to what programs asked the terminal, since this was asked last."""

    @property
    def alternate(self) -> bool:
        """Whether a program has the whole screen, to the last row."""

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor, from 0."""

    @property
    def cursor_visible(self) -> bool:
        """Whether programs want it to be seen."""

    @property
    def application_cursor(self) -> bool:
        """Whether cursor keys are sent in their application form."""

    @property
    def bracketed_paste(self) -> bool:
        """Whether pasted text is put in brackets."""

    def save(self) -> Any:
        """All of it at this moment, for `load` of another emulator of the same kind."""

    def load(self, saved: Any) -> None:
        """Be as the saved one was."""


def emulator(columns: int, rows: int) -> Emulator:
    """The best emulator there is: the real one, or lines only where it is not installed."""
    try:
        from cligym_tui.terminal.board import BoardEmulator
    except ImportError:
        from cligym_tui.terminal.lines import LineEmulator

        return LineEmulator(columns, rows)
    return BoardEmulator(columns, rows)
