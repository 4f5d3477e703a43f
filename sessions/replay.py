"""Playing a recorded session: where one is in it, and the state there. No clock, no loop, no screen.

A screen asks `advance` for what its own clock says has passed; everything else moves at once. Any move costs
at most the folding from one keyframe, so seeking is instant wherever it goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from sessions.recording import IDLE, Keyframe, Passage, Recording
from sessions.state import apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sessions.events import Event
    from sessions.markers import Marker
    from sessions.model import State

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


class Player:
    """One recording and a place in it, at first its beginning.

    Methods that move say whether they did, except `seek_step`. `source` is a journal's path, or events.

    Raises:
        JournalUnreadable, JournalCorrupt, JournalNewer: the journal cannot be read; a torn tail is left out.
    """

    def __init__(self, source: Path | Iterable[Event], *, idle: float = IDLE, speed: float = 1.0) -> None:
        self.recording = Recording(source, idle)
        self.speed = speed
        """Seconds of session time in a second of the clock."""
        self.playing = False
        """Whether the screen's clock should call `advance`. At the end `advance` sets it to False."""
        self._index = 0
        self._time = 0.0
        self._state = self.recording.keyframes[0].state
        self._folded = 0
        self._ends = sorted({each.end for each in self.passages})
        self._starts = [each.start for each in self.passages]
        self._marks = sorted({each.index for each in self.markers})
        self.seek(0.0)

    @property
    def index(self) -> int:
        """Events that have happened."""
        return self._index

    @property
    def time(self) -> float:
        """Session time, in seconds from 0."""
        return self._time

    @property
    def duration(self) -> float:
        """Session time of the last event."""
        return self.recording.duration

    @property
    def fraction(self) -> float:
        """How far it is, from 0 to 1."""
        return self._time / self.duration if self.duration else float(self.at_end)

    @property
    def at_end(self) -> bool:
        """Whether everything has happened."""
        return self._index >= len(self.recording)

    @property
    def passages(self) -> list[Passage]:
        """The steps that were run, in the order their commands started."""
        return self.recording.passages

    @property
    def markers(self) -> list[Marker]:
        """The moments worth jumping to, in order."""
        return self.recording.markers

    @property
    def passage(self) -> Passage | None:
        """The last step whose command has started."""
        return next((each for each in reversed(self.passages) if each.start <= self._index), None)

    @property
    def keyframe(self) -> Keyframe:
        """The last keyframe that is not in the future."""
        return self.recording.keyframe(self._index)

    @property
    def state(self) -> State:
        """The folded state here."""
        nearest = self.keyframe
        if not nearest.index <= self._folded <= self._index:
            self._state, self._folded = nearest.state, nearest.index
        for event in self.recording.slice(self._folded, self._index):
            self._state = apply(self._state, event)
        self._folded = self._index
        return self._state

    def output(self, branch: str, start: int) -> Iterator[bytes]:
        """What a branch's terminal printed since `start` events had happened, in pieces as recorded."""
        return self.recording.output(branch, start, self._index)

    def seek(self, time: float) -> bool:
        """Go to a session time; out of range means to the beginning or to the end."""
        time = min(max(0.0, time), self.duration)
        return self._go(self.recording.index_at(time), time)

    def seek_fraction(self, fraction: float) -> bool:
        """Go to a part of the whole, 0.5 being the middle."""
        return self.seek(self.duration * fraction)

    def seek_index(self, index: int) -> bool:
        """Go to where just `index` events have happened."""
        index = min(max(0, index), len(self.recording))
        return self._go(index, self.recording.time_of(index))

    def seek_step(self, number: int, branch: str = "") -> bool:
        """Go to where all is known about a step; 0 is the beginning. Returns whether there is such a step.

        Without a branch, steps are counted through the whole session in the order they started.
        """
        if number == 0:
            self.seek(0.0)
            return True
        if branch:
            found = [each for each in self.passages if each.branch == branch and each.step == number]
        else:
            found = self.passages[number - 1 : number] if number > 0 else []
        if found:
            self.seek_index(found[-1].end)
        return bool(found)

    def next_step(self) -> bool:
        """Go on to where the next step's result is in, or to the end."""
        return self._forward(self._ends)

    def previous_step(self) -> bool:
        """Go back to where an earlier step's result was in, or to the beginning."""
        return self._back(self._ends)

    def next_command(self) -> bool:
        """Go on to where the next command has just started, or to the end."""
        return self._forward(self._starts)

    def previous_command(self) -> bool:
        """Go back to where an earlier command had just started, or to the beginning."""
        return self._back(self._starts)

    def next_marker(self) -> bool:
        """Go on to the next marker, or to the end."""
        return self._forward(self._marks)

    def previous_marker(self) -> bool:
        """Go back to the marker before, or to the beginning."""
        return self._back(self._marks)

    def advance(self, seconds: float) -> bool:
        """Let so many seconds of the screen's clock pass."""
        moved = self.seek(self._time + max(0.0, seconds) * self.speed)
        if self.at_end:
            self.playing = False
        return moved

    def toggle(self) -> bool:
        """Play or pause; playing from the end begins anew. Returns `playing`."""
        self.playing = not self.playing
        if self.playing and self.at_end:
            self.seek(0.0)
        return self.playing

    def faster(self) -> float:
        """Take the next higher of `SPEEDS`; returns it."""
        self.speed = next((speed for speed in SPEEDS if speed > self.speed), SPEEDS[-1])
        return self.speed

    def slower(self) -> float:
        """Take the next lower of `SPEEDS`; returns it."""
        self.speed = next((speed for speed in reversed(SPEEDS) if speed < self.speed), SPEEDS[0])
        return self.speed

    def close(self) -> None:
        """Let go of the file. A second call does nothing."""
        self.recording.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _go(self, index: int, time: float) -> bool:
        moved = (index, time) != (self._index, self._time)
        self._index, self._time = index, time
        return moved

    def _forward(self, places: list[int]) -> bool:
        place = next((place for place in places if place > self._index), None)
        return self.seek(self.duration) if place is None else self.seek_index(place)

    def _back(self, places: list[int]) -> bool:
        return self.seek_index(next((place for place in reversed(places) if place < self._index), 0))
