"""Prove an exported task again from its directory alone: no session, no state, any machine with an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from engine import commit
from engine.errors import EngineError
from engine.exploration import ready
from engine.gold import image
from engine.gold.builder import StepFailed
from engine.gold.model import Gold
from engine.proof.again import Kept, Terms
from engine.proof.gate import Candidate, Fell, Gate, Held, Verdict, prove
from engine.proof.workbench import Workbench
from engine.sandbox import images, tools
from engine.sandbox.client import Engine, translated
from engine.sandbox.manifest import known
from engine.sandbox.netns import Namespaces
from engine.suite.run import Suite
from engine.tasks import goldkept
from engine.tasks.exported import Exported, Unreadable
from engine.tasks.model import Task

Watch = Callable[[Verdict], None]


async def check(
    engine: Engine, exported: Exported, on_end: Watch = lambda verdict: None, *, build: bool = True
) -> list[Verdict]:
    """Send an exported task through all gates; one that falls keeps none of the others from examining it.

    Args:
        engine: where the gold image is, or can be built.
        exported: the task.
        on_end: is told every verdict.
        build: whether a gold image that is missing may be built from what lies beside the task.

    Raises:
        EngineError: the engine fails, not only what is made of the task.
    """

    async def excuse(error: EngineError) -> None:
        await engine.api("_ping")

    ground = Ground(engine, exported, build)
    verdicts = await prove((Kept(exported), ground), excuse, lambda gate: None, on_end, every=True)
    if ground.task is None:
        return verdicts
    bench = await _bench(engine, exported, ground.task)
    try:
        gates = _with_terms(commit.gates(bench, final=True, alone=bool(ground.task.context)), Terms(bench))
        verdicts += await prove(gates, excuse, lambda gate: None, on_end, every=True)
    finally:
        await bench.close()
        await bench.namespaces.close()
    return verdicts


def _with_terms(gates: Sequence[Gate], terms: Gate) -> Sequence[Gate]:
    """With the gate on the contract after the one that finds the failing tests."""
    after = 1 + next(number for number, gate in enumerate(gates) if gate.name == "rebuild")
    return (*gates[:after], terms, *gates[after:])


@dataclass
class Ground:
    """Gate: the task can be read, and the gold image it stands on is here."""

    engine: Engine
    exported: Exported
    build: bool = True
    task: Task | None = field(default=None, init=False)
    """The task on the image found, once the gate has held."""

    name = "gold"

    async def check(self) -> Held:
        """Find the image by its id, by its name, or build it from what was kept beside the task.

        Raises:
            Fell: the task cannot be read, or the image is neither here nor can be built.
        """
        try:
            task = self.exported.task()
        except Unreadable as error:
            raise Fell(f"gold: {error}") from error
        gold, how = await self._found(task.gold)
        await ready(self.engine, gold)
        await tools.ensure(self.engine, gold.image)
        if gold.image != task.gold.image:
            report = await Suite(self.engine, gold.test).run(gold.image)
            if broken := sorted(report.broken(gold.baseline)):
                raise Fell(
                    f"gold: {how}, but {len(broken)} of its tests do not pass", {"broken": broken[:20]}
                )
            how += f": all {len(gold.baseline)} tests pass in it"
        self.task = replace(task, gold=gold)
        return Held(how, {"image": gold.image, "recorded": task.gold.image})

    async def _found(self, gold: Gold) -> tuple[Gold, str]:
        if await images.exists(self.engine, gold.image):
            return gold, "the gold image is here"
        if known := await images.inspect(self.engine, gold.tag):
            return replace(gold, image=str(known["Id"])), f"another build of gold is here: {gold.tag}"
        kept = goldkept.find(self.exported.directory.parent.parent, gold.image)
        if kept is None or not self.build:
            raise Fell(f"gold: the image {gold.tag} is not here, nor beside the task what builds it")
        try:
            built = await image.build(self.engine, goldkept.context(kept), lambda line: None)
        except StepFailed as failed:
            raise Fell(f"gold: the image cannot be built from {kept}: {failed}") from failed
        repository, _, tag = gold.tag.partition(":")
        with translated("naming the gold image"):
            await self.engine.docker.images.tag(built, repository, tag=tag)
        return replace(gold, image=built), f"the gold image was built from {kept}"


async def _bench(engine: Engine, exported: Exported, task: Task) -> Workbench:
    """The workbench a session would have had, from the task's files and the gold image."""
    candidate = Candidate(
        gold=task.gold,
        branch=task.branch,
        step=task.step,
        image="",
        delta=task.delta,
        lines=task.lines,
        report=task.report,
        agent=task.agent,
    )
    namespaces = Namespaces(engine, task.gold.image)

    async def as_read(bench: Workbench) -> Task:
        return task

    return Workbench(
        engine,
        candidate,
        await known(engine, task.gold.image),
        Suite(engine, task.gold.test, namespaces=namespaces),
        namespaces,
        as_read,
        # What stands on the base image instead of gold has a gate of its own.
        context={} if task.context else {"Dockerfile": task.dockerfile.encode()},
        written=exported.forms(),
    )
