"""Recorded events by their position: from a journal on disk, or from memory.

A day's journal does not fit into memory, and most of it is output nobody asks for twice. Of a file only the
offsets of its records are kept, eight bytes each.
"""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, Protocol

from sessions import codec
from sessions.errors import JournalUnreadable
from sessions.records import Scan, read_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sessions.events import Event

_CHUNK = 1 << 20


class Source(Protocol):
    """Events that can be read once in order, and after that again from anywhere."""

    def scan(self) -> Iterator[Event]:
        """All events in order; called once, before anything else."""

    def slice(self, start: int, stop: int) -> Iterator[Event]:
        """The events from position `start` up to `stop`, both within what `scan` gave."""

    def close(self) -> None:
        """Let go of files. A second call does nothing."""


class Events:
    """A source in memory."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events: Sequence[Event] = tuple(events)

    def scan(self) -> Iterator[Event]:
        """All events in order."""
        return iter(self._events)

    def slice(self, start: int, stop: int) -> Iterator[Event]:
        """The events from position `start` up to `stop`."""
        return iter(self._events[start:stop])

    def close(self) -> None:
        """Nothing to do."""


class JournalFile:
    """A source on disk, which may still be growing: what was written after `scan` is not seen.

    Raises:
        JournalUnreadable: the file is absent or refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offsets = array("Q")
        """Where each record begins, and at the end where the last one ends."""
        try:
            self._file = path.open("rb", buffering=_CHUNK)
        except OSError as error:
            raise JournalUnreadable(path, error.strerror or str(error)) from error

    def scan(self) -> Iterator[Event]:
        """All whole records in order; a torn tail is left out.

        Raises:
            JournalCorrupt, JournalNewer: as `sessions.records.Scan`.
            JournalUnreadable: the system could not read on.
        """
        try:
            end = read_header(self._file, self.path)
            self._file.seek(0)
            records = Scan(self._file, self.path)
            for event in records:
                self._offsets.append(end)
                end = records.size
                yield event
        except OSError as error:
            raise JournalUnreadable(self.path, error.strerror or str(error)) from error
        self._offsets.append(end)

    def slice(self, start: int, stop: int) -> Iterator[Event]:
        """The events from position `start` up to `stop`, read anew.

        Raises:
            JournalUnreadable: the file is no longer what was scanned.
        """
        while start < stop:
            # At least one record at a time, else as many as fit: output is not to pile up here.
            some = start + 1
            while some < stop and self._offsets[some + 1] - self._offsets[start] <= _CHUNK:
                some += 1
            yield from self._read(start, some)
            start = some

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _read(self, start: int, stop: int) -> Iterator[Event]:
        begin, end = self._offsets[start], self._offsets[stop]
        try:
            data = os.pread(self._file.fileno(), end - begin, begin)
            events = [codec.decode(line) for line in data.split(b"\n")[:-1]]
        except (OSError, ValueError) as error:
            raise JournalUnreadable(self.path, "it changed while it was being replayed") from error
        if len(events) != stop - start:
            raise JournalUnreadable(self.path, "it changed while it was being replayed")
        return iter(events)
