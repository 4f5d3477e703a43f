"""The baseline is what is observed: three fresh runs, and only what passes in all of them counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import msgspec

from engine import clean
from engine.errors import GoldError
from engine.gold.model import TestCommand
from engine.sandbox.client import Engine
from engine.suite.report import COMPLETE, PASSED, TIMEOUT, UNSTARTABLE, Report, TestResult
from engine.suite.run import Suite

RUNS = 3
LEAST = 3
"""Stable passing tests a gold environment needs."""
STALLS = 3
"""Tests that may be taken out because they hang or end the whole run."""
FIRST_LIMIT = 120.0
"""Seconds a first run may take in any case; from then on, a test that is silent for long is taken to hang."""
SILENCE = 60.0
"""Seconds without a result that mean hanging once the first limit is reached."""

_DURING = ", during "

Say = Callable[[str], None]
"""Is told what happens, a line at a time."""


class Unsettled(GoldError):
    """The suite cannot be brought to its end; `report` is what was seen."""

    def __init__(self, message: str, hint: str, report: Report) -> None:
        super().__init__(message, hint)
        self.report = report


@dataclass(frozen=True)
class First:
    """The first run that came to its end, and the command it was made with."""

    report: Report
    test: TestCommand
    stalled: dict[str, str]
    """Tests that were taken out to get there, with the reason."""


@dataclass(frozen=True)
class Baseline:
    """What the runs agree on."""

    tests: tuple[str, ...]
    quarantined: dict[str, str]
    seconds: float
    """Median duration of the runs."""
    test: TestCommand
    """The command all of them were made with."""
    stalled: dict[str, str]
    """Tests that the command leaves out, with the reason."""


async def first(
    engine: Engine, image: str, test: TestCommand, say: Say, stalled: dict[str, str] | None = None
) -> First:
    """One run to its end; tests that hang or kill the run are deselected on the way.

    Raises:
        Unsettled: it does not start, or cannot be brought to its end.
    """
    stalled = dict(stalled or {})
    while True:
        watched = await _watched(engine, image, test, min(FIRST_LIMIT, test.timeout), SILENCE)
        if watched.report.status == COMPLETE:
            return First(watched.report, test, stalled)
        test = _without(watched, test, stalled, say)


@dataclass(frozen=True)
class _Watched:
    """A run, and how long nothing had been heard of it when it ended."""

    report: Report
    silent: float
    limit: float

    @property
    def late(self) -> bool:
        """Whether the limit cut it short though tests were still being done."""
        return self.report.status == TIMEOUT and self.silent < min(SILENCE / 2, self.limit / 4)


async def _watched(
    engine: Engine, image: str, test: TestCommand, limit: float, grace: float = 0.0
) -> _Watched:
    last = time.monotonic()

    def result(_: TestResult) -> None:
        nonlocal last
        last = time.monotonic()

    report = await Suite(engine, test).run(image, on_result=result, timeout=limit, grace=grace)
    return _Watched(report, time.monotonic() - last, test.timeout if grace else limit)


def _without(watched: _Watched, test: TestCommand, stalled: dict[str, str], say: Say) -> TestCommand:
    """The command without the test that kept a run from its end.

    Raises:
        Unsettled: it was no single test, or it has happened too often.
    """
    report, choose = watched.report, "choose tests with test_args in gold.toml"
    if report.status == UNSTARTABLE:
        message = f"the tests do not start: {_last_words(report)}"
        raise Unsettled(message, "see the recipe's test_args, user and run", report)
    if watched.late:
        message = f"the suite takes more than its {watched.limit:.0f} s ({len(report.results)} tests ran)"
        raise Unsettled(message, f"raise timeout in gold.toml, or {choose}", report)
    how = f"hangs: no result in {watched.silent:.0f} s" if report.status == TIMEOUT else "ends the whole run"
    if not (culprit := running(report)):
        message = f"the suite {how.partition(':')[0]} outside of any test: {_last_words(report)}"
        raise Unsettled(message, choose, report)
    if len(stalled) == STALLS:
        names = ", ".join([*stalled, culprit])
        raise Unsettled(f"test after test hangs or ends the run: {names}"[:500], choose, report)
    stalled[culprit] = how
    say(f"{culprit} {how}; leaving it out")
    return msgspec.structs.replace(test, args=(*test.args, f"--deselect={culprit}"))


def running(report: Report) -> str:
    """The test that was under way when a run was cut short, empty when that is not known."""
    return report.detail.partition(_DURING)[2]


def _last_words(report: Report) -> str:
    lines = [line.strip() for line in "\n".join([*report.errors, report.tail]).splitlines() if line.strip()]
    telling = [line for line in lines if "Error" in line or "error:" in line]
    return clean.line((telling or lines or [report.detail])[-1], 300)


async def observe(engine: Engine, image: str, found: First, say: Say, label: str) -> Baseline:
    """The rest of the runs, two at a time, and what all of them agree on.

    A test that hangs or ends the run only now is left out like the others, and the runs begin again.

    Raises:
        GoldError: fewer than three tests pass in all of them; the message says why.
    """
    while True:
        say(f"run 1 of {RUNS}: {_counted(found.report)}")
        if passed(found.report) < LEAST:
            raise GoldError(*_too_few(label, agreed([found.report], found), found.report))
        limit = min(found.test.timeout, FIRST_LIMIT + 5 * found.report.seconds)
        others = [_watched(engine, image, found.test, limit) for _ in range(RUNS - 1)]
        later = await asyncio.gather(*others)
        for number, watched in enumerate(later, 2):
            say(f"run {number} of {RUNS}: {_counted(watched.report)}")
        short = next((watched for watched in later if watched.report.status != COMPLETE), None)
        if short is None:
            break
        stalled = dict(found.stalled)
        test = _without(short, found.test, stalled, say)
        found = await first(engine, image, test, say, stalled)
    result = agreed([found.report, *(watched.report for watched in later)], found)
    if len(result.tests) < LEAST:
        raise GoldError(*_too_few(label, result, found.report))
    return result


def passed(report: Report) -> int:
    """How many tests of a run passed."""
    return sum(result.outcome == PASSED for result in report.results.values())


def _counted(report: Report) -> str:
    return f"{passed(report)} of {len(report.results)} tests passed in {report.seconds:.1f} s"


def agreed(reports: Sequence[Report], found: First) -> Baseline:
    """The baseline and the quarantine of several runs, of which `found` holds the first."""
    order = list(dict.fromkeys(test for report in reports for test in report.results))
    quarantined = dict(found.stalled)
    for error in reports[0].errors:
        where, _, message = error.partition(": ")
        quarantined[where] = f"cannot be collected: {_line(message)}"
    tests = []
    for test in order:
        outcomes = [report.outcome(test) for report in reports]
        if set(outcomes) == {PASSED}:
            tests.append(test)
        else:
            quarantined[test] = _reason(test, outcomes, reports)
    seconds = median(report.seconds for report in reports)
    return Baseline(tuple(tests), quarantined, seconds, found.test, found.stalled)


def _reason(test: str, outcomes: Sequence[str], reports: Sequence[Report]) -> str:
    if len(set(outcomes)) > 1:
        return f"unstable: {', '.join(outcomes)}"
    results = [report.results[test] for report in reports if test in report.results]
    message = _line(results[0].message) if results else ""
    return f"{outcomes[0]}: {message}" if message else outcomes[0]


def _line(message: str) -> str:
    """The line of a failure that says what is wrong."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    raised = [line.removeprefix("E ").strip() for line in lines if line.startswith("E ")]
    last = bool(raised or "Traceback (most recent call last):" in lines)
    return clean.line((raised or lines or [""])[-1 if last else 0], 300)


def _too_few(label: str, result: Baseline, report: Report) -> tuple[str, str]:
    """Message and hint for a project without a baseline."""
    if not report.results and not report.errors and not result.quarantined:
        return (
            f"{label}: pytest ran no tests ({_last_words(report)})",
            "choose tests with test_args in gold.toml",
        )
    count = f"only {len(result.tests)} of its tests pass" if result.tests else "none of its tests pass"
    if len(result.tests) < passed(report):
        count += " every time"
    example = next((f"; {where}: {why}" for where, why in result.quarantined.items()), "")
    return (
        f"{label}: {count}, and {LEAST} are needed{example}"[:600],
        "mend the project, or give what its tests need in gold.toml (pip, apt, env, test_args)",
    )
