"""How many calls at once: more while the server takes them, half as soon as it does not.

Additive increase, multiplicative decrease, as for packets (Chiu and Jain 1989); the server's rate-limit
headers say earlier than its refusals.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

_KINDS = ("requests", "tokens", "input-tokens", "output-tokens")
_SCARCE = 0.1
"""Share of a limit that is left when the width stops growing."""


@dataclass
class Window:
    """The decision, without a clock of its own: times are seconds of any one clock."""

    width: float = 4.0
    """Calls at once."""
    most: float = 64.0
    until: float = 0.0
    """Nothing begins before."""
    _shrunk: float = -1.0

    def free(self, running: int, now: float) -> bool:
        """Whether one more may begin beside those running."""
        return running < max(1, int(self.width)) and now >= self.until

    def taken(self, left: float, now: float, reset: float = 0.0) -> None:
        """A call was answered; `left` of the tightest limit is left, all of it again in `reset` seconds."""
        if left <= 0.0:
            self.until = max(self.until, now + reset)
        elif left > _SCARCE:
            self.width = min(self.most, self.width + 1.0 / self.width)

    def refused(self, began: float, now: float, wait: float = 0.0) -> None:
        """A call that began then was sent away, for so long at least."""
        self.until = max(self.until, now + wait)
        if began > self._shrunk:  # calls that were under way together are one refusal
            self.width = max(1.0, self.width / 2)
            self._shrunk = now


@dataclass
class Gate:
    """Lets calls in."""

    window: Window = field(default_factory=Window)
    running: int = 0
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[float]:
        """While a call runs; when it began, by the monotonic clock."""
        async with self._moved:
            while not self.window.free(self.running, now := time.monotonic()):
                left = self.window.until - now
                try:
                    await asyncio.wait_for(self._moved.wait(), left if left > 0 else None)
                except TimeoutError:
                    continue
            self.running += 1
        try:
            yield time.monotonic()
        finally:
            self.running -= 1
            await asyncio.shield(self._tell())

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    def heard(self, headers: Mapping[str, str]) -> None:
        """A call was answered with these headers."""
        left, reset = remaining(headers)
        self.window.taken(left, time.monotonic(), reset)

    def refused(self, began: float, wait: float | None) -> None:
        """A call was sent away."""
        self.window.refused(began, time.monotonic(), wait or 0.0)


def remaining(headers: Mapping[str, str]) -> tuple[float, float]:
    """The share of the tightest rate limit that is left, from 0 to 1, and seconds until it is whole again.

    From `anthropic-ratelimit-{requests,tokens,...}-{limit,remaining,reset}`; 1 where there are none.
    """
    tightest, seconds = 1.0, 0.0
    for kind in _KINDS:
        prefix = f"anthropic-ratelimit-{kind}-"
        try:
            limit, left = float(headers[prefix + "limit"]), float(headers[prefix + "remaining"])
        except (KeyError, ValueError):
            continue
        if limit > 0 and left / limit < tightest:
            tightest, seconds = max(0.0, left / limit), _until(headers.get(prefix + "reset", ""))
    return tightest, seconds


def _until(moment: str) -> float:
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return 1.0
    return min(60.0, max(0.0, when.timestamp() - time.time())) if when.tzinfo else 1.0
