"""One line about a session, for lists of hundreds: found without decoding its journal.

Only a handful of records matter here and each is known by how its line begins. What was read is kept beside
the journal in `summary.json` with the offset it reached, so the next list reads only what is new. That file
is a cache: it may be removed, and a directory that takes no file only makes lists slower.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import msgspec

from sessions import codec, events
from sessions.errors import JournalError, JournalNewer
from sessions.lock import alive
from sessions.records import read_header
from sessions.spending import Spent

if TYPE_CHECKING:
    from pathlib import Path

JOURNAL_NAME = "events.jsonl"
_CACHE_NAME = "summary.json"
_CHUNK = 1 << 20
_CACHED = 2
"""Version of what is cached."""
_TELLING = tuple(
    f'{{"t":"{event.__struct_config__.tag}"'.encode()
    for event in (
        events.SessionStarted,
        events.SessionResumed,
        events.SessionEnded,
        events.ModeChanged,
        events.SuiteEnded,
        events.TaskCommitted,
        events.ModelAnswered,
    )
)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of sessions shows."""

    id: str
    state: str
    """`live` (a process holds it), `ended` (closed in good order), `killed`, `damaged`, or `newer`.

    The last is of a later program, and not for this one to read.
    """
    gold: str = ""
    agent: str = ""
    started: float = 0.0
    """Wall clock of the first event, seconds since the epoch; 0 when there is none."""
    last: float = 0.0
    """Wall clock of the last event."""
    outcome: str = ""
    """`SessionEnded.outcome`; empty unless ended."""
    tasks: int = 0
    """Tasks committed."""
    tests: int = 0
    """Tests of the baseline."""
    broken: int = 0
    """Most of them that were broken after a step."""
    spent: Spent | None = None
    """What models took; None where none was asked."""
    steered: bool = False
    """Whether an operator had it on a screen."""
    events: int = 0
    """`seq` of the last event."""
    size: int = 0
    """Bytes of the journal."""

    @property
    def interrupted(self) -> bool:
        """Whether an operator can go on with it."""
        return self.state == "killed" and self.steered

    @property
    def age(self) -> float:
        """Seconds since the session began, never negative."""
        return max(0.0, time.time() - self.started) if self.started else 0.0


class _Seen(msgspec.Struct):
    """What was read of a journal so far."""

    version: int = 0
    offset: int = 0
    gold: str = ""
    agent: str = ""
    started: float = 0.0
    last: float = 0.0
    ended: bool = False
    outcome: str = ""
    tasks: int = 0
    tests: int = 0
    broken: int = 0
    spent: Spent | None = None
    steered: bool = False
    seq: int = 0


def summarize(directory: Path) -> Summary:
    """The summary of the session in a directory; a journal that cannot be read is no error, but said."""
    path = directory / JOURNAL_NAME
    # Before reading: a session that ends meanwhile is then shown as live, not as killed.
    living = alive(directory)
    cached = _load(directory)
    try:
        size = path.stat().st_size
        seen = msgspec.structs.replace(cached) if cached.offset <= size else _Seen()
        _read_on(path, seen)
    except JournalNewer:
        return Summary(id=directory.name, state="newer", size=size)
    except (OSError, ValueError, JournalError):
        return Summary(id=directory.name, state="damaged")
    if seen != cached:
        _store(directory, seen)
    return Summary(
        id=directory.name,
        state="live" if living else "ended" if seen.ended else "killed",
        gold=seen.gold,
        agent=seen.agent,
        started=seen.started,
        last=seen.last,
        outcome=seen.outcome,
        tasks=seen.tasks,
        tests=seen.tests,
        broken=seen.broken,
        spent=seen.spent,
        steered=seen.steered,
        events=seen.seq,
        size=size,
    )


def _read_on(path: Path, seen: _Seen) -> None:
    with path.open("rb", buffering=_CHUNK) as file:
        if not seen.offset:
            seen.offset = read_header(file, path)
            if not seen.offset:
                return
        file.seek(seen.offset)
        last = b""
        for line in file:
            if not line.endswith(b"\n"):
                break
            seen.offset += len(line)
            last = line
            if line.startswith(_TELLING):
                _note(codec.decode(line), seen)
    if last:
        event = codec.decode(last)
        seen.last, seen.seq = event.at, event.seq


def _note(event: events.Event, seen: _Seen) -> None:
    match event:
        case events.SessionStarted():
            seen.gold, seen.agent, seen.started = event.gold, event.agent, event.at
            seen.tests = len(event.tests)
        case events.SessionResumed():
            seen.ended, seen.outcome = False, ""
        case events.SessionEnded():
            seen.ended, seen.outcome = True, event.outcome
        case events.ModeChanged():
            seen.steered = True
        case events.SuiteEnded():
            seen.broken = max(seen.broken, event.broken)
        case events.TaskCommitted():
            seen.tasks += 1
        case events.ModelAnswered():
            seen.spent = (seen.spent or Spent()).plus(event)
        case _:
            pass


def _load(directory: Path) -> _Seen:
    try:
        seen = msgspec.json.decode((directory / _CACHE_NAME).read_bytes(), type=_Seen)
    except (OSError, ValueError):
        return _Seen()
    return seen if seen.version == _CACHED else _Seen()


def _store(directory: Path, seen: _Seen) -> None:
    temporary = directory / f".{_CACHE_NAME}.{os.getpid()}"
    try:
        temporary.write_bytes(msgspec.json.encode(msgspec.structs.replace(seen, version=_CACHED)))
        temporary.replace(directory / _CACHE_NAME)
    except OSError:
        # Only a cache: without it the next list reads the journal again.
        temporary.unlink(missing_ok=True)
