"""The index of a recorded session: session time, keyframes, steps, markers, and where each branch printed.

Session time is wall time with its idle stretches cut short: a session that lay paused over night has a night
of two seconds. It starts at 0 with the first event and never goes back, whatever the wall clock did.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sessions import events
from sessions.lineage import ancestors
from sessions.markers import Marker, mark
from sessions.model import State
from sessions.source import Events, JournalFile
from sessions.state import apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessions.source import Source

IDLE = 2.0
"""Longest time between two events, unless another is asked for, in seconds."""
KEYFRAME_SECONDS = 5.0
KEYFRAME_BYTES = 256 << 10
KEYFRAME_EVENTS = 2000
"""Session time, output and events after which there is another keyframe: what folding from one may cost."""


class Keyframe(msgspec.Struct, frozen=True):
    """The whole state at one moment, to fold on from."""

    number: int
    index: int
    """Events that are in it."""
    time: float
    state: State


class Passage(msgspec.Struct):
    """One step's place in the recording."""

    branch: str
    step: int
    command: str
    time: float
    """Session time of the command's start."""
    start: int
    """Events that have happened when the command has just started."""
    end: int
    """Events that have happened when all that is known of the step is in: its end, snapshot and report."""


class Printed:
    """Where among the events are those of one branch's terminal."""

    def __init__(self) -> None:
        self._index = array("Q")
        self._total = array("Q")

    def add(self, index: int, size: int) -> None:
        """The event at `index` printed `size` bytes; a change of size prints none."""
        self._index.append(index)
        self._total.append(size + (self._total[-1] if self._total else 0))

    def before(self, index: int) -> int:
        """Bytes printed by the events before `index`."""
        count = bisect_left(self._index, index)
        return self._total[count - 1] if count else 0

    def between(self, start: int, stop: int) -> Iterator[int]:
        """The events from `start` up to `stop`."""
        return iter(self._index[bisect_left(self._index, start) : bisect_left(self._index, stop)])

    def reaches(self, size: int) -> int:
        """The event with which so many bytes are printed, or more."""
        return self._index[bisect_left(self._total, size)]


