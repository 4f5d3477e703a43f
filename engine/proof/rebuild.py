"""Gate: the exported Dockerfile, built without cache, breaks the same tests in the same way."""

from __future__ import annotations

import asyncio

from engine.inversion import dockerfile
from engine.proof.gate import Fell, Held
from engine.proof.workbench import Workbench, outcomes
from engine.sandbox import images
from engine.sandbox.container import labels
from engine.sandbox.delta import Layer, effective
from engine.sandbox.difference import difference
from engine.sandbox.images import BuildFailed
from engine.sandbox.tools import archive
from engine.suite.report import Report

REPEATS = 2
"""Runs of the suite on the rebuilt image; with the session's own, three observations."""
SHOWN = 20


class Rebuild:
    """What the session saw must follow from the Dockerfile alone."""

    name = "rebuild"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Build, compare the filesystem with the session's, and run the suite.

        Raises:
            Fell: the build fails, or files or failing tests differ from the session's.
        """
        bench, candidate = self.bench, self.bench.candidate
        text = dockerfile(candidate.gold.tag, candidate.lines)
        try:
            bench.rebuilt = await images.build(
                bench.engine,
                archive({"Dockerfile": text.encode()}),
                labels=labels("proof", bench.session),
                timeout=300,
            )
        except BuildFailed as failed:
            raise Fell(f"rebuild: the Dockerfile does not build: {failed}") from failed
        await self._same_files()
        reports = await asyncio.gather(*(bench.suite.run(bench.rebuilt) for _ in range(REPEATS)))
        bench.reports = tuple(reports)
        for report in reports:
            self._same_failures(report)
        counts = outcomes(reports[0], candidate.gold.baseline)
        return Held(
            f"{len(bench.f2p)} tests fail and {len(bench.p2p)} pass, as in the session",
            {
                "outcomes": counts,
                "runs": REPEATS,
                "seconds": [round(report.seconds, 2) for report in reports],
            },
        )

    async def _same_files(self) -> None:
        bench = self.bench
        built = await difference(bench.engine, bench.rebuilt, bench.candidate.gold.image, bench.tree)
        seen, made = (effective(bench.tree, delta) for delta in (bench.candidate.delta, built))
        differing = _differing(seen, made)
        if differing:
            raise Fell(
                f"rebuild: {differing[0]} is not as the session left it"
                + (f", nor are {len(differing) - 1} more" if len(differing) > 1 else ""),
                {"paths": differing[:SHOWN]},
            )

    def _same_failures(self, report: Report) -> None:
        candidate = self.bench.candidate
        now, then = report.broken(candidate.gold.baseline), candidate.broken
        if now != then:
            raise Fell(
                f"rebuild: {len(now - then)} more and {len(then - now)} fewer tests fail than in the session",
                {"more": sorted(now - then)[:SHOWN], "fewer": sorted(then - now)[:SHOWN]},
            )


def _differing(one: Layer, other: Layer) -> list[str]:
    paths = []
    for path in sorted({*one, *other}):
        left, right = one.get(path), other.get(path)
        present = path in one and path in other
        if not present or (left is None) != (right is None) or (left and right and not left.same(right)):
            paths.append(path)
    return paths
