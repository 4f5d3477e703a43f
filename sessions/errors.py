"""What can go wrong with the files of a session, as types: each is one line for the user, with what to do."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SessionsError(Exception):
    """Anything the user can be told in one line. `str(error)` is that line, `hint` what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class StorageError(SessionsError):
    """The state directory does not take what is written to it."""


class StorageFull(StorageError):
    """No room is left (disk, quota or file size limit)."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"no room left to write {path}", "free some space, then run the same command again")
        self.path = path


class StorageUnwritable(StorageError):
    """A file or directory cannot be written, for another reason than room."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"cannot write {path}: {reason}",
            "make it writable, or set CLIGYM_STATE to a directory that is",
        )
        self.path = path


class JournalError(SessionsError):
    """Something about one session's `events.jsonl`."""


class JournalFull(StorageFull, JournalError):
    """A record found no room. It is not in the journal; the records before it are."""


class JournalUnwritable(StorageUnwritable, JournalError):
    """The journal cannot be opened for writing, or a write to it failed."""


class JournalUnreadable(JournalError):
    """The journal is absent or the system does not let us read it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot read {path}: {reason}")
        self.path = path


class JournalCorrupt(JournalError):
    """A record that is not at the torn end of the file makes no sense."""

    def __init__(self, path: Path, offset: int, reason: str) -> None:
        super().__init__(
            f"{path} is damaged at byte {offset}: {reason}",
            "restore the file from a backup, or start a new session; nothing in it was changed",
        )
        self.path = path
        self.offset = offset
        """Byte at which the first bad record begins."""
        self.reason = reason


class JournalNewer(JournalError):
    """A later version of the program wrote the journal in a format this one could misread."""

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(
            f"{path} has format version {version}; this program reads up to {known}",
            "upgrade cligym-tui",
        )
        self.path = path
        self.version = version


class JournalLocked(JournalError):
    """Another process, or another part of this one, is writing the session."""

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"{path} is in use by {who}", "end that one first, or start a new session")
        self.path = path
        self.pid = pid
        """Process id of the owner; None when it could not be told."""


class JournalClosed(JournalError):
    """An event came after the journal was closed."""


class EventInvalid(JournalError):
    """An event that could not be read back (a field of another type, a number that is not finite)."""


class BlobMissing(SessionsError):
    """No blob has this digest, or it is no digest at all."""


class BlobCorrupt(SessionsError):
    """A blob's bytes are not what its name says."""


class NameUnsafe(SessionsError):
    """A session's name that could not be a file name of ours."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:80]!r} cannot be a session's name",
            "letters, digits, '.', '_' and '-', at most 100, beginning with a letter or digit",
        )


class SessionUnknown(SessionsError):
    """No session has this id or begins with it."""

    def __init__(self, text: str) -> None:
        super().__init__(f"no session {text!r}")


class SessionAmbiguous(SessionsError):
    """Several sessions begin with this."""

    def __init__(self, text: str, found: list[str]) -> None:
        some = ", ".join(found[:4]) + (", ..." if len(found) > 4 else "")
        super().__init__(f"{text!r} could be any of {len(found)} sessions: {some}", "give more of the id")
        self.found = found


def storage_error(path: Path, error: OSError) -> StorageFull | StorageUnwritable:
    """The typed form of a failed write to any file but the journal."""
    if error.errno in _FULL:
        return StorageFull(path)
    return StorageUnwritable(path, error.strerror or str(error))


def journal_error(path: Path, error: OSError) -> JournalFull | JournalUnwritable:
    """The typed form of a failed write to the journal."""
    if error.errno in _FULL:
        return JournalFull(path)
    return JournalUnwritable(path, error.strerror or str(error))
