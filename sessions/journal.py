"""The one writer of a session's `events.jsonl`; reading and recovery are in `sessions.records`.

Shape: a header line `{"v":1,...}`, then one line per event with `seq` growing from 1 without gaps. Each
record is one write to a descriptor opened for appending, so a crash can only tear the last one.

Durability: the events of `BARRIERS` are on the disk when `append` returns; any other at most `SYNC_SECONDS`
later. There is no thread: a later `append` notices that the time is up, and where an asyncio loop is running
a timer of that loop does, so that a session that falls silent keeps the promise too.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Self

import msgspec

from sessions import codec, events
from sessions.errors import EventInvalid, JournalClosed, SessionsError, journal_error
from sessions.records import Header, Recovery, claim, outline, read, recover, recover_open

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["BARRIERS", "SYNC_SECONDS", "Journal", "Recovery", "outline", "read", "recover"]

BARRIERS: frozenset[type[events.Event]] = frozenset(
    {
        events.SessionStarted,
        events.SessionResumed,
        events.SessionEnded,
        events.BranchOpened,
        events.BranchClosed,
        events.StepProposed,
        events.CommandEnded,
        events.SnapshotTaken,
        events.SuiteEnded,
        events.CandidateNominated,
        events.GateEnded,
        events.TaskCommitted,
        events.CandidateFell,
        events.RepairStarted,
        events.RepairGraded,
        events.ModelAsked,
        events.ModelBatched,
        events.ModelAnswered,
        events.RepairVerified,
    }
)
"""Intents that precede an effect, and results whose effect cannot be seen again."""

SYNC_SECONDS = 0.25
"""Longest time any record stays unsynced."""


class Journal:
    """Appends events to one file, from one thread.

    Opening creates the file, or takes an existing one up again: a torn tail is set aside and `seq` continues.

    Raises:
        JournalLocked: another `Journal` has the file, here or in another process.
        JournalCorrupt, JournalNewer: the file is not continued.
        JournalFull, JournalUnwritable: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recovery = Recovery(seq=0, size=0)
        """What opening found; `recovery.torn` is worth a word to the user."""
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise journal_error(path, error) from error
        self._open = True
        self._cut = False
        self._dirty_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._late: SessionsError | None = None
        self._subscribers: list[Callable[[events.Event], None]] = []
        self._untold: deque[events.Event] = deque()
        self._telling = False
        try:
            claim(self._descriptor, path)
            self.recovery = recover_open(self._descriptor, path)
            self._seq = self.recovery.seq
            self._size = self.recovery.size
            if not self._size:
                self._begin()
        except BaseException:
            os.close(self._descriptor)
            raise

    @property
    def seq(self) -> int:
        """`seq` of the last event; 0 before the first."""
        return self._seq

    def append(self, event: events.Event) -> events.Event:
        """Write the event down and tell the subscribers.

        Returns:
            The event with `seq` and `at`, exactly as a reader of the file will get it.

        Raises:
            JournalFull, JournalUnwritable: the record is not in the file (its half was cut off again) and the
                journal can go on when there is room; or it is in the file and could not be synced.
            EventInvalid: it could not be read back, so it was not written.
            JournalClosed: too late.
        """
        if not self._open:
            raise JournalClosed(f"{self.path} is closed")
        self._raise_late()
        stamped, record = self._stamp(event)
        self._write(record)
        self._seq = stamped.seq
        try:
            self._settle(barrier=type(stamped) in BARRIERS)
        finally:
            self._tell(stamped)
        return stamped

    def subscribe(self, callback: Callable[[events.Event], None]) -> Callable[[], None]:
        """Call back after every append, in order, in the writer's thread; returns how to end that.

        A callback that raises does not keep the event from the others; the first exception then comes out of
        `append`, with the event written. A callback may append: that event is told after this one.
        """
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def sync(self) -> None:
        """Put everything appended on the disk; free when it already is.

        Raises:
            JournalFull, JournalUnwritable: the system could not.
        """
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._dirty_since is None or not self._open:
            return
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise journal_error(self.path, error) from error
        self._dirty_since = None

    def close(self) -> None:
        """Sync and let go of the file. A second call does nothing."""
        if not self._open:
            return
        try:
            self.sync()
            self._raise_late()
        finally:
            self._open = False
            os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> None:
        self._write(msgspec.json.encode(Header(v=events.FORMAT_VERSION)) + b"\n")
        try:
            os.fsync(self._descriptor)
            directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise journal_error(self.path, error) from error

    def _stamp(self, event: events.Event) -> tuple[events.Event, bytes]:
        if type(event) not in _WRITTEN:
            raise EventInvalid(f"{type(event).__name__} is never written to a journal")
        try:
            record = codec.encode(msgspec.structs.replace(event, seq=self._seq + 1, at=time.time()))
            # Decoding costs a microsecond and buys two things: what is written can be read, and the screen
            # sees what a replay will see.
            return codec.decode(record), record + b"\n"
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise EventInvalid(f"{type(event).__name__} cannot be written down: {error}") from error

    def _write(self, record: bytes) -> None:
        try:
            if self._cut:
                self._cut_back()
            done = os.write(self._descriptor, record)
            while done < len(record):
                # A short write on a file means that something is wrong: the next one says what.
                self._cut = True
                done += os.write(self._descriptor, record[done:])
        except OSError as error:
            if self._cut:
                self._try_cut_back()
            raise journal_error(self.path, error) from error
        self._cut = False
        self._size += len(record)

    def _cut_back(self) -> None:
        os.ftruncate(self._descriptor, self._size)
        self._cut = False

    def _try_cut_back(self) -> None:
        # If even this fails, `_cut` stays and the next write tries again; recovery would cut it as well.
        try:
            self._cut_back()
        except OSError:
            return

    def _settle(self, *, barrier: bool) -> None:
        now = time.monotonic()
        if self._dirty_since is None:
            self._dirty_since = now
            if not barrier:
                self._arm()
        if barrier or now - self._dirty_since >= SYNC_SECONDS:
            self.sync()

    def _arm(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._timer = loop.call_later(SYNC_SECONDS, self._sync_late)

    def _sync_late(self) -> None:
        # Nobody waits for the timer, so its failure is kept for whoever appends or closes next.
        self._timer = None
        try:
            self.sync()
        except SessionsError as error:
            self._late = error

    def _raise_late(self) -> None:
        if self._late:
            late, self._late = self._late, None
            raise late

    def _tell(self, event: events.Event) -> None:
        self._untold.append(event)
        if self._telling:
            return
        self._telling = True
        first: Exception | None = None
        try:
            while self._untold:
                current = self._untold.popleft()
                for callback in tuple(self._subscribers):
                    try:
                        callback(current)
                    except Exception as error:
                        first = first or error
        finally:
            self._telling = False
        if first:
            raise first


_WRITTEN = frozenset(events.Any.__args__) - {events.Result}
