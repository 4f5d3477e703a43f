"""Gate: every wrong answer of the catalogue earns nothing, every right one of another road earns 1."""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import UsageError
from engine.gold import store
from engine.proof.gate import Fell, Held
from engine.proof.grading import Act, grade, solving
from engine.proof.probes import ALL, forged
from engine.proof.probes.model import KIT, Probe, Scene
from engine.proof.settled import Settled
from engine.proof.workbench import Workbench
from engine.sandbox import images, tools
from engine.sandbox.delta import Layer, Tree
from engine.sandbox.layers import overlaid

SECONDS = 120.0
"""Time a probe has to set the scene. A virtual environment made anew takes ten of them on two cores."""


@dataclass(frozen=True)
class Outcome:
    """What became of one probe."""

    probe: Probe
    skipped: str = ""
    """Why it does not apply, if so."""
    before: bool = False
    """Whether another candidate of the gold image stands for this one."""
    reward: float | None = None
    seconds: float = 0.0
    log: str = ""

    @property
    def fell(self) -> str:
        """What is wrong with it; empty when it earned what it should."""
        if self.skipped or self.before or self.reward == (1 if self.probe.honest else 0):
            return ""
        if not self.probe.honest and self.reward is None:
            return ""
        kind = "right" if self.probe.honest else "wrong"
        return f"{self.probe.name}, a {kind} answer, earned {self.reward}"

    def evidence(self) -> dict[str, object]:
        """One line of the gate's evidence."""
        if self.skipped:
            return {"probe": self.probe.name, "does not apply": self.skipped}
        if self.before:
            earned = {"probe": self.probe.name, "reward": int(self.probe.honest)}
            return {**earned, "seen": "with another task of this gold image"}
        return {"probe": self.probe.name, "reward": self.reward, "seconds": round(self.seconds, 2)}


class Probes:
    """Answers that other tasks of this kind took for right, and repairs that differ from the solution."""

    name = "probes"

    def __init__(
        self, bench: Workbench, catalogue: Sequence[Probe] | None = None, *, thorough: bool = False
    ) -> None:
        """Of the general probes not settled for the gold image a share is tried; or all, with `thorough`."""
        self.bench, self.thorough = bench, thorough
        self.catalogue = ALL if catalogue is None else catalogue

    async def check(self) -> Held:
        """Try those whose turn it is, each in a fresh container, until one earns what it must not.

        Raises:
            Fell: a wrong answer earns something, or a right one does not earn 1.
        """
        scene = await observed(self.bench)
        settled = Settled(scene.task.gold.image)
        known = settled.names()
        general = [each for each in self.catalogue if each.general]
        share = () if self.thorough else settled.share(self.catalogue, known)
        mine = [each for each in general if each.name not in known] if self.thorough else share
        turn = [each for each in self.catalogue if not each.general or each in mine]
        outcomes: list[Outcome] = []
        try:
            async with contextlib.aclosing(self._tried(scene, turn)) as trial:
                async for outcome in trial:
                    outcomes.append(outcome)
                    if outcome.fell:
                        evidence = {**outcome.evidence(), "log": outcome.log, "what": outcome.probe.what}
                        raise Fell(f"probes: {outcome.fell}", evidence)
        finally:
            sound = (each for each in outcomes if each.probe.general and not each.skipped and not each.fell)
            settled.release(share, [each.probe.name for each in sound])
        before = [Outcome(each, before=True) for each in general if each.name in known]
        return self._held([*outcomes, *before], open_ones=len(general) - len(mine) - len(before))

    async def _tried(self, scene: Scene, probes: Sequence[Probe]) -> AsyncGenerator[Outcome, None]:
        # As many as run at once and no more: the gates of others wait for the same slots, in order.
        places = asyncio.Semaphore(max(1, self.bench.engine.cpus))

        async def in_turn(probe: Probe) -> Outcome:
            async with places:
                return await attempt(self.bench, scene, probe)

        tried = [asyncio.create_task(in_turn(probe)) for probe in probes]
        try:
            for next_one in asyncio.as_completed(tried):
                yield await next_one
        finally:
            for task in tried:
                task.cancel()
            await asyncio.gather(*tried, return_exceptions=True)

    def _held(self, outcomes: Sequence[Outcome], open_ones: int) -> Held:
        wrong = sum(not each.skipped and not each.probe.honest for each in outcomes)
        right = sum(not each.skipped and each.probe.honest for each in outcomes)
        seen = sum(each.before for each in outcomes)
        left = len(outcomes) - wrong - right
        return Held(
            f"{wrong} wrong answers earn nothing and {right} right ones earn 1; {left} do not apply"
            + (f"; {seen} were seen with other tasks" if seen else "")
            + (f", {open_ones} general ones are left to the next" if open_ones else ""),
            {
                "wrong": wrong,
                "right": right,
                "skipped": left,
                "seen": seen,
                "open": open_ones,
                "probes": [each.evidence() for each in outcomes],
            },
        )


