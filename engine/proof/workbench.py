"""What the gates of one candidate share: the rebuilt image, its report, and the task as it would be written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engine.proof.gate import Candidate, Fell
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.delta import Tree
from engine.sandbox.netns import Namespaces
from engine.suite.report import PASSED, Report
from engine.suite.run import Suite


@dataclass
class Workbench:
    """One candidate under examination. Close it to remove what it built."""

    engine: Engine
    candidate: Candidate
    tree: Tree
    """The gold image's filesystem."""
    suite: Suite
    namespaces: Namespaces
    session: str = ""
    stage: Callable[[Workbench, Path], Path] | None = None
    """Writes the task below a directory; where it lies then."""
    rebuilt: str = ""
    """Image built from the exported Dockerfile."""
    reports: tuple[Report, ...] = ()
    """The suite's runs on the rebuilt image."""
    _directory: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)
    _staged: Path | None = None

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

    @property
    def staged(self) -> Path:
        """The task's directory, written at the first call."""
        if self._staged is None:
            assert self.stage is not None
            self._directory = tempfile.TemporaryDirectory(prefix="cligym-task-")
            self._staged = self.stage(self, Path(self._directory.name))
        return self._staged

    async def close(self) -> None:
        """Remove the rebuilt image and the staged task."""
        if self._directory is not None:
            self._directory.cleanup()
        if self.rebuilt:
            await images.remove(self.engine, self.rebuilt)


def outcomes(report: Report, baseline: tuple[str, ...]) -> dict[str, int]:
    """How many baseline tests had which outcome: short evidence."""
    counts: dict[str, int] = {}
    for test in baseline:
        outcome = report.outcome(test)
        counts[outcome] = counts.get(outcome, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (item[0] != PASSED, item[0])))
