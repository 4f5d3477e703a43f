"""The terminals of a recording at any moment, each built from the nearest moment that is known.

Moments of a branch are remembered at even distances in what it printed. Where none is near enough, what is
shown begins at one of the last commands: the screen is right, and what scrolled off long before is missing
until `warm` has been there, for which a player has spare time.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import accumulate
from time import monotonic
from typing import TYPE_CHECKING, Final

from cligym_tui.terminal.terminal import Snapshot, Terminal
from sessions.events import ShellOutput
from sessions.recording import KEYFRAME_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessions.recording import Recording

FAR: Final = KEYFRAME_BYTES // 8
"""Bytes that may be drawn to get anywhere: more would be felt."""
APART: Final = FAR // 2
"""Bytes in which one moment of a branch is remembered."""
KEPT: Final = 512
"""Moments remembered in all."""


class Tape:
    """One terminal for each branch, wound to and fro."""

    def __init__(self, recording: Recording, make: Callable[[], Terminal] = Terminal) -> None:
        self._recording = recording
        self._make = make
        self._reels: dict[str, Reel] = {}
        self._moments: OrderedDict[tuple[str, int], tuple[int, Snapshot]] = OrderedDict()
        self._warming: Reel | None = None
        self._cold = self._worth_warming()

    def terminal(self, branch: str, index: int) -> tuple[Terminal, bool]:
        """The branch's terminal when `index` events have happened; the same object each time, but changed.

        Returns:
            The terminal, and whether it was wound: its rows are others than before.
        """
        reel = self._reels.get(branch)
        if reel is None:
            reel = self._reels[branch] = Reel(branch, self._make())
        near = self._near(reel.branch, reel.index, index)
        wound = (not near or not reel.whole) and self._wind(reel, index, near)
        self._play(reel, index)
        return reel.terminal, wound

    def warm(self, seconds: float) -> bool:
        """Go through the recording for so long, remembering; False once all of it has been gone through."""
        until = monotonic() + seconds
        end = len(self._recording)
        while monotonic() < until:
            if self._warming is None:
                if not self._cold:
                    return False
                self._warming = Reel(self._cold.pop(0), self._make())
            if not self._play(self._warming, end, until):
                self._warming = None
        return True

    def _near(self, branch: str, start: int, index: int) -> bool:
        return start <= index and self._recording.output_size(branch, start, index) <= FAR

    def _worth_warming(self) -> list[str]:
        """The branches whose moments can all be remembered, those that printed least first."""
        size = {
            name: self._recording.output_size(name, 0, len(self._recording))
            for name in self._recording.printed
        }
        names = sorted(size, key=size.__getitem__)
        return [
            name
            for name, total in zip(names, accumulate(size[name] for name in names), strict=True)
            if total <= KEPT * APART
        ]

    def _wind(self, reel: Reel, index: int, near: bool) -> bool:
        """Put the reel to the best known moment before `index`; it may stay where it is when that is near."""
        here = self._stretch(reel.branch, index)
        known = (self._moments.get((reel.branch, each)) for each in range(here, here - FAR // APART - 1, -1))
        moment = next((each for each in known if each and each[0] <= index), None)
        if moment and self._near(reel.branch, moment[0], index):
            reel.index = moment[0]
            reel.whole = True
            reel.terminal.load(moment[1])
            return True
        if near:
            return False
        reel.index = self._recording.tail(reel.branch, index, FAR)
        reel.whole = not self._recording.output_size(reel.branch, 0, reel.index)
        reel.terminal.clear()
        reel.terminal.resize(*self._recording.size(reel.branch, reel.index))
        return True

    def _play(self, reel: Reel, index: int, until: float | None = None) -> bool:
        """Draw on up to `index`, at the latest until a moment; whether there is more to draw."""
        for place, event in self._recording.shell(reel.branch, reel.index, index):
            if until is not None and monotonic() >= until:
                return True
            if isinstance(event, ShellOutput):
                reel.terminal.feed(event.data)
            else:
                reel.terminal.resize(event.columns, event.rows)
            reel.index = place + 1
            self._remember(reel)
        reel.index = index
        return False

    def _remember(self, reel: Reel) -> None:
        key = reel.branch, self._stretch(reel.branch, reel.index)
        # One that lacks what scrolled off must not stand for one that has it.
        if not reel.whole or key in self._moments:
            return
        self._moments[key] = reel.index, reel.terminal.save()
        while len(self._moments) > KEPT:
            self._moments.popitem(last=False)

    def _stretch(self, branch: str, index: int) -> int:
        """Which stretch of `APART` bytes a branch has reached when `index` events have happened."""
        return self._recording.output_size(branch, 0, index) // APART


class Reel:
    """A terminal and how far it is."""

    def __init__(self, branch: str, terminal: Terminal) -> None:
        self.branch = branch
        self.terminal = terminal
        self.index = 0
        self.whole = True
        """Whether it was fed from the branch's beginning."""
