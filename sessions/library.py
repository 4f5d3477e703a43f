"""Where sessions live and how they are named, found, listed and held.

Each is a directory `$XDG_STATE_HOME/cligym/sessions/<id>/` with `events.jsonl`, `blobs/` and `lock`;
`CLIGYM_STATE` takes the place of `$XDG_STATE_HOME/cligym`. Ids sort by time: `20261120-104930-k3vm` is the
date and time (UTC) the session began and four random characters.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from pathlib import Path
from typing import Self

import platformdirs

from sessions.blobs import Blobs
from sessions.errors import (
    NameUnsafe,
    SessionAmbiguous,
    SessionUnknown,
    StorageUnwritable,
    storage_error,
)
from sessions.journal import Journal
from sessions.lock import SessionLock, alive
from sessions.summary import JOURNAL_NAME, Summary, summarize

STATE_VARIABLE = "CLIGYM_STATE"
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}", re.ASCII)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without the ones that are easily mistaken for another."""
_TRIES = 100


def state_dir() -> Path:
    """The directory all our state is under; it may not exist yet."""
    chosen = os.environ.get(STATE_VARIABLE)
    return (
        Path(os.path.expanduser(chosen)).absolute() if chosen else Path(platformdirs.user_state_dir("cligym"))
    )


def new_id() -> str:
    """A fresh id for a session beginning now."""
    began = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    return f"{began}-{''.join(secrets.choice(_LETTERS) for _ in range(4))}"


class Session:
    """One session held for writing: its lock, journal and blobs, until `close`."""

    def __init__(self, directory: Path) -> None:
        self.id = directory.name
        self.directory = directory
        self._lock = SessionLock(directory)
        try:
            self.journal = Journal(directory / JOURNAL_NAME)
        except BaseException:
            self._lock.release()
            raise
        self.blobs = Blobs(directory / "blobs")

    def close(self) -> None:
        """Sync the journal and let go of the session. A second call does nothing."""
        try:
            self.journal.close()
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Library:
    """All sessions under one directory, by default this user's."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root if root is not None else state_dir() / "sessions"

    def create(self) -> Session:
        """Begin a session: a new directory with an empty journal, held by this process.

        Raises:
            StorageFull, StorageUnwritable: there is no place for it.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for _ in range(_TRIES):
                directory = self.root / new_id()
                try:
                    directory.mkdir(mode=0o700)
                except FileExistsError:
                    continue
                return Session(directory)
        except OSError as error:
            raise storage_error(self.root, error) from error
        raise StorageUnwritable(self.root, "every id that was tried is taken")

    def open(self, text: str) -> Session:
        """Take a session up again, for appending.

        Raises:
            JournalLocked: it is live.
            JournalCorrupt, JournalNewer: it cannot be continued.
            NameUnsafe, SessionUnknown, SessionAmbiguous: as `find`.
        """
        return Session(self.find(text))

    def find(self, text: str) -> Path:
        """The directory of the session with this id, or the only one whose id begins with it.

        Raises:
            NameUnsafe: such an id cannot be.
            SessionUnknown, SessionAmbiguous: none, or several.
        """
        if not _NAME.fullmatch(text):
            raise NameUnsafe(text)
        names = self._names()
        found = [text] if text in names else [name for name in names if name.startswith(text)]
        if not found:
            raise SessionUnknown(text)
        if len(found) > 1:
            raise SessionAmbiguous(text, found)
        return self.root / found[0]

    def journal_path(self, text: str) -> Path:
        """The journal of a session, for `sessions.journal.read`; raises as `find`."""
        return self.find(text) / JOURNAL_NAME

    def alive(self, session: str) -> bool:
        """Whether a living process holds the session with exactly this id; False when there is none."""
        return bool(_NAME.fullmatch(session)) and alive(self.root / session)

    def summary(self, text: str) -> Summary:
        """One session's line in the list; raises as `find`."""
        return summarize(self.find(text))

    def list(self) -> tuple[Summary, ...]:
        """Every session that has a journal and is not hidden from this user, newest first."""
        return tuple(summarize(self.root / name) for name in reversed(self._names()))

    def _names(self) -> tuple[str, ...]:
        try:
            with os.scandir(self.root) as entries:
                names = [entry.name for entry in entries if _NAME.fullmatch(entry.name)]
        except OSError:
            return ()
        # Not `Path.exists`: it raises where another user's directory may not be entered, and one such
        # directory would hide all the others.
        return tuple(sorted(name for name in names if os.path.exists(self.root / name / JOURNAL_NAME)))
