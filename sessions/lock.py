"""One writer per session: a `lock` file that a process holds and that says which process.

The kernel's lock (flock) goes away with its holder however that dies; the token in the file tells who it
was, also where the process id is reused. The file itself is never removed: two processes could then hold two
files of that name.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING, Self

from sessions.errors import JournalLocked, storage_error
from sessions.owner import owner_alive, owner_pid, owner_token

if TYPE_CHECKING:
    from pathlib import Path

LOCK_NAME = "lock"
_TRIES = 10
_PAUSE = 0.01


class SessionLock:
    """Held from construction to `release`.

    Raises:
        JournalLocked: a living process, perhaps this one, holds it.
        StorageUnwritable: the directory takes no lock file.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / LOCK_NAME
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise storage_error(self.path, error) from error
        self._held = True
        try:
            self._take()
            self._write(owner_token())
        except BaseException:
            os.close(self._descriptor)
            raise

    def release(self) -> None:
        """Let the next one in. A second call does nothing."""
        if self._held:
            self._held = False
            try:
                self._write("")
            finally:
                os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _take(self) -> None:
        # `alive` takes the lock for an instant to see whether it is free, hence the tries.
        for _ in range(_TRIES):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_PAUSE)
            except OSError as error:
                raise storage_error(self.path, error) from error
            else:
                return
        raise JournalLocked(self.path.parent, lock_owner(self.path.parent))

    def _write(self, token: str) -> None:
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, token.encode(), 0)
        except OSError as error:
            raise storage_error(self.path, error) from error


def lock_owner(directory: Path) -> int | None:
    """Process id the lock file names; None when it names none."""
    return owner_pid(_token(directory))


def alive(directory: Path) -> bool:
    """Whether a living process holds the session. In doubt it does: the answer decides what is removed."""
    if owner_alive(_token(directory)):
        return True
    # The kernel is asked as well: a holder in another process namespace (a container that shares this
    # directory) has no id we could look up.
    try:
        descriptor = os.open(directory / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _token(directory: Path) -> str:
    try:
        return (directory / LOCK_NAME).read_bytes()[:64].decode("ascii", "replace")
    except OSError:
        return ""
