"""What the gates of one candidate share: the Dockerfile, the rebuilt image, its reports, the task to be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from engine.inversion import Line
from engine.proof.gate import Candidate, Fell
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.delta import Layer, Tree
from engine.sandbox.difference import difference
from engine.sandbox.netns import Namespaces
from engine.sandbox.sandbox import Sandbox
from engine.suite.report import PASSED, Report
from engine.suite.run import Suite
from engine.tasks.export import FORMATS
from engine.tasks.model import Task
from engine.tasks.output import Files


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
    """The suite's runs on the rebuilt images."""
    lines: tuple[Line, ...] = ()
    """What the exported Dockerfile does: the candidate's commands, until a gate drops or adds some."""
    delta: Layer = field(default_factory=dict)
    """What those leave of gold: as the candidate's snapshot, or the last replay of them, has it."""
    image: str = ""
    """An image in which that can be looked at."""
    fresh: set[str] = field(default_factory=set)
    """Paths that every container of gold has anew."""
    unstable: frozenset[str] = frozenset()
    """Tests whose outcomes differ from run to run; neither f2p nor p2p."""
    notes: dict[str, object] = field(default_factory=dict)
    """What gates found that belongs into the task's metadata."""
    made: list[str] = field(default_factory=list)
    """Images to remove in the end, with what their builds left."""
    replayed: list[str] = field(default_factory=list)
    """Images to remove in the end, and not what they stand on: that may be the session's snapshot."""
    context: Mapping[str, bytes] = field(default_factory=dict)
    """What to build instead of the inversion on gold: the files of an exported task's own build."""
    written: dict[str, Files] = field(default_factory=dict)
    """The task's files by format, once they are there."""
    packed: dict[str, bytes] = field(default_factory=dict)
    """What is copied in to grade it, by format, as a tar."""
    _task: Task | None = None

    def __post_init__(self) -> None:
        self.lines = self.lines or self.candidate.lines
        self.delta = self.delta or self.candidate.delta
        self.image = self.image or self.candidate.image

    @property
    def families(self) -> tuple[str, ...]:
        """Families of the faults that are left in the Dockerfile."""
        left = {line.command for line in self.lines}
        found = dict.fromkeys(fault.family for fault in self.candidate.faults if fault.command in left)
        return tuple(found) or self.candidate.families

    @property
    def f2p(self) -> tuple[str, ...]:
        """Baseline tests that fail in every run on the rebuilt images, in order of collection."""
        broken = self._broken()
        return tuple(test for test in self._stable() if test in broken)

    @property
    def p2p(self) -> tuple[str, ...]:
        """Baseline tests that pass in every run on the rebuilt images."""
        broken = self._broken()
        return tuple(test for test in self._stable() if test not in broken)

    async def adopt(self, lines: tuple[Line, ...], image: str) -> None:
        """Let the Dockerfile do `lines` from now on, whose replay left `image`."""
        self.delta = await difference(self.engine, image, self.candidate.gold.image, self.tree)
        self.lines, self.image = lines, image

    @asynccontextmanager
    async def container(self, image: str, *, clean: bool = False) -> AsyncIterator[Sandbox]:
        """A container of `image`, offline; `clean` when nothing runs in it as root but what is our own.

        Raises:
            EngineError: it could not be made.
        """
        async with self.namespaces.leased(clean=clean) as namespace:
            sandbox = await Sandbox.start(
                self.engine, image, session=self.session, purpose="proof", network=namespace.network
            )
            async with sandbox:
                yield sandbox

    def _stable(self) -> tuple[str, ...]:
        return tuple(test for test in self.candidate.gold.baseline if test not in self.unstable)

    def _broken(self) -> frozenset[str]:
        if not self.reports:
            raise Fell("the Dockerfile has not been rebuilt")
        return self.reports[0].broken(self.candidate.gold.baseline)

    async def task(self) -> Task:
        """The task as it would be written, made at the first call."""
        if self._task is None:
            self._task = await self.draft(self)
        return self._task

    async def forms(self) -> Mapping[str, Files]:
        """The task's files in each format as they would be written, by the format's folder."""
        if not self.written:
            task = await self.task()
            self.written = {form.FOLDER: form.render(task) for form in FORMATS}
        return self.written

    async def close(self) -> None:
        """Remove the images that were made."""
        for image in reversed(self.replayed):
            await images.remove(self.engine, image, parents=False)
        for image in reversed(self.made):
            await images.remove(self.engine, image)


def outcomes(report: Report, baseline: tuple[str, ...]) -> dict[str, int]:
    """How many baseline tests had which outcome: short evidence."""
    counts: dict[str, int] = {}
    for test in baseline:
        outcome = report.outcome(test)
        counts[outcome] = counts.get(outcome, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (item[0] != PASSED, item[0])))
