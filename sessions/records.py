"""Reading `events.jsonl`: streaming, tolerant of a torn tail, strict about everything else.

A record is whole when its line's end is there: a writer puts each down with one write, so what follows the
last line's end is a record a crash cut short. Any other line that is no event, or whose `seq` does not
follow, is damage nobody may build on.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import msgspec

from sessions import codec
from sessions.errors import (
    JournalCorrupt,
    JournalLocked,
    JournalNewer,
    JournalUnreadable,
    journal_error,
)
from sessions.events import FORMAT_VERSION, Event, ShellOutput, TestReported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_CHUNK = 1 << 20
_LONGEST_HEADER = 4096
_HEADER_START = b'{"v":'


class Header(msgspec.Struct, frozen=True):
    """First line of every journal."""

    v: int
    app: str = "cligym-tui"


class Recovery(msgspec.Struct, frozen=True):
    """What `recover` found."""

    seq: int
    """`seq` of the last whole record; 0 when there is none."""
    size: int
    """Bytes of the journal now; 0 when not even the header was whole."""
    torn: int = 0
    """Bytes cut off into the sidecar."""


class Scan:
    """One pass over a journal; `size` and `seq` tell how far the whole records went."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.size = 0
        self.seq = 0
        self._file = file
        self._path = path

    def __iter__(self) -> Iterator[Event]:
        """Yield the whole records in order; what is left behind `size` at the end is the torn tail.

        Raises:
            JournalCorrupt: at the first record that is none.
            JournalNewer: when a later version wrote the file.
        """
        self.size = read_header(self._file, self._path)
        if not self.size:
            return
        for line in self._file:
            if not line.endswith(b"\n"):
                return
            try:
                event = codec.decode(line)
            except ValueError as error:
                raise self._corrupt(str(error)) from None
            if event.seq != self.seq + 1:
                raise self._corrupt(f"record {event.seq} follows record {self.seq}")
            self.seq = event.seq
            self.size += len(line)
            yield event

    def _corrupt(self, reason: str) -> JournalCorrupt:
        return JournalCorrupt(self._path, self.size, reason)


def read_header(file: BinaryIO, path: Path) -> int:
    """Check the first line and return its length; 0 when it is torn.

    Raises:
        JournalCorrupt: when it is no journal's.
        JournalNewer: when a later version wrote the file.
    """
    line = file.readline(_LONGEST_HEADER)
    if not line.endswith(b"\n") and len(line) < _LONGEST_HEADER:
        if line.startswith(_HEADER_START) or _HEADER_START.startswith(line):
            return 0
        raise JournalCorrupt(path, 0, "no journal begins like this")
    try:
        header = msgspec.json.decode(line, type=Header)
    except ValueError as error:
        raise JournalCorrupt(path, 0, f"not a journal's header: {error}") from None
    if header.v > FORMAT_VERSION:
        raise JournalNewer(path, header.v, FORMAT_VERSION)
    if header.v < 1:
        raise JournalCorrupt(path, 0, f"no format has version {header.v}")
    return len(line)


def read(path: Path) -> Iterator[Event]:
    """Stream a journal's events, also while another process writes it; a torn tail is left out.

    Raises:
        JournalUnreadable: when the file is absent or refused.
        JournalCorrupt, JournalNewer: as `Scan`.
    """
    try:
        with path.open("rb", buffering=_CHUNK) as file:
            yield from Scan(file, path)
    except OSError as error:
        raise JournalUnreadable(path, error.strerror or str(error)) from error


def outline(path: Path) -> Iterator[Event]:
    """What `read` has, but for the bulk: what shells printed, and how each test went."""
    return (event for event in read(path) if not isinstance(event, ShellOutput | TestReported))


def recover(path: Path) -> Recovery:
    """Make a journal whole again after a crash: check all of it and move a torn tail to `events.jsonl.torn`.

    The sidecar gets the torn bytes and a line's end, so several tears stay apart; no byte is lost.

    Raises:
        JournalLocked: when a living process writes it.
        JournalUnreadable, JournalCorrupt, JournalNewer, JournalFull, JournalUnwritable: nothing was changed.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise JournalUnreadable(path, error.strerror or str(error)) from error
    try:
        claim(descriptor, path)
        return recover_open(descriptor, path)
    finally:
        os.close(descriptor)


def claim(descriptor: int, path: Path) -> None:
    """Make this descriptor the journal's only writer until it is closed.

    Raises:
        JournalLocked: when there is another.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalLocked(path, None) from None
    except OSError as error:
        raise journal_error(path, error) from error


def recover_open(descriptor: int, path: Path) -> Recovery:
    """`recover` on a descriptor that is already claimed."""
    with open(descriptor, "rb", buffering=_CHUNK, closefd=False) as file:
        scan = Scan(file, path)
        for _ in scan:
            pass
    torn = os.fstat(descriptor).st_size - scan.size
    if torn:
        try:
            _set_aside(os.pread(descriptor, torn, scan.size), path)
            os.ftruncate(descriptor, scan.size)
            os.fsync(descriptor)
        except OSError as error:
            raise journal_error(path, error) from error
    return Recovery(seq=scan.seq, size=scan.size, torn=torn)


def _set_aside(tail: bytes, path: Path) -> None:
    # In the sidecar and on the disk before the journal is cut: a crash between the two keeps both copies.
    with path.with_name(path.name + ".torn").open("ab") as sidecar:
        sidecar.write(tail + b"\n")
        sidecar.flush()
        os.fsync(sidecar.fileno())
