"""An agent that goes round in circles: the same again, or two things in turn, with the same result.

Thresholds in the spirit of OpenHands' stuck detector (Apache-2.0/MIT), which counts likewise.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WARNED, STOPPED = 3, 5
"""Repetitions after which it is told, and after which nothing more is expected of it."""

FINE, CIRCLING, STUCK = "fine", "circling", "stuck"


@dataclass
class Loops:
    """What was done lately, and what it led to."""

    seen: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=2 * STOPPED))

    def add(self, action: str, result: str) -> str:
        """Note an action with its result; `FINE`, `CIRCLING` or `STUCK`."""
        self.seen.append((" ".join(action.split()), result))
        rounds = max(self._rounds(1), self._rounds(2))
        return STUCK if rounds >= STOPPED else CIRCLING if rounds >= WARNED else FINE

    def _rounds(self, length: int) -> int:
        """How often the last `length` things were done, one time after the other."""
        past = list(self.seen)
        last, rounds = past[-length:], 0
        while len(past) >= length and past[-length:] == last:
            rounds, past = rounds + 1, past[:-length]
        return rounds
