"""Gate: the gold image is the very one whose tests were seen to pass."""

from __future__ import annotations

from engine.gold.baseline import RUNS
from engine.proof.gate import Fell, Held
from engine.proof.workbench import Workbench
from engine.sandbox import images


class Healthy:
    """A task stands on an observation of health, and that is of one image and no other."""

    name = "healthy"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Compare the image the Dockerfile begins with to the observed one.

        Raises:
            Fell: under its name lies another image, or nothing was observed to pass.
        """
        gold = self.bench.candidate.gold
        known = await images.inspect(self.bench.engine, gold.tag)
        there = str(known["Id"]) if known else "no image"
        if there != gold.image:
            raise Fell(f"healthy: {gold.tag} is not the image that was observed", {"image": there})
        if not gold.baseline:
            raise Fell("healthy: no test was observed to pass")
        return Held(
            f"{len(gold.baseline)} tests passed in {RUNS} of {RUNS} runs of this very image",
            {
                "image": gold.image,
                "tests": len(gold.baseline),
                "runs": RUNS,
                "quarantined": dict(gold.quarantined),
                "seconds": round(gold.suite_seconds, 2),
            },
        )
