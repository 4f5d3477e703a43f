"""Who owns a session or a container: a process, by its id and the moment it started.

An id alone would be believed again when the system gives it to another process. A token is
`pid-starttime`, the start in clock ticks since boot (`/proc/PID/stat`, field 22): short and plain enough for
a container label.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_TOKEN = re.compile(r"([1-9][0-9]{0,9})-([0-9]{1,20})", re.ASCII)
_DEAD = frozenset("ZXx")
_PROC = Path("/proc")


def owner_token() -> str:
    """The token of this process."""
    return f"{os.getpid()}-{_started(os.getpid()) or 0}"


def owner_pid(token: str) -> int | None:
    """The process id in a token; None when it is no token."""
    match = _TOKEN.fullmatch(token)
    return int(match[1]) if match else None


def owner_alive(token: str) -> bool:
    """Whether the very process that made the token still runs; False for what is no token.

    A process this user may not look at (`/proc` mounted with hidepid) counts as alive: what it owns is
    not ours to clear away.
    """
    match = _TOKEN.fullmatch(token)
    if not match:
        return False
    pid = int(match[1])
    started = _started(pid)
    return _hidden(pid) if started is None else started == int(match[2])


def _started(pid: int) -> int | None:
    """Start of a process in ticks since boot; None when there is none (a zombie holds nothing any more)."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    # The second field is the command's name in parentheses, which may itself hold spaces and parentheses.
    fields = stat[stat.rindex(b")") + 1 :].split()
    return None if fields[0].decode() in _DEAD else int(fields[19])


def _hidden(pid: int) -> bool:
    if (_PROC / str(pid)).exists():
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        pass
    return False
