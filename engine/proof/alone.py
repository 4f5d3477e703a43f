"""Gate: a self-contained task's Dockerfile, from its base image on, breaks the same tests."""

from __future__ import annotations

import time

from engine.gold import image
from engine.gold.builder import StepFailed
from engine.proof.gate import Fell, Held
from engine.proof.workbench import Workbench
from engine.sandbox import images

SHOWN = 20


class Alone:
    """What stands on no gold image has to be as broken as what does."""

    name = "alone"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Build all of it anew, and run the suite.

        Raises:
            Fell: it does not build, or other tests fail.
        """
        bench = self.bench
        task = await bench.task()
        began = time.monotonic()
        try:
            built = await image.build(
                bench.engine, {"Dockerfile": task.dockerfile.encode(), **task.context}, lambda line: None
            )
        except StepFailed as failed:
            raise Fell(f"alone: the Dockerfile does not build: {failed}") from failed
        seconds = time.monotonic() - began
        try:
            report = await bench.suite.run(built)
        finally:
            await images.remove(bench.engine, built)
        broken, asked = report.broken((*task.f2p, *task.p2p)), frozenset(task.f2p)
        if broken != asked:
            more, fewer = sorted(broken - asked), sorted(asked - broken)
            raise Fell(
                f"alone: {len(more)} more and {len(fewer)} fewer tests fail than on the gold image",
                {"more": more[:SHOWN], "fewer": fewer[:SHOWN]},
            )
        return Held(
            f"built from its base image, the same {len(asked)} tests fail", {"build_seconds": seconds}
        )
