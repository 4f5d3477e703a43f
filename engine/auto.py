"""Headless: make proven tasks from a gold environment with nobody watching, and take up where it stopped."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

from engine import commit
from engine.agents.campaign import Exhausted
from engine.agents.saboteur import Saboteur
from engine.attempts import in_order
from engine.errors import CligymError, EngineError
from engine.exploration import Exploration, ready
from engine.gold import store
from engine.proof.gate import Candidate
from engine.report import write as report
from engine.resume import Place, branch_name, take_up
from engine.sandbox.client import Engine, connect
from engine.tasks.model import Task
from sessions import events
from sessions.errors import SessionsError

AGENTS = ("saboteur",)

GOAL, SHORT, LIMIT, INTERRUPTED, FAILED = "goal", "short", "limit", "interrupted", "failed"
EXIT_CODES = {GOAL: 0, SHORT: 1, LIMIT: 5, INTERRUPTED: 130}
"""Of the ways a run ends in good order."""


def window(workers: int) -> int:
    """Attempts begun and not yet taken in: one worker learns from each before the next."""
    return workers if workers == 1 else 2 * workers


@dataclass(frozen=True)
class Order:
    """What a headless run is to make."""

    gold: str
    tasks: int = 1
    """Tasks of this gold environment there shall be in `out` at the end, earlier ones included."""
    agent: str = "saboteur"
    seed: int = 0
    workers: int = 1
    max_minutes: float | None = None
    out: Path = Path("tasks")
    alone: bool = False
    """Whether tasks stand on no gold image but on what that is made from."""
    reject_trivial: bool = False
    """Whether what a repair without a look solves is no task."""


async def run(order: Order, watch: Callable[[events.Event], None], stop: asyncio.Event) -> events.Result:
    """Make the tasks; every event goes to the session's journal and to `watch`.

    Setting `stop` ends the run in good order. The same order given again goes on where it stopped.

    Raises:
        UsageError, GoldError, OutputError: nothing was begun.
        EngineError: Docker failed; everything up to there is kept.
    """
    began = time.monotonic()
    async with connect() as engine:
        await ready(engine, store.load(order.gold))
        with take_up(order.gold, order.out, order.agent, order.seed, watch) as place:
            return await _Batch(order, engine, place, began).run(stop)


@dataclass
class _Attempt:
    """How one attempt ended."""

    saboteur: Saboteur
    task: Task | None = None


@dataclass
class _Batch:
    """One run under way."""

    order: Order
    engine: Engine
    place: Place
    began: float
    tasks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.slots = asyncio.Semaphore(self.order.workers)

    async def run(self, stop: asyncio.Event) -> events.Result:
        place, journal = self.place, self.place.session.journal
        self.tasks = [str(path) for path in place.tasks]
        self.exploration = Exploration(self.engine, place.gold, place.tree, journal, place.session.id)
        try:
            outcome, detail = await self._until(stop)
        except (CligymError, SessionsError) as error:
            with contextlib.suppress(SessionsError):  # perhaps it was the journal that failed
                journal.append(events.SessionEnded(outcome=FAILED, detail=str(error)))
            raise
        finally:
            await asyncio.shield(self.exploration.end())
        await self._report()
        journal.append(events.SessionEnded(outcome=outcome, detail=detail))
        return self._result(outcome, detail)

    async def _report(self) -> None:
        """What is written for people; where it cannot be, the tasks are there all the same."""
        try:
            await asyncio.to_thread(report.write, self.place.out)
        except CligymError as error:
            text = f"the report could not be written: {error}"
            self.place.session.journal.append(events.Remark(text=text, level="warning"))

    async def _until(self, stop: asyncio.Event) -> tuple[str, str]:
        """Work until the goal, a limit, the end of ideas or `stop`; the outcome and its detail."""
        if self._enough():
            return GOAL, ""
        await self.exploration.prepare()
        work = asyncio.create_task(
            in_order(window(self.order.workers), self.place.attempts, self._begin, self._learn)
        )
        halt = asyncio.create_task(stop.wait())
        left = None
        if self.order.max_minutes is not None:
            left = max(0.0, self.order.max_minutes * 60 - (time.monotonic() - self.began))
        try:
            await asyncio.wait({work, halt}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            halt.cancel()
            ended = work.done()
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        if self._enough():
            return GOAL, ""
        if stop.is_set():
            return INTERRUPTED, "stopped by the user"
        if not ended:
            return LIMIT, f"{self.order.max_minutes:g} minutes are over"
        return SHORT, "every fault that fits this gold environment has been tried"

    def _enough(self) -> bool:
        return len(self.tasks) >= self.order.tasks

    def _begin(self, number: int) -> Coroutine[None, None, _Attempt] | None:
        try:
            plan = self.place.campaign.begin(number)
        except Exhausted:
            return None
        return self._attempt(branch_name(number), Saboteur(plan))

    def _learn(self, number: int, attempt: _Attempt) -> bool:
        """Take an attempt in, in order: this is where a proven task is written, so none is too many."""
        proven = attempt.task is not None
        if attempt.task is not None and not self._enough():
            path = commit.publish(self.exploration, attempt.task, self.place.out)
            proven = path is not None
            self.tasks += [str(path)] if path else []
        self.place.campaign.end(number, attempt.saboteur.outcome(proven))
        return self._enough()

    async def _attempt(self, name: str, saboteur: Saboteur) -> _Attempt:
        attempt = _Attempt(saboteur)
        async with self.slots:
            began = time.time()
            candidate = await self._candidate(name, attempt)
            if candidate is not None:
                attempt.task = await commit.proven(
                    self.exploration,
                    candidate,
                    self.order.seed,
                    began,
                    alone=self.order.alone,
                    out=self.place.out,
                    reject_trivial=self.order.reject_trivial,
                )
        return attempt

    async def _candidate(self, name: str, attempt: _Attempt) -> Candidate | None:
        """What the saboteur makes of a fresh branch. Its container goes before the proof, which needs none.

        Raises:
            EngineError: the engine fails, not only what became of this branch.
        """
        try:
            branch = await self.exploration.open(name)
        except EngineError as error:
            # Nothing was broken yet: if it is not the engine, it is what every attempt begins from.
            await self.exploration.excuse(error)
            raise
        outcome, detail = "abandoned", ""
        try:
            candidate = await self.exploration.explore(branch, attempt.saboteur)
            outcome = "nominated" if candidate else "barren"
            return candidate
        except EngineError as error:
            await self.exploration.excuse(error)
            outcome, detail = "failed", str(error)
            return None
        finally:
            await asyncio.shield(self.exploration.close(branch, outcome, detail))

    def _result(self, outcome: str, detail: str) -> events.Result:
        return events.Result(
            exit_code=EXIT_CODES[outcome],
            outcome=outcome,
            detail=detail,
            tasks=tuple(self.tasks),
            seconds=time.monotonic() - self.began,
            session=self.place.session.id,
        )
