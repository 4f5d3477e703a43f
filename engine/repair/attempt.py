"""One attempt at a task: a fresh container, a solver at its shell, and at the end the task's own grader."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine import clean
from engine.errors import CligymError, EngineError, LimitReached, ModelError
from engine.exploration import Branch, Exploration, Moment
from engine.proof.grading import judged
from engine.repair.environment import Environment, instruction
from engine.repair.solver import GiveUp, Proposal, Solver, Stopped, Submit
from engine.tasks.harbor import AGENT_SECONDS
from engine.tasks.model import Task
from sessions import events
from sessions.repairs import FAILED, GAVE_UP, LIMIT, SOLVED, UNSOLVED

LOG = 2048
"""Characters of the grader's words that are kept."""


@dataclass(frozen=True)
class Allowance:
    """What one attempt may take."""

    steps: int = 100
    seconds: float = AGENT_SECONDS
    """Until it is graded as it is; the task's own limit."""


def given(
    task: Task, directory: Path, branch: str, solver: str, hint: str = "none", number: int = 1
) -> events.RepairStarted:
    """That a solver is given a task, and what it is told.

    Raises:
        UsageError: the task has no such hint.
    """
    return events.RepairStarted(
        branch=branch,
        task=task.id,
        path=str(directory),
        solver=solver,
        hint=hint,
        attempt=number,
        instruction=instruction(task, hint),
    )


@dataclass(frozen=True)
class Past:
    """What an earlier process did of an attempt."""

    moments: Sequence[Moment]
    """Where the branch stood after its steps."""
    steps: int
    """Number of the last step."""
    seconds: float
    """What it took so far."""


@dataclass
class Attempt:
    """A solver on a branch of a repair session."""

    exploration: Exploration
    environment: Environment
    recruit: Callable[[], Solver] | None
    """Makes the solver, once the container stands; None for a person, who needs no `run`, only the grade."""
    branch: str
    hint: str = "none"
    number: int = 1
    allowance: Allowance = field(default_factory=Allowance)
    solver: str = ""
    """Its name."""
    past: Past | None = None
    """Of an attempt that goes on."""

    async def run(self) -> None:
        """From the start to the verdict, all of it in the journal; what the container ends has failed.

        Raises:
            EngineError: the engine is at fault, not this container.
            ModelError: the model's service failed for good; the attempt can go on from there.
        """
        past = self.past
        if past is None:
            task, directory = self.environment.task, self.environment.directory
            begun = given(task, directory, self.branch, self.solver, self.hint, self.number)
            self.exploration.journal.append(begun)
        try:
            branch = await self.exploration.open(self.branch, past=past.moments if past else ())
        except EngineError as error:
            await self.exploration.excuse(error)
            self._failed(0, error)
            return
        branch.steps = past.steps if past else 0
        outcome, detail = "abandoned", ""
        try:
            assert self.recruit is not None
            solver = self.recruit()
            if solver.brings:
                await branch.sandbox.put(solver.brings)
            ended, why = await self._solve(branch, solver)
            await self.grade(branch, ended, why)
            outcome = "graded"
        except EngineError as error:
            await self.exploration.excuse(error)
            self._failed(branch.steps, error)
            outcome, detail = "failed", str(error)
        except ModelError as error:
            detail = str(error)
            raise
        finally:
            await asyncio.shield(self.exploration.close(branch, outcome, detail))

    async def _solve(self, branch: Branch, solver: Solver) -> tuple[str, str]:
        """Let the solver work; how it ended, should the grader not find it repaired."""
        left = self.allowance.seconds - (self.past.seconds if self.past else 0.0)
        try:
            async with asyncio.timeout(left):
                while branch.steps < self.allowance.steps:
                    match await solver.propose():
                        case Proposal() as proposal:
                            solver.observe(await self.exploration.step(branch, proposal))
                        case Submit(reason=reason):
                            return UNSOLVED, reason
                        case GiveUp(reason=reason):
                            return GAVE_UP, reason
                        case Stopped(outcome=outcome, reason=reason):
                            return outcome, reason
        except TimeoutError:
            return LIMIT, f"{self.allowance.seconds:g} seconds are over"
        except LimitReached as reached:
            return LIMIT, str(reached)
        return LIMIT, f"{self.allowance.steps} steps are done"

    async def grade(self, branch: Branch, ended: str, why: str = "") -> None:
        """Have the container graded where it stands, the way a client does; nothing else runs in it then."""
        environment, began = self.environment, time.monotonic()
        test = environment.task.gold.test
        async with self.exploration.engine.suite_slots:
            reward, said = await judged(branch.sandbox, environment.tests, test)
        log = clean.block(said.decode("utf-8", "replace"), LOG)
        solved = reward == 1
        self.exploration.journal.append(
            events.RepairGraded(
                branch=branch.name,
                step=branch.steps,
                reward=reward or 0.0,
                outcome=SOLVED if solved else ended,
                detail=why if why or solved else _last(log),
                log=log,
                failing=self._failing(log),
                seconds=time.monotonic() - began,
            )
        )

    def _failing(self, log: str) -> tuple[str, ...]:
        """Required tests of which the grader's log says that they did not pass."""
        contract = self.environment.task.contract
        lines = log.splitlines()
        return tuple(
            test
            for test in (*contract.f2p, *contract.p2p)
            if any(line.startswith(f"{test} ") for line in lines)
        )

    def _failed(self, step: int, error: CligymError) -> None:
        self.exploration.journal.append(
            events.RepairGraded(branch=self.branch, step=step, reward=0.0, outcome=FAILED, detail=str(error))
        )


def _last(log: str) -> str:
    """The grader's last finding: after it, there is only the reward."""
    lines = [line for line in log.splitlines() if line.strip() and not line.startswith("reward ")]
    return lines[-1] if lines else ""
