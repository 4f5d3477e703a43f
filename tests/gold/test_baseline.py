from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.errors import GoldError
from engine.gold import baseline
from engine.gold.baseline import First, agreed, first, observe
from engine.gold.model import TestCommand
from engine.suite.report import COMPLETE, DIED, TIMEOUT, UNSTARTABLE, Report, TestResult

ENGINE: Any = None


def report(
    status: str = COMPLETE, detail: str = "", tail: str = "", errors: tuple[str, ...] = (), **tests: str
) -> Report:
    results = {
        name: TestResult(name, *outcome.split(":", 1)[:1], 0.0, outcome.partition(":")[2])
        for name, outcome in tests.items()
    }
    return Report(status, detail, results, errors, 0, 1.0, tail)


class Script:
    """Reports handed out in order, and the commands they were asked for with."""

    def __init__(self, *reports: Report, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.reports: Iterator[Report] = iter(reports)
        self.asked: list[tuple[tuple[str, ...], float | None, float]] = []

    def __call__(self, engine: object, test: TestCommand) -> Script:
        self.test = test
        return self

    async def run(
        self,
        image: str,
        on_result: Callable[[TestResult], None] | None = None,
        timeout: float | None = None,
        grace: float = 0.0,
    ) -> Report:
        self.asked.append((self.test.args, timeout, grace))
        return next(self.reports)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Script]:
    def use(*reports: Report, silent: float = 0.0) -> Script:
        script = Script(*reports)
        now = [0.0]

        def monotonic() -> float:
            now[0] += silent / 2 or 0.001
            return now[0]

        monkeypatch.setattr(baseline, "Suite", script)
        monkeypatch.setattr(baseline.time, "monotonic", monotonic)
        return script

    return use


GOOD = {"a": "passed", "b": "passed", "c": "passed"}
COMMAND = TestCommand(args=("tests",), timeout=600)


async def look(said: list[str] | None = None) -> baseline.Baseline:
    say = (said if said is not None else []).append
    return await observe(ENGINE, "image", await first(ENGINE, "image", COMMAND, say), say, "p==1")


async def test_only_what_passes_every_time_is_in(scripted: Callable[..., Script]) -> None:
    more = {"d": "failed:E  AssertionError: 1 == 2\nmore", "e": "skipped:Skipped: no net", "f": "passed"}
    script = scripted(
        report(**GOOD, **more, errors=("tests/test_x.py: E   ModuleNotFoundError: No module named 'x'",)),
        report(**GOOD, **{**more, "f": "failed:x"}),
        report(**GOOD, **more),
    )
    found = await look()
    assert found.tests == ("a", "b", "c")
    assert found.quarantined == {
        "tests/test_x.py": "cannot be collected: ModuleNotFoundError: No module named 'x'",
        "d": "failed: AssertionError: 1 == 2",
        "e": "skipped: Skipped: no net",
        "f": "unstable: passed, failed, passed",
    }
    assert len(script.asked) == 3


def test_a_test_that_comes_and_goes_is_unstable() -> None:
    runs = [report(**GOOD), report(**GOOD, d="passed"), report(**GOOD)]
    found = agreed(runs, First(runs[0], COMMAND, {}))
    assert found.quarantined == {"d": "unstable: missing, passed, missing"}


async def test_a_hanging_test_is_left_out(scripted: Callable[..., Script]) -> None:
    hangs = report(TIMEOUT, "the time limit ended the suite, during d[x]", **GOOD)
    script = scripted(hangs, report(**GOOD), report(**GOOD), report(**GOOD), silent=61)
    found = await look()
    assert found.tests == ("a", "b", "c")
    assert found.quarantined["d[x]"].startswith("hangs: no result in")
    assert found.test.args == ("tests", "--deselect=d[x]")
    assert [args for args, *_ in script.asked][1:] == [("tests", "--deselect=d[x]")] * 3


async def test_a_test_that_hangs_only_later_is_left_out_and_the_runs_begin_again(
    scripted: Callable[..., Script],
) -> None:
    died = report(DIED, "the suite ended with exit code 3 before it was through, during d", **GOOD)
    good = report(**GOOD)
    script = scripted(report(**GOOD, d="passed"), good, died, good, good, good)
    found = await look()
    assert found.quarantined == {"d": "ends the whole run"}
    assert len(script.asked) == 6


async def test_a_slow_suite_has_its_whole_time_as_long_as_tests_are_done(
    scripted: Callable[..., Script],
) -> None:
    script = scripted(*[report(**GOOD)] * 3)
    assert (await look()).tests == ("a", "b", "c")
    assert [asked[1:] for asked in script.asked] == [(120.0, 60.0), (125.0, 0.0), (125.0, 0.0)]


LIMIT = "the time limit ended the suite"
USAGE = "ERROR: usage: x\nerror: unrecognized arguments: --foo\n  inifile"


@pytest.mark.parametrize(
    ("reports", "silent", "said"),
    [
        ([report(UNSTARTABLE, "x", tail="bash: no such user")], 0, "do not start: bash: no such user"),
        ([report(TIMEOUT, LIMIT, a="passed")], 1, "takes more than its 600 s"),
        ([report(TIMEOUT, LIMIT, tail="importing")], 61, "hangs outside of any test: importing"),
        ([report(DIED, "the suite ended with exit code 139")], 0, "ends the whole run outside"),
        ([report(DIED, f"ended, during t{n}") for n in range(4)], 0, "test after test"),
        ([report(a="failed:E  ZeroDivisionError: x", b="passed")], 0, "only 1 of its tests pass, and 3 are"),
        ([report(a="failed:E  ZeroDivisionError: x")], 0, "a: failed: ZeroDivisionError: x"),
        ([report(errors=("tests/t.py: E   SyntaxError: bad",))], 0, "tests/t.py: cannot be collected: Synt"),
        ([report(tail=USAGE)], 0, "unrecognized arguments: --foo"),
        ([report(**GOOD), report(a="passed"), report(**GOOD)], 0, "only 1 of its tests pass every time"),
    ],
)
async def test_no_baseline_is_one_line_with_what_to_do(
    scripted: Callable[..., Script], reports: list[Report], silent: float, said: str
) -> None:
    scripted(*reports, silent=silent)
    with pytest.raises(GoldError) as caught:
        await look()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


async def test_what_happens_is_told(scripted: Callable[..., Script]) -> None:
    scripted(report(**GOOD), report(**GOOD), report(**GOOD))
    said: list[str] = []
    await look(said)
    assert said[-1] == "run 3 of 3: 3 of 3 tests passed in 1.0 s"
