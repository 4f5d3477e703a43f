"""The terminal's bytes on their way into the journal: gathered into few records, floods cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.sandbox.sandbox import Tail

GATHER = 1 / 60
"""Seconds of output put into one record: nobody sees a faster one."""
CHUNK = 16 << 10
"""Bytes at which a record is written at once."""
KEPT = 1 << 20
"""Bytes of the output of one command, or one key, that are kept from its start; of what follows, the end."""
KEPT_END = 64 << 10


@dataclass
class Transcript:
    """Passes what a terminal prints on to `write`, in order, at most `KEPT + KEPT_END` bytes up to an end."""

    write: Callable[[bytes], None]
    _buffer: bytearray = field(default_factory=bytearray)
    _kept: int = 0
    _end: Tail | None = None
    _timer: asyncio.TimerHandle | None = None

    def add(self, data: bytes) -> None:
        """Take in the next bytes; never blocks."""
        room = max(0, KEPT - self._kept)
        now, later = data[:room], data[room:]
        if now:
            self._kept += len(now)
            self._buffer += now
            if len(self._buffer) >= CHUNK:
                self.flush()
            elif self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(GATHER, self.flush)
        if later:
            self._end = self._end or Tail(KEPT_END)
            self._end.add(later)

    def flush(self) -> None:
        """Write what was gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            self.write(data)

    def end(self) -> int:
        """The command is over, or a key was typed: write the end of a flood; how many bytes were dropped."""
        self.flush()
        dropped = 0
        if self._end is not None:
            kept = self._end.bytes()
            dropped = self._end.total - len(kept)
            self.write(kept)
        self._kept, self._end = 0, None
        return dropped
