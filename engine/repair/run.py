"""Solvers on tasks, several at a time: each task a session with a branch for each attempt, and a record."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from engine import hints
from engine.errors import CligymError, EngineError, LimitReached, ModelError, OutputError, UsageError
from engine.exploration import Exploration
from engine.models.conversation import Conversation, rebuilt
from engine.models.reach import Reached, reach
from engine.models.service import Service
from engine.proof.together import together
from engine.repair import claude, results
from engine.repair.attempt import Attempt, Past
from engine.repair.environment import Environment, begun, built, digest, instruction, whole
from engine.repair.order import Order, Outcome, same
from engine.repair.recruits import RECRUITS, Station
from engine.repair.solver import Solver
from engine.repair.standing import Standing, standing
from engine.revive import moments
from engine.sandbox.client import Engine, connect
from engine.tasks.exported import Exported
from sessions import events
from sessions.errors import SessionsError
from sessions.library import Session
from sessions.repairs import SOLVED, Attempted, Tally

COMMAND_SECONDS = 300.0
"""What one command of a solver may take; a solution gets as much in a proof."""


async def run(order: Order, watch: Callable[[Attempted], None] = lambda attempted: None) -> Outcome:
    """Try the tasks; `watch` is told each attempt as it ends, when its record is written.

    An order that did not come to its end goes on when it is given again.

    Raises:
        UsageError: nothing was begun.
        EngineError, ModelError, OutputError: what failed for all; what had ended by then is recorded.
    """
    if order.solver not in RECRUITS or order.hint not in hints.LEVELS:
        raise UsageError(f"there is no solver {order.solver} or no hint {order.hint}")
    tasks = [whole(directory) for directory in order.tasks]
    async with contextlib.AsyncExitStack() as stack:
        reached = None
        if order.solver == claude.NAME:
            if order.minds is None:
                raise UsageError("no model was named", "name one with --model")
            reached = await stack.enter_async_context(contextlib.aclosing(reach(order.minds, order.budget)))
        place = stack.enter_context(standing(same(order, tasks)))
        if reached is not None:
            reached.purse.recall(place.before())
        batch = _Batch(order, watch, place, reached)
        engine = await stack.enter_async_context(connect())
        try:
            await together(*(batch.task(engine, task) for task in tasks))
        finally:
            for out in dict.fromkeys(results.collection(task.directory) for task in tasks):
                with contextlib.suppress(CligymError):  # it is made of what is recorded, and made again
                    results.summarise(out)
        if not batch.short:
            place.done()
    return batch.outcome


@dataclass
class _Batch:
    order: Order
    watch: Callable[[Attempted], None]
    standing: Standing
    reached: Reached | None = None
    outcome: Outcome = field(default_factory=Outcome)
    broken: bool = False
    """Whether the model's service has failed for good: then nothing more is begun."""
    short: bool = False
    """Whether something was not begun."""

    def __post_init__(self) -> None:
        # A task whose turn has not come is not built, else all images would lie there at once.
        self.open = asyncio.Semaphore(self.order.workers)
        self.slots = asyncio.Semaphore(self.order.workers)

    async def task(self, engine: Engine, found: Exported) -> None:
        """One session: build the task, and try it as often as was asked for."""
        async with self.open:
            session, happened = self.standing.session(found.directory)
            with session:
                one = _Task(self, engine, found, session, happened)
                if happened and not one.left():
                    return
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
    happened: Sequence[events.Event]
    """What earlier processes did."""
    tally: Tally = field(default_factory=Tally)
    service: Service | None = None

    def __post_init__(self) -> None:
        """Know what was done, and keep what ended just before an earlier process did."""
        for event in self.happened:
            self.tally.take(event)
        self.session.journal.subscribe(self.tally.take)
        for made in self.tally.repairs():
            self._record(made.branch)

    def left(self) -> int:
        """Attempts that are still to be made; those that failed count for nothing."""
        return self.batch.order.attempts - sum(each.counts for each in self.tally.repairs())

    async def run(self) -> None:
        order, journal, batch = self.batch.order, self.session.journal, self.batch
        if self.happened:
            open_ = tuple(one.id for one in self.tally.state.branches.values() if one.open)
            journal.append(events.SessionResumed(abandoned=open_))
        else:
            journal.append(begun(self.found, self.session.id, order.solver))
        if batch.reached is not None:
            self.service = batch.reached.service(journal.append)
            self.service.recall(self.happened)
        instruction(self.found.task(), order.hint)  # a hint it does not have is no attempt
        branches = self.tally.state.branches.values()
        known = next((one.image for one in reversed(branches)), "")
        async with built(self.engine, self.found, self.session.id, known, keep=True) as environment:
            exploration = Exploration(
                self.engine,
                replace(environment.task.gold, image=environment.image),
                environment.tree,
                journal,
                self.session.id,
                command_timeout=COMMAND_SECONDS,
                repairs=True,
            )
            try:
                again = await self._cut_off(exploration)
                last = max((one.attempt for one in self.tally.repairs()), default=0)
                fresh = range(last + 1, last + 1 + self.left() - len(again))
                await together(
                    *(self._attempt(exploration, environment, *one) for one in again),
                    *(self._attempt(exploration, environment, number) for number in fresh),
                )
            finally:
                await asyncio.shield(exploration.end())

    async def _cut_off(self, exploration: Exploration) -> list[tuple[int, Past, Conversation]]:
        """Attempts that a model was at when an earlier process ended, as far as they can go on."""
        found: list[tuple[int, Past, Conversation]] = []
        for repair in self.tally.state.repairs.values():
            talk = rebuilt(self.happened, repair.branch, self.session.journal.append)
            branch = self.tally.state.branches.get(repair.branch)
            if repair.outcome or talk is None or branch is None or len(found) == self.left():
                continue
            try:
                stood = await moments(exploration, branch, talk.step)
            except EngineError as error:
                await exploration.excuse(error)
                text = f"{branch.id} cannot go on: {error}"
                self.session.journal.append(events.Remark(branch=branch.id, text=text, level="warning"))
            else:
                past = Past(stood, max(branch.steps, default=0), repair.worked)
                found.append((repair.attempt, past, talk))
        return found

    async def _attempt(
        self,
        exploration: Exploration,
        environment: Environment,
        number: int,
        past: Past | None = None,
        talk: Conversation | None = None,
    ) -> None:
        order, branch = self.batch.order, f"r{number}"
        async with self.batch.slots:
            if self.batch.broken or self._spent():
                self.batch.short = True
                return
            told = instruction(environment.task, order.hint)
            station = Station(environment, exploration, branch, told, order.minds, self.service, talk)

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
                past,
            )
            try:
                await attempt.run()
            except ModelError:
                self.batch.broken = True
                raise
            finally:
                self._record(branch)
                self._spent()

    def _spent(self) -> bool:
        """Whether the purse is empty: then nothing more is begun."""
        try:
            if self.service is not None:
                self.service.ledger.check()
        except LimitReached as reached:
            self.batch.outcome.limit = str(reached)
        return bool(self.batch.outcome.limit)

    def _record(self, branch: str) -> None:
        """Keep a finished attempt beside its task, once, and let it count."""
        made = self.tally.repair(branch)
        if made is None or not made.outcome:
            return
        made = replace(made, digest=digest(self.found))
        self.batch.outcome.attempts.append(made)
        out = results.collection(self.found.directory)
        if all((one.session, one.branch) != (made.session, branch) for one in results.read(out)):
            results.record(out, made)
            self.batch.watch(made)
