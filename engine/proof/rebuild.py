"""Gate: the exported Dockerfile, built without cache three times, breaks the same tests in the same way."""

from __future__ import annotations

from collections.abc import Sequence

from engine.inversion import dockerfile
from engine.proof.gate import Fell, Held
from engine.proof.together import together
from engine.proof.workbench import Workbench, outcomes
from engine.sandbox import images
from engine.sandbox.container import labels
from engine.sandbox.delta import Layer, effective
from engine.sandbox.difference import difference
from engine.sandbox.images import BuildFailed
from engine.sandbox.tools import archive
from engine.suite.report import Report

REPEATS = 3
"""Builds from nothing, each with its files compared and its own run of the suite."""
SHOWN = 20


class Rebuild:
    """What the session saw must follow from the Dockerfile alone, every time."""

    name = "rebuild"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Build, compare the filesystem with the session's, and run the suite; three times.

        Tests that fail in some of the builds and pass in others count for neither set.

        Raises:
            Fell: a build fails, or files or failing tests differ from the session's, or none fails each time.
        """
        bench, baseline = self.bench, self.bench.candidate.gold.baseline
        first = await self._build()
        # What does not build or is not the same falls here, before two more are begun.
        bench.rebuilt = first
        reports = await together(bench.suite.run(first), *(self._again() for _ in range(REPEATS - 1)))
        bench.reports = tuple(reports)
        self._same_failures(reports)
        unstable = sorted(bench.unstable)
        return Held(
            f"{len(bench.f2p)} tests fail and {len(bench.p2p)} pass, in {REPEATS} of {REPEATS} builds"
            + (f"; {len(unstable)} unstable left out" if unstable else ""),
            {
                "outcomes": outcomes(reports[0], baseline),
                "builds": REPEATS,
                "seconds": [round(report.seconds, 2) for report in reports],
                "changed": len(bench.delta),
                "unstable": unstable,
            },
        )

    async def _build(self) -> str:
        """An image of the Dockerfile whose files are as they should be."""
        bench = self.bench
        text = dockerfile(bench.candidate.gold.tag, bench.lines)
        try:
            image = await images.build(
                bench.engine,
                archive(dict(bench.context) or {"Dockerfile": text.encode()}),
                labels=labels("proof", bench.session),
                timeout=300,
            )
        except BuildFailed as failed:
            raise Fell(f"rebuild: the Dockerfile does not build: {failed}") from failed
        bench.made.append(image)
        built = await difference(bench.engine, image, bench.candidate.gold.image, bench.tree)
        differing = _differing(*(effective(bench.tree, delta) for delta in (bench.delta, built)))
        if differing:
            raise Fell(
                f"rebuild: {differing[0]} is not as the session left it"
                + (f", nor are {len(differing) - 1} more" if len(differing) > 1 else ""),
                {"paths": differing[:SHOWN]},
            )
        return image

    async def _again(self) -> Report:
        return await self.bench.suite.run(await self._build())

    def _same_failures(self, reports: Sequence[Report]) -> None:
        bench, candidate = self.bench, self.bench.candidate
        runs = [report.broken(candidate.gold.baseline) for report in reports]
        bench.unstable |= frozenset.union(*runs) - frozenset.intersection(*runs)
        now, then = runs[0] - bench.unstable, candidate.broken - bench.unstable
        if now != then:
            raise Fell(
                f"rebuild: {len(now - then)} more and {len(then - now)} fewer tests fail than in the session",
                {"more": sorted(now - then)[:SHOWN], "fewer": sorted(then - now)[:SHOWN]},
            )
        if not now:
            raise Fell("rebuild: no test fails in every build", {"unstable": sorted(bench.unstable)[:SHOWN]})


def _differing(one: Layer, other: Layer) -> list[str]:
    paths = []
    for path in sorted({*one, *other}):
        left, right = one.get(path), other.get(path)
        present = path in one and path in other
        if not present or (left is None) != (right is None) or (left and right and not left.same(right)):
            paths.append(path)
    return paths
