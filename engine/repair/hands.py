"""A person as solver: a task's container on a thread and a loop of its own, for a screen on another.

What is typed goes to the shell as it comes; every time the keyboard is given back, what it changed becomes a
step. Submitting has the container graded where it stands, and ends the session.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.errors import CligymError
from engine.exploration import Branch, Exploration
from engine.outbox import Outbox
from engine.repair import results
from engine.repair.attempt import Attempt
from engine.repair.environment import begun, built, digest, whole
from engine.sandbox.client import connect
from sessions import events
from sessions.errors import SessionsError
from sessions.library import Library
from sessions.repairs import GAVE_UP, SOLVED, UNSOLVED, Tally
from sessions.summary import JOURNAL_NAME

OPERATOR = "operator"
BRANCH = "r1"

Wish = Callable[["Desk"], Coroutine[Any, Any, None]]


class Desk:
    """The container a person works in; on the engine's loop."""

    def __init__(self, exploration: Exploration, attempt: Attempt, branch: Branch) -> None:
        self.exploration, self.attempt, self.branch = exploration, attempt, branch
        self.taken = False
        self.graded = asyncio.Event()

    async def take_over(self) -> None:
        """The keyboard, please."""
        if not self.taken:
            self.taken = True
            self._say(events.TakenOver(branch=self.branch.name))

    async def type(self, data: bytes) -> None:
        """Keys for the shell."""
        if self.taken:
            self._say(events.KeysTyped(branch=self.branch.name, data=data))
            await self.branch.shell.type(data)

    async def hand_back(self) -> None:
        """Done with the keyboard: what the hands changed becomes a step."""
        if not self.taken:
            return
        self.taken = False
        whole = await self.branch.shell.regain()
        self.branch.transcript.end()
        if not whole:
            text = "what still ran in the shell was ended"
            self._say(events.Remark(branch=self.branch.name, text=text, level="warning"))
        feedback = await self.exploration.adopt(self.branch)
        self._say(events.HandedBack(branch=self.branch.name, step=feedback.step if feedback else 0))

    async def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        if self.branch.shell.size != (rows, columns):
            await self.branch.shell.resize(rows, columns)
            self._say(events.ShellResized(branch=self.branch.name, rows=rows, columns=columns))

    async def grade(self, ended: str) -> None:
        """Have it graded as it is; `ended` is said of it when it is not repaired."""
        await self.hand_back()
        await self.attempt.grade(self.branch, ended)
        self.graded.set()

    def _say(self, event: events.Event) -> None:
        self.exploration.journal.append(event)


class Hands:
    """One attempt of a person's. Its methods may be called from any thread and return at once."""

    limit = 0

    def __init__(self, directory: Path, hint: str = "none") -> None:
        """Check what can be checked; nothing runs yet.

        Raises:
            UsageError: there is no task, or it was changed since it was proven.
        """
        self._found, self._hint = whole(directory), hint
        self._session = Library().create()
        self.session = self._session.id
        self.journal_path = self._session.directory / JOURNAL_NAME
        self._outbox, self._tally = Outbox(), Tally()
        self._session.journal.subscribe(self._outbox.put)
        self._session.journal.subscribe(self._tally.take)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._wishes: asyncio.Queue[Wish] = asyncio.Queue()
        self._thread = threading.Thread(target=self._main, name=f"engine {self.session}", daemon=True)
        self.over = False
        """Whether it has ended, for whatever reason."""
        self.failure: BaseException | None = None
        """Why it ended, when that was not the person's wish."""

    @property
    def solved(self) -> bool:
        """Whether the grader took it."""
        made = self._tally.repair(BRANCH)
        return made is not None and made.outcome == SOLVED

    def start(self) -> None:
        """Build the task and open its container."""
        self._thread.start()

    def drain(self, limit: int = 2000) -> list[events.Event]:
        """The events since the last call, at most `limit` of them."""
        return self._outbox.take(limit)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def take_over(self, branch: str) -> None:
        """See `Desk.take_over`."""
        self._wish(lambda at: at.take_over())

    def type(self, branch: str, data: bytes) -> None:
        """See `Desk.type`."""
        self._wish(lambda at: at.type(data))

    def hand_back(self, branch: str) -> None:
        """See `Desk.hand_back`."""
        self._wish(lambda at: at.hand_back())

    def resize(self, branch: str, rows: int, columns: int) -> None:
        """See `Desk.resize`."""
        self._wish(lambda at: at.resize(rows, columns))

    def submit(self) -> None:
        """Have it graded."""
        self._wish(lambda at: at.grade(UNSOLVED))

    def give_up(self) -> None:
        """Have it graded all the same, and say that it was given up."""
        self._wish(lambda at: at.grade(GAVE_UP))

    def stop(self) -> None:
        """End it without a grade."""
        if self._loop is not None and not self.over:
            self._loop.call_soon_threadsafe(self._stop.set)

    def _wish(self, wish: Wish) -> None:
        if self._loop is not None and not self.over:
            self._loop.call_soon_threadsafe(self._wishes.put_nowait, wish)

    # The engine's thread.

    def _main(self) -> None:
        try:
            asyncio.run(self._work())
        except BaseException as error:
            self.failure = error
        finally:
            self._finish()

    def _finish(self) -> None:
        outcome, detail = ("failed", str(self.failure)) if self.failure else ("short", "")
        try:
            self._session.journal.append(
                events.SessionEnded(outcome="goal" if self.solved else outcome, detail=detail)
            )
            made = self._tally.repair(BRANCH)
            if made is not None and made.outcome:
                out = results.collection(self._found.directory)
                results.record(out, replace(made, digest=digest(self._found)))
                results.summarise(out)
        except (CligymError, SessionsError) as error:
            self.failure = self.failure or error
        finally:
            self._session.close()
            self.over = True

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        journal = self._session.journal
        journal.append(begun(self._found, self.session, OPERATOR))
        async with connect() as engine, built(engine, self._found, self.session) as environment:
            gold = environment.task.gold
            environment.instruction(self._hint)
            exploration = Exploration(
                engine,
                replace(gold, image=environment.image),
                environment.tree,
                journal,
                self.session,
                repairs=True,
            )
            attempt = Attempt(exploration, environment, None, BRANCH, self._hint, solver=OPERATOR)
            attempt.started()
            try:
                branch = await exploration.open(BRANCH)
                desk = Desk(exploration, attempt, branch)
                try:
                    await desk.take_over()
                    await self._serve(desk)
                finally:
                    outcome = "graded" if desk.graded.is_set() else "abandoned"
                    await asyncio.shield(exploration.close(branch, outcome))
            finally:
                await asyncio.shield(exploration.end())

    async def _serve(self, desk: Desk) -> None:
        """Do what is wished, in order, until it is graded or to be ended."""
        stop = asyncio.create_task(self._stop.wait())
        try:
            while not desk.graded.is_set():
                wish = asyncio.create_task(self._wishes.get())
                await asyncio.wait({wish, stop}, return_when=asyncio.FIRST_COMPLETED)
                if stop.done():
                    wish.cancel()
                    return
                await self._done(desk, wish.result())
        finally:
            stop.cancel()

    async def _done(self, desk: Desk, wish: Wish) -> None:
        try:
            await wish(desk)
        except CligymError as error:
            if desk.branch.sandbox.lost:
                raise
            self._session.journal.append(events.Remark(text=str(error), level="warning"))
