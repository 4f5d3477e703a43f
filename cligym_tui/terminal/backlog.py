"""What waits to be drawn, in pieces small enough to look at the clock between them."""

from __future__ import annotations

import re
from collections import deque
from typing import Final, NamedTuple

LARGEST: Final = 4096
"""Bytes of a piece at most."""
_PIECE = re.compile(rb"(?:[^\n\x0b\x0c\x1b\x9b]*+[\n\x0b\x0c\x1b\x9b]?){1,16}")
"""So few lines and sequences that even the dearest of them are drawn in milliseconds."""
MOST: Final = 8 << 20
"""Bytes that may wait. When there are more, the oldest are not drawn; the journal has them."""


class Resize(NamedTuple):
    """Columns and rows the terminal has from here on."""

    columns: int
    rows: int


class Backlog:
    """First in, first out; true while anything waits."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._pieces: deque[bytes | Resize] = deque()
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, data: bytes) -> None:
        """Put bytes at the end."""
        for start in range(0, len(data), LARGEST):
            self._pieces.extend(filter(None, _PIECE.findall(data[start : start + LARGEST])))
        self._size += len(data)
        if self._size > self._most:
            self._skip()

    def resize(self, columns: int, rows: int) -> None:
        """From here on the terminal has another size."""
        self._pieces.append(Resize(columns, rows))

    def next(self) -> bytes | Resize:
        """Take the next piece."""
        piece = self._pieces.popleft()
        if isinstance(piece, bytes):
            self._size -= len(piece)
        return piece

    def _skip(self) -> None:
        skipped = 0
        size = None
        while self._size > self._most // 2:
            piece = self.next()
            if isinstance(piece, bytes):
                skipped += len(piece)
            else:
                size = piece
        # What was cut off may have been inside a sequence, and in some colour.
        note = b"\x18\x1b[!p\r\n[%d bytes not shown]\r\n" % skipped
        self._pieces.appendleft(note)
        self._size += len(note)
        if size:
            self._pieces.appendleft(size)
