"""One suite run's outcomes, and how they differ from another's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from sessions.events import Flip

PASSED = "passed"
MISSING = "missing"
"""Outcome of a baseline test the run did not report: not collected, or the run ended before it."""

OUTCOMES = frozenset({PASSED, "failed", "error", "skipped", "xfailed", "xpassed", MISSING})
"""pytest's own outcomes, `error` for setup, teardown and collection, and `missing`."""

COMPLETE = "complete"
"""The runner reached its end and said so."""
UNSTARTABLE = "unstartable"
"""The test command never reached the runner (no interpreter, no loader, no shell)."""
DIED = "died"
"""The runner began and ended without its last line (killed, crashed, out of memory)."""
TIMEOUT = "timeout"
"""The time limit ended it."""


class TestResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One test as the runner reported it."""

    __test__ = False  # not a test class, whatever its name

    id: str
    outcome: str
    seconds: float = 0.0
    message: str = ""
    """Short text of the failure, cleaned, at most a few KiB."""


class Report(msgspec.Struct, frozen=True):
    """What one run of the suite showed. Never an empty pass: `status` says whether it ran to its end."""

    status: str
    detail: str
    """One line on why the status is not `complete`, else empty."""
    results: Mapping[str, TestResult]
    """By test id, in the order they were reported."""
    errors: tuple[str, ...] = ()
    """Collection errors, as short texts."""
    exit_code: int | None = None
    """Exit code of the test command; None when it never ended by itself."""
    seconds: float = 0.0
    tail: str = ""
    """The last KiB the suite printed, cleaned: evidence when it did not start."""

    def outcome(self, test: str) -> str:
        """Outcome of one test, `missing` if the run has none for it."""
        result = self.results.get(test)
        return result.outcome if result else MISSING

    def broken(self, baseline: Iterable[str]) -> frozenset[str]:
        """The baseline tests that did not pass in this run."""
        return frozenset(test for test in baseline if self.outcome(test) != PASSED)


def flips(baseline: Iterable[str], before: Report | None, after: Report) -> tuple[Flip, ...]:
    """Baseline tests whose outcome differs between two runs; without `before`, against all passed."""
    found = []
    for test in baseline:
        was = before.outcome(test) if before else PASSED
        now = after.outcome(test)
        if was != now:
            found.append(Flip(test, was, now))
    return tuple(found)
