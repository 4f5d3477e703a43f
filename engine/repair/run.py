"""Solvers on tasks, several at a time: each task a session with a branch for each attempt, and a record."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from engine.commit import program_version
from engine.errors import CligymError, EngineError, OutputError, UsageError
from engine.exploration import Exploration
from engine.repair import baseline, oracle, results
from engine.repair.attempt import Attempt, Budget
from engine.repair.environment import HINTS, Environment, built, digest, whole
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
    budget: Budget = field(default_factory=Budget)


@dataclass
class Outcome:
    """What came of an order."""

    attempts: list[Attempted] = field(default_factory=list)
    """In the order they ended."""
    unready: dict[str, str] = field(default_factory=dict)
    """Tasks that could not be tried, each with why."""


@dataclass(frozen=True)
class Station:
    """Where a solver is put to work: all it may look at."""

    environment: Environment
    exploration: Exploration
    branch: str
    hint: str


Recruit = Callable[[Station], Solver]

RECRUITS: dict[str, Recruit] = {
    oracle.NAME: lambda at: oracle.Oracle(at.environment.solution),
    baseline.NAME: lambda at: baseline.Baseline(at.environment.task.gold.test),
}
"""Makes the solver of one attempt, by name."""


async def run(order: Order, watch: Callable[[Attempted], None] = lambda attempted: None) -> Outcome:
    """Try the tasks; `watch` is told each attempt as it ends, when its record is written.

    Raises:
        UsageError: nothing was begun.
        EngineError, OutputError: what failed for all; what had ended by then is recorded.
    """
    if order.solver not in RECRUITS or order.hint not in HINTS:
        raise UsageError(f"there is no solver {order.solver} or no hint {order.hint}")
    tasks = [whole(directory) for directory in order.tasks]
    batch = _Batch(order, watch)
    async with connect() as engine:
        try:
            async with asyncio.TaskGroup() as group:
                for task in tasks:
                    group.create_task(batch.task(engine, task))
        finally:
            for out in dict.fromkeys(results.collection(task.directory) for task in tasks):
                with contextlib.suppress(CligymError):  # it is made of what is recorded, and made again
                    results.summarise(out)
    return batch.outcome


@dataclass
class _Batch:
    order: Order
    watch: Callable[[Attempted], None]
    outcome: Outcome = field(default_factory=Outcome)

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
                    if isinstance(error, OutputError):
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

    async def run(self) -> None:
        order, journal = self.batch.order, self.session.journal
        async with built(self.engine, self.found, self.session.id) as environment:
            environment.instruction(order.hint)  # a hint it does not have is no attempt
            gold = environment.task.gold
            journal.append(
                events.SessionStarted(
                    session=self.session.id,
                    gold=gold.name,
                    image=environment.image,
                    agent=order.solver,
                    version=program_version(),
                    tests=gold.baseline,
                )
            )
            exploration = Exploration(
                self.engine,
                replace(gold, image=environment.image),
                environment.tree,
                journal,
                self.session.id,
                command_timeout=COMMAND_SECONDS,
                repairs=True,
            )
            try:
                async with asyncio.TaskGroup() as group:
                    for number in range(1, order.attempts + 1):
                        group.create_task(self._attempt(exploration, environment, number))
            finally:
                await asyncio.shield(exploration.end())

    async def _attempt(self, exploration: Exploration, environment: Environment, number: int) -> None:
        order, branch = self.batch.order, f"r{number}"
        async with self.batch.slots:
            solver = RECRUITS[order.solver](Station(environment, exploration, branch, order.hint))
            attempt = Attempt(exploration, environment, solver, branch, order.hint, number, order.budget)
            await attempt.run()
        made = self.tally.repair(branch)
        if made is not None:
            made = replace(made, digest=digest(self.found))
            results.record(results.collection(self.found.directory), made)
            self.batch.outcome.attempts.append(made)
            self.batch.watch(made)
