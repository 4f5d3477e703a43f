"""Figures of repairs, against sums worked out by hand."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from engine.repair import results
from engine.repair.figures import Pass, band, difficulties, overall, pass_at, passes, wilson
from sessions.repairs import Attempted
from sessions.spending import Spent


def one(outcome: str, attempt: int = 1, **varied: Any) -> Attempted:
    fields: dict[str, Any] = {
        "task": "t",
        "solver": "claude",
        "hint": "none",
        "session": "s",
        "branch": f"r{attempt}",
    }
    return Attempted(**{**fields, **varied}, outcome=outcome, attempt=attempt)


@pytest.mark.parametrize(("n", "c", "k"), [(5, 2, 1), (5, 2, 3), (5, 0, 5), (5, 5, 1), (6, 3, 4)])
def test_pass_at_k_is_the_share_of_choices_with_a_solved_one(n: int, c: int, k: int) -> None:
    chosen = list(itertools.combinations([True] * c + [False] * (n - c), k))
    assert pass_at(n, c, k) == pytest.approx(sum(map(any, chosen)) / len(chosen))


def test_wilson_bounds() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I.
    assert wilson(263, 81) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(148, 15) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(20, 0) == pytest.approx((0, 0.1611), abs=1e-4)


def test_k_goes_up_to_what_was_tried() -> None:
    assert [each.k for each in passes(6, 2)] == [1, 2, 4]
    assert passes(0, 0) == ()
    for each in passes(8, 3):
        assert 0 < each.low < each.value <= each.high <= 1


def test_bands() -> None:
    assert [band(8, solved) for solved in (0, 1, 2, 3, 6, 7)] == [
        *("unsolved", "hard", "hard", "medium", "medium", "easy")
    ]


def test_effort_is_that_of_solved_attempts_and_failures_do_not_count() -> None:
    spent = Spent(calls=1, input_tokens=10, output_tokens=5, usd=0.5)
    attempts = [
        one("solved", 1, steps=4, spent=spent),
        one("unsolved", 2, steps=90, spent=spent),
        one("failed", 3),
        one("", 4),
        one("solved", 5, hint="weak", spent=Spent(unpriced=1)),
    ]
    none, weak = difficulties(attempts)
    assert (none.attempts, none.solved, none.failed, none.steps, none.tokens) == (2, 1, 2, 4, 15)
    assert none.usd == 1.0
    assert (weak.hint, weak.usd) == ("weak", None)
    (cut,) = difficulties([*attempts[:2], one("solved", 6, spent=Spent(calls=1, usd=0.25, vague=1))])
    assert (cut.usd, cut.vague) == (1.25, 1)


def test_over_tasks_each_counts_the_same() -> None:
    found = difficulties([one("solved", task="a"), *(one("unsolved", n, task="b") for n in range(9))])
    every = overall(found)
    assert every is not None
    assert every.value == 0.5
    assert (every.low, every.high) == (0, 1)
    assert overall(found[:1]) == found[0].passes[0]
    assert overall([]) is None
    assert isinstance(every, Pass)


def test_records_survive_what_is_no_record(tmp_path: Path) -> None:
    out = results.collection(tmp_path / "harbor" / "t")
    assert out == tmp_path
    assert results.collection(tmp_path / "t") == tmp_path
    results.record(out, one("solved", digest="d"))
    with (out / results.FILE).open("a") as file:
        file.write('torn {"task"')
    results.record(out, one("unsolved", 2, digest="e"))
    assert [each.outcome for each in results.read(out)] == ["solved", "unsolved"]
    assert len(results.of(results.read(out), "t", "d")) == 1
    assert len(results.summarise(out)) == 2
    assert (out / results.FIGURES).is_file()
