"""Where an order of repairs stands: its sessions, so that the same order given again goes on with them.

An order that came to its end leaves nothing here; given again, it is another one.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from engine.errors import UsageError
from sessions import events
from sessions.errors import JournalLocked, SessionUnknown, storage_error
from sessions.journal import outline
from sessions.library import Library, Session, state_dir
from sessions.lock import SessionLock

MARK = "sessions.json"
"""File that says which session works on which task, in a directory for each order under `<state>/repairs`."""


@dataclass
class Standing:
    """The sessions of one order."""

    place: Path
    sessions: dict[str, str] = field(default_factory=dict)
    """By the task's directory."""

    def session(self, task: Path) -> tuple[Session, list[events.Event]]:
        """The session for a task with what happened in it: an earlier run's, else a new one.

        Raises:
            JournalLocked, JournalCorrupt, JournalNewer: the earlier one cannot be continued.
            StorageFull, StorageUnwritable: there is no place for a new one.
        """
        known = self.sessions.get(str(task))
        if known is not None:
            with contextlib.suppress(SessionUnknown):
                session = Library().open(known)
                return session, list(outline(session.journal.path))
        session = Library().create()
        self.sessions[str(task)] = session.id
        fresh = self.place / f"{MARK}.new"
        with _stored(fresh):
            fresh.write_bytes(msgspec.json.encode(self.sessions))
            fresh.replace(self.place / MARK)
        return session, []

    def before(self) -> Iterator[events.Event]:
        """All that happened in its sessions up to now."""
        for known in self.sessions.values():
            with contextlib.suppress(SessionUnknown):
                yield from outline(Library().journal_path(known))

    def done(self) -> None:
        """The order has come to its end."""
        with _stored(self.place):
            (self.place / MARK).unlink(missing_ok=True)


def root() -> Path:
    """The directory that has one for each order."""
    return state_dir() / "repairs"


@contextlib.contextmanager
def standing(what: Iterable[str]) -> Iterator[Standing]:
    """Where the order that is told by `what` stands; nobody else works on it meanwhile.

    Raises:
        UsageError: another process does.
        StorageUnwritable: there is no place to remember it.
    """
    place = root() / hashlib.sha256("\0".join(what).encode()).hexdigest()[:16]
    with _stored(place):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        lock = SessionLock(place)
    except JournalLocked as locked:
        who = f"process {locked.pid}" if locked.pid else "another process"
        raise UsageError(f"{who} is at work on the same repairs", "wait until it has ended") from locked
    with lock:
        found = Standing(place)
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            found.sessions = msgspec.json.decode((place / MARK).read_bytes(), type=dict[str, str])
        yield found


@contextlib.contextmanager
def _stored(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error
