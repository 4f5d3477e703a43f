"""Events on their way from the engine's thread to the screen's: bounded, and never a reason to wait."""

from __future__ import annotations

import threading
from collections import deque

from msgspec.structs import replace

from sessions import events

JOINED = 256 << 10
"""Bytes up to which consecutive output of one terminal becomes one event."""
HELD = 4 << 20
"""Bytes of output that wait at most; a screen that is slower sees the newest. The journal has all."""


class Outbox:
    """A queue with one writer and one reader on different threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[events.Event] = deque()
        self._bytes = 0

    def put(self, event: events.Event) -> None:
        """Add an event; output joins output of the same terminal."""
        with self._lock:
            if isinstance(event, events.ShellOutput):
                self._bytes += len(event.data)
                last = self._waiting[-1] if self._waiting else None
                if (
                    isinstance(last, events.ShellOutput)
                    and last.branch == event.branch
                    and len(last.data) + len(event.data) <= JOINED
                ):
                    self._waiting[-1] = replace(event, data=last.data + event.data)
                else:
                    self._waiting.append(event)
                if self._bytes > HELD:
                    self._shed()
            else:
                self._waiting.append(event)

    def _shed(self) -> None:
        kept: deque[events.Event] = deque()
        for event in self._waiting:
            if isinstance(event, events.ShellOutput) and self._bytes > HELD // 2:
                self._bytes -= len(event.data)
            else:
                kept.append(event)
        self._waiting = kept

    def take(self, limit: int) -> list[events.Event]:
        """The oldest events, at most `limit`."""
        with self._lock:
            taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
            self._bytes -= sum(len(event.data) for event in taken if isinstance(event, events.ShellOutput))
        return taken
