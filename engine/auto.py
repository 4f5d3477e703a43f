"""Headless: make proven tasks from a gold environment with nobody watching, and take up where it stopped."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine import commit
from engine.agents.expedition import Expedition
from engine.agents.model import Agent
from engine.attempts import as_they_end, in_order
from engine.crew import Crew, Saboteurs, remembered, unfinished
from engine.errors import CligymError, EngineError, LimitReached
from engine.exploration import Exploration, Moment, ready
from engine.gold import large, store
from engine.ledger import Budget, Steps
from engine.models.conversation import Conversation
from engine.models.reach import Minds, reach
from engine.models.service import Service
from engine.proof.gate import Candidate
from engine.report import write as report
from engine.resume import Place, branch_name, listed, take_up
from engine.revive import moments
from engine.sandbox.client import Engine, connect
from engine.tasks.model import Task
from engine.writer import Writer
from sessions import events
from sessions.errors import SessionsError
from sessions.journal import read
from sessions.model import Branch

AGENTS = ("saboteur", "claude")

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
    minds: Minds | None = None
    """The models, for an agent that is one."""
    budget: Budget = field(default_factory=Budget)
    max_steps: int | None = None
    """Commands of a model in the whole session."""
    batch: bool = False
    """Whether what a model writes once may take hours, for half the price."""


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
        reached = reach(order.minds, order.budget) if order.minds else None
        with take_up(order.gold, order.out, order.agent, order.seed, watch) as place:
            if order.minds is None or reached is None:
                return await _Batch(order, engine, place, began, Saboteurs(place.campaign)).run(stop)
            async with contextlib.aclosing(reached):
                service = reached.service(place.session.journal.append)
                crew = _expedition(order, order.minds, place, service)
                happened = list(read(place.session.journal.path))
                reached.purse.recall(happened)
                service.recall(happened)
                remembered(happened, crew)
                left = unfinished(happened, service.note)
                writer = Writer(service, order.minds.model, order.batch)
                return await _Batch(order, engine, place, began, crew, left, writer).run(stop)


def _expedition(order: Order, minds: Minds, place: Place, service: Service) -> Expedition:
    facts, steps = large.facts(place.gold), Steps(order.max_steps)
    held = listed(place.out, order.gold)
    return Expedition(place.gold, facts, service, minds, order.seed, steps=steps, held=held)


@dataclass
class _Attempt:
    """How one attempt ended."""

    agent: Agent
    task: Task | None = None


@dataclass
class _Batch:
    """One run under way."""

    order: Order
    engine: Engine
    place: Place
    began: float
    crew: Crew
    left: list[tuple[Branch, Conversation]] = field(default_factory=list)
    """Of a model's session: the branches an earlier process did not finish."""
    writer: Writer | None = None
    tasks: list[str] = field(default_factory=list)
    limit: str = ""
    """The limit of the user's that was reached."""

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
        work = asyncio.create_task(self._work())
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
        if self.limit:
            return LIMIT, self.limit
        return SHORT, self.crew.idle

    async def _work(self) -> None:
        """First what an earlier process left, then attempts in order."""
        again = [self._again(branch, talk) for branch, talk in self.left]
        await as_they_end(again, lambda attempt: attempt is not None and self._learn(-1, attempt))
        if not self._enough():
            await in_order(window(self.order.workers), self.place.attempts, self._begin, self._learn)

    def _enough(self) -> bool:
        return len(self.tasks) >= self.order.tasks

    def _begin(self, number: int) -> Coroutine[None, None, _Attempt] | None:
        name = branch_name(number)
        agent = None if self.limit else self.crew.begin(number, name)
        return self._attempt(name, agent) if agent is not None else None

    async def _again(self, branch: Branch, talk: Conversation) -> _Attempt | None:
        """An attempt of an earlier process, from where its model was told last."""
        assert isinstance(self.crew, Expedition)
        try:
            past = await moments(self.exploration, branch, talk.step)
        except EngineError as error:
            await self.exploration.excuse(error)
            text = f"{branch.id} cannot go on: {error}"
            self.place.session.journal.append(events.Remark(branch=branch.id, text=text, level="warning"))
            return None
        baseline = self.place.gold.baseline
        after = {one.step: one.report.broken(baseline) for one in past if one.report is not None}
        return await self._attempt(
            branch.id, self.crew.again(talk, after), past, max(branch.steps, default=0)
        )

    def _learn(self, number: int, attempt: _Attempt) -> bool:
        """Take an attempt in, in order: this is where a proven task is written, so none is too many."""
        proven = attempt.task is not None
        if attempt.task is not None and not self._enough():
            path = commit.publish(self.exploration, attempt.task, self.place.out)
            proven = path is not None
            self.tasks += [str(path)] if path else []
        self.crew.end(number, attempt.agent, committed=proven)
        return self._enough()

    async def _attempt(
        self, name: str, agent: Agent, past: Sequence[Moment] = (), steps: int = 0
    ) -> _Attempt:
        attempt = _Attempt(agent)
        async with self.slots:
            began = time.monotonic()
            candidate = await self._candidate(name, agent, past, steps)
            if candidate is not None:
                attempt.task = await commit.proven(
                    self.exploration,
                    candidate,
                    self.order.seed,
                    began,
                    alone=self.order.alone,
                    out=self.place.out,
                    reject_trivial=self.order.reject_trivial,
                    writer=self.writer,
                )
        return attempt

    async def _candidate(
        self, name: str, agent: Agent, past: Sequence[Moment], steps: int
    ) -> Candidate | None:
        """What the agent makes of a fresh branch. Its container goes before the proof, which needs none.

        Raises:
            EngineError: the engine fails, not only what became of this branch.
        """
        try:
            branch = await self.exploration.open(name, past=past)
            branch.steps = steps
        except EngineError as error:
            # Nothing was broken yet: if it is not the engine, it is what every attempt begins from.
            await self.exploration.excuse(error)
            raise
        outcome, detail = "abandoned", ""
        try:
            candidate = await self.exploration.explore(branch, agent)
            outcome = "nominated" if candidate else "barren"
            return candidate
        except LimitReached as limit:
            self.limit = detail = str(limit)
            return None
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