class Recording:
    """Reads all events once and keeps where things are; the events themselves stay where they were.

    Raises:
        JournalUnreadable, JournalCorrupt, JournalNewer: of a path, as `sessions.journal.read`. A torn tail is
            left out, an event of an unknown kind takes its time and changes nothing.
    """

    def __init__(self, source: Path | Iterable[events.Event], idle: float = IDLE) -> None:
        self._source: Source = JournalFile(source) if isinstance(source, Path) else Events(source)
        self.times = array("d")
        """Session time of every event."""
        self.keyframes = [Keyframe(0, 0, 0.0, State())]
        self.passages: list[Passage] = []
        """Steps that were run, in the order their commands started."""
        self.markers: list[Marker] = []
        self.printed: dict[str, Printed] = {}
        """By branch."""
        self.resized: dict[str, list[tuple[int, int, int]]] = {}
        """By branch: position, columns and rows."""
        self.state = State()
        """At the end of the recording."""
        self._opened: dict[str, int] = {}
        """Events that have happened when a branch has just opened."""
        self._running: dict[tuple[str, int], Passage] = {}
        self._since = 0
        try:
            self._read(idle)
        except BaseException:
            self._source.close()
            raise

    def __len__(self) -> int:
        """Number of events."""
        return len(self.times)

    @property
    def duration(self) -> float:
        """Session time of the last event, in seconds."""
        return self.times[-1] if self.times else 0.0

    def time_of(self, index: int) -> float:
        """Session time when `index` events have happened."""
        return self.times[index - 1] if index else 0.0

    def index_at(self, time: float) -> int:
        """How many events have happened at a session time, those of that very moment included."""
        return bisect_right(self.times, time)

    def keyframe(self, index: int) -> Keyframe:
        """The last keyframe that holds no event after the first `index`."""
        return self.keyframes[bisect_right(self.keyframes, index, key=lambda each: each.index) - 1]

    def slice(self, start: int, stop: int) -> Iterator[events.Event]:
        """The events from position `start` up to `stop`."""
        return self._source.slice(start, stop)

    def shell(
        self, branch: str, start: int, stop: int
    ) -> Iterator[tuple[int, events.ShellOutput | events.ShellResized]]:
        """What happened to a branch's terminal from position `start` up to `stop`, each with its position."""
        printed = self.printed.get(branch)
        for index in printed.between(start, stop) if printed else ():
            for event in self._source.slice(index, index + 1):
                if isinstance(event, events.ShellOutput | events.ShellResized):
                    yield index, event

    def output(self, branch: str, start: int, stop: int) -> Iterator[bytes]:
        """What a branch's terminal printed from position `start` up to `stop`, in pieces as recorded."""
        return (
            event.data
            for _, event in self.shell(branch, start, stop)
            if isinstance(event, events.ShellOutput)
        )

    def output_size(self, branch: str, start: int, stop: int) -> int:
        """Bytes `output` would give."""
        printed = self.printed.get(branch)
        return printed.before(stop) - printed.before(start) if printed else 0

    def size(self, branch: str, index: int) -> tuple[int, int]:
        """Columns and rows of a branch's terminal when `index` events have happened."""
        sizes = self.resized.get(branch, [])
        place = bisect_left(sizes, (index,))
        return sizes[place - 1][1:] if place else (events.COLUMNS, events.ROWS)

    def lineage(self, branch: str, index: int) -> list[tuple[str, int, int]]:
        """The branches that led to one, oldest first: each with the part of the recording that counts.

        An ancestor counts up to the end of the step its child forks at, or its opening if that is before all
        of its steps; the branch itself up to `index`.
        """
        parts: list[tuple[str, int, int]] = []
        for each, last in reversed(ancestors(self.state.branches, branch)):
            if last is not None:
                index = min(index, self._reached(each.id, last))
            parts.append((each.id, 0, index))
        return parts[::-1]

    def _reached(self, branch: str, step: int) -> int:
        """Events that have happened when a branch stands at a step."""
        ran = (each for each in self.passages if each.branch == branch and each.step <= step)
        last = max(ran, key=lambda each: (each.step, each.end), default=None)
        return last.end if last else self._opened[branch]

    def tail(self, branch: str, index: int, size: int) -> int:
        """Where to begin reading a branch's output up to `index` to get about `size` bytes of it.

        That is the branch's beginning when there is no more; else the start of a command, where a terminal is
        most likely to be as a new one is; else anywhere, but never after the last of it.
        """
        printed = self.printed.get(branch)
        total = printed.before(index) if printed else 0
        if printed is None or total <= size:
            return 0
        earliest = min(printed.reaches(total - size) + 1, printed.reaches(total))
        starts = (each.start for each in self.passages if each.branch == branch and each.start <= index)
        return next((start for start in starts if start >= earliest), earliest)

    def close(self) -> None:
        """Let go of the file. A second call does nothing."""
        self._source.close()

    def _read(self, idle: float) -> None:
        wall = time = 0.0
        for index, event in enumerate(self._source.scan()):
            if index:
                time += min(max(0.0, event.at - wall), idle)
            wall = event.at
            self._keep_keyframe(index)
            before, self.state = self.state, apply(self.state, event)
            self.times.append(time)
            self._note(index, time, event, before)

    def _keep_keyframe(self, index: int) -> None:
        last = self.keyframes[-1]
        if (
            self.time_of(index) - last.time >= KEYFRAME_SECONDS
            or self._since >= KEYFRAME_BYTES
            or index - last.index >= KEYFRAME_EVENTS
        ):
            self.keyframes.append(Keyframe(last.number + 1, index, self.time_of(index), self.state))
            self._since = 0

    def _note(self, index: int, time: float, event: events.Event, before: State) -> None:
        match event:
            case events.TestReported():
                return
            case events.ShellOutput():
                self._since += len(event.data)
                self.printed.setdefault(event.branch, Printed()).add(index, len(event.data))
                return
            case events.ShellResized():
                if self.state.branches is not before.branches:
                    self.printed.setdefault(event.branch, Printed()).add(index, 0)
                    self.resized.setdefault(event.branch, []).append((index, event.columns, event.rows))
                return
            case events.BranchOpened():
                self._opened.setdefault(event.branch, index + 1)
            case events.CommandStarted():
                if self.state.branches is not before.branches:
                    self._begin(index, event.branch, event.step)
            case events.CommandEnded() | events.SnapshotTaken() | events.SuiteEnded():
                self._step_went_on(index, event, before)
            case _:
                pass
        marked = mark(event)
        if marked:
            branch, step = getattr(event, "branch", ""), getattr(event, "step", 0)
            self.markers.append(Marker(index + 1, time, *marked, branch, step))

    def _begin(self, index: int, branch: str, number: int) -> Passage:
        step = self.state.step(branch, number)
        command = step.command if step else ""
        passage = Passage(branch, number, command, self.times[index], index + 1, index + 1)
        self._running[branch, number] = passage
        self.passages.append(passage)
        return passage

    def _step_went_on(
        self,
        index: int,
        event: events.CommandEnded | events.SnapshotTaken | events.SuiteEnded,
        before: State,
    ) -> None:
        # What a gate finds out about the step, much later, is not the step's: the fold leaves it out too.
        if self.state.branches is before.branches:
            return
        passage = self._running.get((event.branch, event.step))
        if passage is None:
            # What an operator did by hand ends without having started.
            passage = self._begin(index, event.branch, event.step)
        passage.end = index + 1
