from __future__ import annotations

import asyncio
import os
import time

import pytest

from engine.proof import probing
from engine.proof.probes import ALL
from tests.proof.conftest import Bench

pytestmark = [pytest.mark.docker, pytest.mark.timeout(400)]


async def test_every_probe(bench: Bench) -> None:
    inside = bench(os.environ.get("WHICH", "good"))
    scene = await probing.observed(inside)
    began = time.monotonic()
    only = os.environ.get("ONLY", "").split()
    chosen = [p for p in ALL if not only or p.name in only]
    outcomes = await asyncio.gather(*(probing.attempt(inside, scene, probe) for probe in chosen))
    took = time.monotonic() - began
    with open("/tmp/probes.txt", "w") as f:
        print(took, file=f)
        for o in outcomes:
            print(("FELL " if o.fell else ""), o.probe.name, o.skipped or o.reward, round(o.seconds, 2), repr(o.log[-300 if not only else -2000:]), file=f)
    assert not [outcome.fell for outcome in outcomes if outcome.fell]
