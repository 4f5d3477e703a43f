"""What the gates of one candidate share: the rebuilt image, its reports, the task as it would be written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from engine.proof.gate import Candidate, Fell
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.delta import Tree
from engine.sandbox.netns import Namespaces
from engine.suite.report import PASSED, Report
from engine.suite.run import Suite
from engine.tasks.model import Task


@dataclass
class Workbench:
    """One candidate under examination. Close it to remove what it built."""

    engine: Engine
    candidate: Candidate
    tree: Tree
    """The gold image's filesystem."""
    suite: Suite
    namespaces: Namespaces
    draft: Callable[[Workbench], Awaitable[Task]]
    """Makes the task, once the failing tests are known; its gates are filled in at the end."""
    session: str = ""
    rebuilt: str = ""
    """Image built from the exported Dockerfile."""
    reports: tuple[Report, ...] = ()
    """The suite's runs on the rebuilt image."""
    _task: Task | None = None

    @property
    def f2p(self) -> tuple[str, ...]:
        """Baseline tests that fail on the rebuilt image, in order of collection."""
        broken = self._broken()
        return tuple(test for test in self.candidate.gold.baseline if test in broken)

    @property
    def p2p(self) -> tuple[str, ...]:
        """Baseline tests that pass on the rebuilt image."""
        broken = self._broken()
        return tuple(test for test in self.candidate.gold.baseline if test not in broken)

    def _broken(self) -> frozenset[str]:
        if not self.reports:
            raise Fell("the Dockerfile has not been rebuilt")
        return self.reports[0].broken(self.candidate.gold.baseline)

    async def task(self) -> Task:
        """The task as it would be written, made at the first call."""
        if self._task is None:
            self._task = await self.draft(self)
        return self._task

    async def close(self) -> None:
        """Remove the rebuilt image."""
        if self.rebuilt:
            await images.remove(self.engine, self.rebuilt)


def outcomes(report: Report, baseline: tuple[str, ...]) -> dict[str, int]:
    """How many baseline tests had which outcome: short evidence."""
    counts: dict[str, int] = {}
    for test in baseline:
        outcome = report.outcome(test)
        counts[outcome] = counts.get(outcome, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (item[0] != PASSED, item[0])))
