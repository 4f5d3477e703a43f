"""Solvers on tasks, several at a time: each task a session with a branch for each attempt, and a record."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from engine.errors import CligymError, EngineError, LimitReached, ModelError, OutputError, UsageError
from engine.exploration import Exploration
from engine.models.service import Service
from engine.proof.together import together
from engine.repair import baseline, claude, oracle, results
from engine.repair.attempt import Allowance, Attempt
from engine.repair.environment import HINTS, Environment, begun, built, digest, whole
from engine.repair.models import Choice, Models, models
from engine.repair.solver import Solver
from engine.sandbox.client import Engine, connect
from engine.tasks.exported import Exported
from sessions import events
from sessions.errors import SessionsError
from sessions.library import Library, Session
from sessions.repairs import SOLVED, Attempted, Tally

COMMAND_SECONDS = 300.0
"""What one command of a solver may take; a solution gets as much in a proof."""


@dataclass(frozen=True)
class Order:
    """What is to be tried."""

    tasks: Sequence[Path]
    """Directories of exported tasks, each once."""
    solver: str
    attempts: int = 1
    """At each task, on top of those that were made before."""
    workers: int = 1
    """Attempts at a time."""
    hint: str = "none"
    allowance: Allowance = field(default_factory=Allowance)
    choice: Choice | None = None
    """The model, for a solver that is one."""


@dataclass
class Outcome:
    """What came of an order."""

    attempts: list[Attempted] = field(default_factory=list)
    """In the order they ended."""
    unready: dict[str, str] = field(default_factory=dict)
    """Tasks that could not be tried, each with why."""
    limit: str = ""
    """The limit that ended the run, if one did."""


@dataclass(frozen=True)
class Station:
    """Where a solver is put to work: all it may look at."""

    environment: Environment
    exploration: Exploration
    branch: str
    instruction: str
    models: Models | None = None
    service: Service | None = None
    """The session's, for a solver that is a model."""


Recruit = Callable[[Station], Solver]


def _model(at: Station) -> Solver:
    assert at.models is not None
    assert at.service is not None
    return at.models.solver(at.service, at.branch, at.instruction)


RECRUITS: dict[str, Recruit] = {
    oracle.NAME: lambda at: oracle.Oracle(at.environment.solution),
    baseline.NAME: lambda at: baseline.Baseline(at.environment.task.gold.test),
    claude.NAME: _model,
}
"""Makes the solver of one attempt, by name."""


async def run(order: Order, watch: Callable[[Attempted], None] = lambda attempted: None) -> Outcome:
    """Try the tasks; `watch` is told each attempt as it ends, when its record is written.

    Raises:
        UsageError: nothing was begun.
        EngineError, ModelError, OutputError: what failed for all; what had ended by then is recorded.
    """
    if order.solver not in RECRUITS or order.hint not in HINTS:
        raise UsageError(f"there is no solver {order.solver} or no hint {order.hint}")
    tasks = [whole(directory) for directory in order.tasks]
    async with contextlib.AsyncExitStack() as stack:
        found = None
        if order.solver == claude.NAME:
            if order.choice is None:
                raise UsageError("no model was named", "name one with --model")
            found = await stack.enter_async_context(models(order.choice))
        batch = _Batch(order, watch, found)
        engine = await stack.enter_async_context(connect())
        try:
            await together(*(batch.task(engine, task) for task in tasks))
        finally:
            for out in dict.fromkeys(results.collection(task.directory) for task in tasks):
                with contextlib.suppress(CligymError):  # it is made of what is recorded, and made again
                    results.summarise(out)
    return batch.outcome


@dataclass
class _Batch:
    order: Order
    watch: Callable[[Attempted], None]
    models: Models | None = None
    outcome: Outcome = field(default_factory=Outcome)
    broken: bool = False
    """Whether the model's service has failed for good: then nothing more is begun."""

    def __post_init__(self) -> None:
        # A task whose turn has not come is not built, else all images would lie there at once.
        self.open = asyncio.Semaphore(self.order.workers)
        self.slots = asyncio.Semaphore(self.order.workers)

    async def task(self, engine: Engine, found: Exported) -> None:
        """One session: build the task, and try it as often as was asked for."""
        async with self.open:
            with Library().create() as session:
                one = _Task(self, engine, found, session)
                session.journal.subscribe(one.tally.take)
                outcome, detail = "interrupted", ""
                try:
                    await one.run()
                    solved = any(each.outcome == SOLVED for each in one.tally.repairs())
                    outcome = "goal" if solved else "short"
                except CligymError as error:
                    outcome, detail = "failed", str(error)
                    if isinstance(error, OutputError | ModelError):
                        raise
                    if isinstance(error, EngineError):
                        await engine.api("_ping")
                    self.outcome.unready[str(found.directory)] = detail
                finally:
                    with contextlib.suppress(SessionsError):  # perhaps it was the journal that failed
                        session.journal.append(events.SessionEnded(outcome=outcome, detail=detail))


@dataclass
class _Task:
    batch: _Batch
    engine: Engine
    found: Exported
    session: Session
    tally: Tally = field(default_factory=Tally)
    service: Service | None = None

    async def run(self) -> None:
        order, journal = self.batch.order, self.session.journal
        journal.append(begun(self.found, self.session.id, order.solver))
        async with built(self.engine, self.found, self.session.id) as environment:
            environment.instruction(order.hint)  # a hint it does not have is no attempt
            gold = environment.task.gold
            exploration = Exploration(
                self.engine,
                replace(gold, image=environment.image),
                environment.tree,
                journal,
                self.session.id,
                command_timeout=COMMAND_SECONDS,
                repairs=True,
            )
            if self.batch.models is not None:
                self.service = self.batch.models.service(journal.append)
            try:
                numbers = range(1, order.attempts + 1)
                await together(*(self._attempt(exploration, environment, number) for number in numbers))
            finally:
                await asyncio.shield(exploration.end())

    async def _attempt(self, exploration: Exploration, environment: Environment, number: int) -> None:
        order, branch = self.batch.order, f"r{number}"
        async with self.batch.slots:
            if self.batch.broken or self._spent():
                return
            told = environment.instruction(order.hint)
            station = Station(environment, exploration, branch, told, self.batch.models, self.service)

            def recruited() -> Solver:
                return RECRUITS[order.solver](station)

            attempt = Attempt(
                exploration,
                environment,
                recruited,
                branch,
                order.hint,
                number,
                order.allowance,
                order.solver,
            )
            try:
                await attempt.run()
            except ModelError:
                self.batch.broken = True
                raise
            finally:
                self._record(branch)

    def _spent(self) -> bool:
        """Whether the purse is empty: then nothing more is begun."""
        try:
            if self.service is not None:
                self.service.ledger.check()
        except LimitReached as reached:
            self.batch.outcome.limit = str(reached)
        return bool(self.batch.outcome.limit)

    def _record(self, branch: str) -> None:
        made = self.tally.repair(branch)
        if made is not None and made.outcome:
            made = replace(made, digest=digest(self.found))
            results.record(results.collection(self.found.directory), made)
            self.batch.outcome.attempts.append(made)
            self.batch.watch(made)
        self._spent()
