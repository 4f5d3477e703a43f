"""Bytes that wait to be drawn, in pieces small enough to look at the clock between them."""

from __future__ import annotations

import re
from collections import deque
from typing import Final

LARGEST: Final = 4096
"""Bytes of a piece at most."""
_PIECE = re.compile(rb"(?:[^\n\x0b\x0c\x1b\x9b]*+[\n\x0b\x0c\x1b\x9b]?){1,16}")
"""So few lines and sequences that even the dearest of them are drawn in milliseconds."""
MOST: Final = 8 << 20
"""Bytes that may wait. When there are more, the oldest are not drawn; the journal has them."""


class Backlog:
    """First in, first out; true while anything waits."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._pieces: deque[bytes] = deque()
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

    def next(self) -> bytes:
        """Take the next piece."""
        data = self._pieces.popleft()
        self._size -= len(data)
        return data

    def clear(self) -> None:
        """Forget what waits."""
        self._pieces.clear()
        self._size = 0

    def _skip(self) -> None:
        skipped = 0
        while self._size > self._most // 2:
            skipped += len(self.next())
        # What was cut off may have been inside a sequence, and in some colour.
        note = b"\x18\x1b[!p\r\n[%d bytes not shown]\r\n" % skipped
        self._pieces.appendleft(note)
        self._size += len(note)
