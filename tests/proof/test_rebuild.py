"""Three builds agree, or what they disagree on counts for nothing; and they begin with the observed image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from msgspec.structs import replace as changed

from engine.proof.gate import Candidate, Fell
from engine.proof.healthy import Healthy
from engine.proof.rebuild import Rebuild
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.suite.report import Report, TestResult
from engine.suite.run import Suite
from tests.conftest import BASE, BASELINE
from tests.proof.conftest import Bench

pytestmark = pytest.mark.docker

BROKEN, OTHER = BASELINE[3], BASELINE[0]


@dataclass
class Told(Suite):
    """A suite that says what it is told to, one report after the other."""

    reports: list[Report] = field(default_factory=list)

    async def run(
        self,
        image: str,
        on_result: Callable[[TestResult], None] | None = None,
        touch: bool = False,
        timeout: float | None = None,
    ) -> Report:
        return self.reports.pop()


def saying(seen: Report, broken: Sequence[Sequence[str]]) -> list[Report]:
    """A report like `seen` for each list of tests, in which those fail."""
    return [
        Report(
            seen.status,
            "",
            {test: TestResult(test, "failed" if test in each else "passed") for test in BASELINE},
        )
        for each in broken
    ]


@pytest.mark.whole_proofs
async def test_a_test_that_fails_now_and_then_is_in_neither_set(
    engine: Engine, candidates: dict[str, Candidate], bench: Bench
) -> None:
    good = candidates["good"]
    inside = bench(rebuilt="none")
    inside.suite = Told(
        engine, good.gold.test, reports=saying(good.report, [[BROKEN], [BROKEN, OTHER], [BROKEN]])
    )
    held = await Rebuild(inside).check()
    assert len(inside.made) == len(set(inside.made)) == 3
    await inside.close()
    assert held.evidence["unstable"] == [OTHER]
    assert inside.f2p == (BROKEN,)
    assert set(inside.p2p) == set(BASELINE) - {BROKEN, OTHER}
    assert not any([await images.exists(engine, image) for image in inside.made])


@pytest.mark.whole_proofs
async def test_when_nothing_fails_every_time_there_is_no_task(
    engine: Engine, candidates: dict[str, Candidate], bench: Bench
) -> None:
    good = candidates["good"]
    inside = bench(rebuilt="none")
    inside.suite = Told(engine, good.gold.test, reports=saying(good.report, [[BROKEN], [], [BROKEN]]))
    with pytest.raises(Fell, match=r"^rebuild: no test fails in every build$") as caught:
        await Rebuild(inside).check()
    await inside.close()
    assert caught.value.evidence == {"unstable": [BROKEN]}


async def test_the_gold_image_is_the_observed_one(engine: Engine, bench: Bench) -> None:
    inside = bench()
    gold = inside.candidate.gold
    held = await Healthy(inside).check()
    assert held.evidence["image"] == gold.image
    assert held.reason == "8 tests passed in 3 of 3 runs of this very image"
    other = replace(inside.candidate, gold=changed(gold, tag=BASE))
    inside.candidate = other
    with pytest.raises(Fell, match=f"^healthy: {BASE} is not the image that was observed$"):
        await Healthy(inside).check()
