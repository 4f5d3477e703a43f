"""A session at work on a thread and a loop of its own, for a screen on another: wishes in, events out.

A stalled terminal blocks the screen's loop for seconds; the engine must not feel it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Generic, TypeVar

from engine.errors import CligymError
from engine.ledger import Budget
from engine.outbox import Outbox
from sessions import events
from sessions.errors import SessionsError
from sessions.library import Library, Session
from sessions.summary import JOURNAL_NAME

To = TypeVar("To")
"""Who grants wishes, on the engine's loop."""


class Apart(ABC, Generic[To]):
    """One session. Its methods may be called from any thread and return at once."""

    limit = 0
    """Steps of one branch after which its agent rests; 0 for none."""
    budget = Budget()
    """What models may take."""

    def __init__(self, session: Session | None = None, happened: Iterable[events.Event] = ()) -> None:
        """Hold a session, a new one unless one is given, and what happened in it for whoever drains."""
        self._session = session or Library().create()
        self.session = self._session.id
        self.journal_path = self._session.directory / JOURNAL_NAME
        self._outbox = Outbox()
        for event in happened:
            self._outbox.put(event)
        self._session.journal.subscribe(self._outbox.put)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self.ending = asyncio.Event()
        """Set, on the engine's loop, it ends the session in good order."""
        self._wishes: asyncio.Queue[Callable[[To], Coroutine[Any, Any, None]]] = asyncio.Queue()
        self._thread = threading.Thread(target=self._main, name=f"engine {self.session}", daemon=True)
        self.over = False
        """Whether it has ended, for whatever reason."""
        self.failure: BaseException | None = None
        """Why it ended, when that was not the operator's wish."""

    def start(self) -> None:
        """Let it begin; from here on wishes are heard."""
        self._thread.start()
        self._ready.wait()

    def drain(self, limit: int = 2000) -> list[events.Event]:
        """The events since the last call, at most `limit` of them."""
        return self._outbox.take(limit)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End it in good order; a wish that is being granted is given up."""
        self._soon(self.ending.set)

    def wish(self, wish: Callable[[To], Coroutine[Any, Any, None]]) -> None:
        """Have something done on the engine's loop, after what was wished before."""
        self._soon(lambda: self._wishes.put_nowait(wish))

    def fail(self, error: BaseException) -> None:
        """End it for a reason that its journal does not have, so that the operator gets to know it."""
        self.failure = self.failure or error
        self.stop()

    def _soon(self, call: Callable[[], None]) -> None:
        if self._loop is not None and not self.over:
            with contextlib.suppress(RuntimeError):  # it has ended meanwhile
                self._loop.call_soon_threadsafe(call)

    # The engine's thread.

    @abstractmethod
    async def work(self) -> None:
        """All of the session, from its first event on; `serve` is the middle of it."""

    @abstractmethod
    def outcome(self) -> str:
        """What the session has come to, when nothing failed."""

    def record(self) -> None:
        """Keep what is kept outside the journal, when the session is over."""

    async def serve(
        self,
        to: To,
        lost: Callable[[], bool] = lambda: False,
        beside: Coroutine[Any, Any, None] | None = None,
    ) -> None:
        """Do what is wished, in order, until the session is to end.

        Args:
            to: who grants it.
            lost: whether there is nothing left to work with: then an error is no longer only a remark.
            beside: what is to be done meanwhile, and is given up at the end.

        Raises:
            CligymError: that error, or one of what is done beside.
        """
        ending = asyncio.create_task(self.ending.wait())
        tasks = {ending, asyncio.create_task(self._grant(to, lost))}
        if beside is not None:
            tasks.add(asyncio.create_task(beside))
        due = set(tasks)
        try:
            while not ending.done():
                done, due = await asyncio.wait(due, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _grant(self, to: To, lost: Callable[[], bool]) -> None:
        while True:
            wish = await self._wishes.get()
            try:
                await wish(to)
            except CligymError as error:
                if lost():
                    raise
                self._session.journal.append(events.Remark(text=str(error), level="warning"))

    def _main(self) -> None:
        try:
            asyncio.run(self._begun())
        except BaseException as error:
            self.failure = self.failure or error
        finally:
            self._ready.set()
            self._finish()

    async def _begun(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self.work()

    def _finish(self) -> None:
        outcome, detail = ("failed", str(self.failure)) if self.failure else (self.outcome(), "")
        try:
            with self._session:
                self._session.journal.append(events.SessionEnded(outcome=outcome, detail=detail))
                self.record()
        except (CligymError, SessionsError) as error:
            self.failure = self.failure or error
        finally:
            self.over = True