async def observed(bench: Workbench) -> Scene:
    """The scene that the rebuilt image is to all probes."""
    task = await bench.task()
    return Scene(
        task=task,
        delta=bench.delta,
        lost=lost(bench.tree, bench.delta),
        commands=tuple(line.script() for line in bench.lines),
        wheels=await asyncio.to_thread(_wheels, task.gold.name),
    )


def lost(tree: Tree, delta: Layer) -> tuple[str, ...]:
    """Files and links of gold that `delta` changes in content or takes away."""
    after = overlaid(tree, delta)
    return tuple(
        path
        for path, was in sorted(tree.items())
        if was.what in ("file", "symlink")
        and (
            (now := after.get(path)) is None
            or (now.what, now.digest, now.target) != (was.what, was.digest, was.target)
        )
    )


def _wheels(gold: str) -> Mapping[str, bytes]:
    try:
        return {path.name: path.read_bytes() for path in (store.context(gold) / "wheels").glob("*.whl")}
    except (OSError, UsageError):  # made elsewhere
        return {}


async def attempt(bench: Workbench, scene: Scene, probe: Probe) -> Outcome:
    """Try one probe."""
    if reason := probe.applies(scene):
        return Outcome(probe, skipped=reason)
    act = Act(
        (tools.BUSYBOX, "sh", "-euc", probe.script, probe.name),
        {
            f"{KIT[1:]}/{name}": (data, 0o644)
            for name, data in {**forged.kit(scene), **probe.files(scene)}.items()
        },
        env=variables(scene),
        must=True,
        seconds=SECONDS,
    )
    before = [await solving(bench), act] if probe.solved else [act]
    graded = await grade(bench, before, keep_accepted=probe.partial)
    if graded.failed:
        return Outcome(probe, skipped=f"it cannot be set up: {graded.failed}")
    if graded.image and await _works(bench, graded.image):
        return Outcome(probe, skipped="what it leaves undone does no harm")
    return Outcome(probe, reward=graded.reward, seconds=graded.seconds, log=graded.log)


async def _works(bench: Workbench, image: str) -> bool:
    """Whether the tests pass in what a probe left, run as they are run everywhere else."""
    try:
        report = await bench.suite.run(image)
    finally:
        await images.remove(bench.engine, image)
    return not report.broken(bench.candidate.gold.baseline)


def variables(scene: Scene) -> dict[str, str]:
    """What the scripts of probes know of the container."""
    terms = scene.task.contract
    library = terms.trust.library
    venv = posixpath.dirname(posixpath.dirname(terms.python))
    sites = [path for path in terms.packages if path != library]
    site = next((path for path in sites if path.startswith(f"{venv}/")), sites[0] if sites else library)
    files = dict.fromkeys(test.split("::", 1)[0] for test in (*terms.f2p, *terms.p2p))
    return {
        "BOX": tools.BUSYBOX,
        "KIT": KIT,
        "PROJECT": scene.task.gold.test.cwd,
        "TESTS": " ".join(files),
        "PYTHON": terms.python,
        "REAL": terms.interpreter,
        "LIB": library,
        "SITE": site,
        "VENV": venv,
        "TESTER": terms.user,
        "HOUSE": "/root" if terms.user == "root" else f"/home/{terms.user}",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }
