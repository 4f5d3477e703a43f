"""Rows that scrolled off the top, as many as fit into so many bytes.

They are kept in blocks that never change once they are full, so a moment of it is a list of references, and a
hundred saved moments of one terminal hold each row once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from cligym_tui.terminal.rows import Row

BLOCK: Final = 512
"""Rows that go together."""
KEPT: Final = 48 << 20
"""Bytes of rows kept unless another number is asked for: some 200,000 lines of a log."""


class Block(NamedTuple):
    """Rows that stay together to the end."""

    rows: tuple[Row, ...]
    size: int


class Moment(NamedTuple):
    """What `History.save` gives."""

    blocks: tuple[Block, ...]
    last: tuple[Row, ...]
    dropped: int


class History:
    """Rows by number, counted from the first one ever; the oldest are dropped when there are too many."""

    def __init__(self, kept: int = KEPT) -> None:
        self.dropped = 0
        """Rows that are gone; the number of the first one that is there."""
        self._kept = kept
        self._blocks: deque[Block] = deque()
        self._last: list[Row] = []
        self._size = 0

    def __len__(self) -> int:
        """Rows that are there."""
        return len(self._blocks) * BLOCK + len(self._last)

    @property
    def end(self) -> int:
        """Number of the row that will be added next."""
        return self.dropped + len(self)

    def add(self, rows: list[Row]) -> None:
        """More rows scrolled off, oldest first."""
        self._last += rows
        while len(self._last) >= BLOCK:
            block = tuple(self._last[:BLOCK])
            del self._last[:BLOCK]
            self._blocks.append(Block(block, sum(row.size for row in block)))
            self._size += self._blocks[-1].size
        while self._size > self._kept:
            self._size -= self._blocks.popleft().size
            self.dropped += BLOCK

    def __getitem__(self, number: int) -> Row:
        """The row of a number.

        Raises:
            IndexError: it was dropped, or is not there yet.
        """
        place = number - self.dropped
        if not 0 <= place < len(self):
            raise IndexError(number)
        block, offset = divmod(place, BLOCK)
        return self._blocks[block].rows[offset] if block < len(self._blocks) else self._last[offset]

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """The rows from one number up to another, as far as they are there."""
        for number in range(max(start, self.dropped), min(stop, self.end)):
            yield self[number]

    def save(self) -> Moment:
        """All of it at this moment."""
        return Moment(tuple(self._blocks), tuple(self._last), self.dropped)

    def load(self, moment: Moment) -> None:
        """Be as it was then."""
        self._blocks, self._last, self.dropped = deque(moment.blocks), list(moment.last), moment.dropped
        self._size = sum(block.size for block in self._blocks)
