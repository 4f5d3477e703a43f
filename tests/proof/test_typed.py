"""A client that types into a terminal, and waits for it beside the grader that ends all strangers."""

from __future__ import annotations

import pytest

from engine.proof.grading import grade, solving
from engine.tasks import terminal_bench
from tests.proof.conftest import Bench

pytestmark = pytest.mark.docker


async def test_the_terminal_lives_until_the_verdict_is_shown(bench: Bench) -> None:
    form = terminal_bench.FOLDER
    made = bench()
    nothing = await grade(made, form=form)
    assert (nothing.reward, "FAILED tests/grader::" in nothing.log) == (0, True), nothing.log
    solved = await grade(made, [await solving(made, form)], form=form)
    assert (solved.reward, "PASSED tests/grader::" in solved.log) == (1, True), solved.log
