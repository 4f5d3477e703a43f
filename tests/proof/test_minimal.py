"""What no test felt is left out, and what each command breaks is told."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.inversion import Line
from engine.proof.ddmin import ddmin
from engine.proof.minimal import Minimal
from engine.proof.rebuild import Rebuild
from engine.proof.replay import replay
from tests.conftest import BASELINE
from tests.proof.conftest import LEVEL, TAKEN, Bench

SETTINGS, TEMPORARY = BASELINE[0], BASELINE[3]


@given(
    st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=1)))
)
def test_what_is_found_is_exactly_what_is_needed(case: tuple[int, set[int]]) -> None:
    count, needed = case
    asked: list[tuple[int, ...]] = []

    async def holds(places: tuple[int, ...]) -> bool:
        asked.append(places)
        assert 0 < len(places) < count
        return needed <= set(places)

    assert asyncio.run(ddmin(count, holds)) == tuple(sorted(needed))
    assert len(asked) == len(set(asked))


@given(st.integers(1, 8), st.randoms(use_true_random=False))
def test_nothing_of_it_can_be_left_out_alone_whatever_holds(count: int, chance: random.Random) -> None:
    told: dict[tuple[int, ...], bool] = {}

    async def holds(places: tuple[int, ...]) -> bool:
        return told.setdefault(places, chance.random() < 0.3)

    found = asyncio.run(ddmin(count, holds))
    assert found == tuple(range(count)) or told[found]
    if len(found) > 1:
        assert not any(told[tuple(each for each in found if each != place)] for place in found)


@pytest.mark.docker
async def test_a_command_that_no_test_felt_goes(bench: Bench) -> None:
    inside = bench("inert")
    held = await Minimal(inside).check()
    assert [line.command for line in inside.lines] == [TAKEN, LEVEL]
    assert held.evidence["needed"] == [2, 3]
    assert held.evidence["inert"] == [{"step": 1, "command": "echo 1 >/etc/inert"}]
    assert held.evidence["minimised"] is True
    assert inside.notes["attribution"] == [
        {"step": 2, "command": TAKEN, "heals": [TEMPORARY]},
        {"step": 3, "command": LEVEL, "heals": [SETTINGS]},
    ]
    assert "/etc/inert" not in inside.delta
    # What is left is what the rebuild is compared with.
    await Rebuild(inside).check()
    assert inside.f2p == (SETTINGS, TEMPORARY)
    await inside.close()


@pytest.mark.docker
async def test_on_request_it_only_says_what_could_go(bench: Bench) -> None:
    inside = bench("inert")
    held = await Minimal(inside, apply=False).check()
    assert held.reason == "2 of 3 commands break the tests; 1 that no test felt: kept all the same"
    assert len(inside.lines) == 3
    assert "/etc/inert" in inside.delta
    assert inside.notes["minimised"] is False
    await inside.close()


@pytest.mark.docker
async def test_a_single_command_is_not_tried(bench: Bench) -> None:
    inside = bench()
    held = await Minimal(inside).check()
    assert held.evidence["replays"] == 0
    assert held.evidence["heals"] == {"1": 1}
    assert inside.replayed == []


@pytest.mark.docker
async def test_commands_that_only_one_shell_holds_together_stay(bench: Bench) -> None:
    twice = bench("variable").lines * 2
    inside = bench("variable", lines=twice)
    held = await Minimal(inside).check()
    assert "left as they are" in held.reason
    assert inside.lines == inside.candidate.lines
    await inside.close()


@pytest.mark.docker
async def test_a_replay_is_a_build_in_small(bench: Bench) -> None:
    inside = bench()

    def said(command: str, exit_code: int = 0) -> Line:
        return Line(command, "/app", exit_code=exit_code)

    # Nothing that was left running in the background comes to its end.
    image = await replay(
        inside,
        [
            said("(sleep 1; touch /etc/late) & touch /etc/at-once"),
            said("sleep 1.5; [ ! -t 0 ] && [ ! -e /etc/late ] && pwd >/etc/where"),
            said("exit 3", exit_code=3),
        ],
    )
    await inside.adopt((), image)
    assert {path for path in inside.delta if path.startswith("/etc/")} == {"/etc/at-once", "/etc/where"}
    assert await replay(inside, [said("exit 3")]) == ""
    await inside.close()
