"""The engine on a thread and a loop of its own: a stalled terminal or pipe stalls nobody but its reader."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from sessions.events import Event, Result

Watch: TypeAlias = Callable[[Event], None]
Work: TypeAlias = Callable[[Watch, asyncio.Event], Awaitable[Result]]


class Background:
    """One piece of asynchronous work, watched from the thread that made this.

    Events come through `next`; how it ended is in `result` or `failure` once `over` is true.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        # Not bounded: the same events are in the journal, so what waits here is small and never dropped.
        # No SimpleQueue: a signal in the middle of its `get` can make that wait for ever (seen with 3.11).
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self.over = False
        self.result: Result | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)
        self._thread.start()
        self._ready.wait()

    def next(self, timeout: float) -> Event | None:
        """The next event; None when there was none for `timeout` seconds, or there will be none."""
        if self.over:
            return None
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        self.over = event is None
        return event

    def stop(self) -> None:
        """Ask it to end in good order."""
        if self._stop is not None:
            self._call(self._stop.set)

    def cancel(self) -> None:
        """End it at once; it still closes what it holds."""
        if self._task is not None:
            self._call(self._task.cancel)

    def _call(self, function: Callable[[], object]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            return  # the loop is closed: it is over

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self.failure = self.failure or error
        finally:
            self._ready.set()
            self._events.put(None)

    async def _run(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._stop = asyncio.Event()
        self._ready.set()
        try:
            self.result = await self._work(self._events.put, self._stop)
        except asyncio.CancelledError:
            self.failure = KeyboardInterrupt()
