"""Finding text in a terminal: where it is, and which match one is at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cligym_tui.terminal.rows import Row
    from cligym_tui.terminal.terminal import Terminal


class Search:
    """One search; letters match in either case unless the sought text has capitals."""

    def __init__(self, terminal: Terminal, sought: str) -> None:
        self.sought = sought
        self.current: int | None = None
        """Number of the row one is at."""
        self._terminal = terminal
        self._exact = sought != sought.lower()

    def spans(self, row: Row) -> Iterator[tuple[int, int]]:
        """Where in a row it is, as character positions."""
        text = row.text if self._exact else _lower(row.text)
        at = text.find(self.sought)
        while self.sought and at >= 0:
            yield at, at + len(self.sought)
            at = text.find(self.sought, at + len(self.sought))

    def rows(self) -> list[int]:
        """Numbers of the rows that have it, in order."""
        terminal = self._terminal
        if not self.sought:
            return []
        if self._exact:
            return [
                number
                for number, row in enumerate(terminal.lines(terminal.first, terminal.end), terminal.first)
                if self.sought in row.text
            ]
        return [
            number
            for number, row in enumerate(terminal.lines(terminal.first, terminal.end), terminal.first)
            if self.sought in _lower(row.text)
        ]

    def move(self, start: int, direction: int) -> int | None:
        """Go to the nearest row that has it, from `start` on downwards (1) or upwards (-1), then around."""
        found = self.rows()
        if not found:
            self.current = None
        elif direction > 0:
            self.current = next((number for number in found if number >= start), found[0])
        else:
            self.current = next((number for number in reversed(found) if number <= start), found[-1])
        return self.current

    def again(self, direction: int) -> int | None:
        """Go on to the next row that has it."""
        if self.current is None:
            return self.move(self._terminal.end, -1)
        return self.move(self.current + direction, direction)

    def place(self) -> tuple[int, int]:
        """Which of the rows that have it one is at, from 1, and how many there are."""
        found = self.rows()
        return (found.index(self.current) + 1 if self.current in found else 0), len(found)


def _lower(text: str) -> str:
    # A few letters become two in lower case, and then positions would no longer fit.
    lower = text.lower()
    return lower if len(lower) == len(text) else text
