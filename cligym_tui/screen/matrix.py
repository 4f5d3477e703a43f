"""The tests of a branch over its steps, as lines: one for each test, grouped by file, one column a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cligym_tui.screen.lines import Part, ending, ends, width_of
from cligym_tui.screen.words import BAD, GOOD, MUTED, PENDING, WARN, glyph, style

if TYPE_CHECKING:
    from sessions.model import Step

ALL: Final = "all"
BROKEN: Final = "broken"
FLIPPED: Final = "flipped"
FILTERS: Final = (ALL, BROKEN, FLIPPED)
NAMES: Final = 20
"""Columns names have at least, before steps are left out."""


@dataclass(frozen=True)
class Column:
    """One suite run; the first one stands for gold, where everything passed."""

    title: str
    outcomes: Mapping[str, str] | None
    running: bool
    flips: frozenset[str]
    branch: str = ""
    step: int = 0

    def outcome(self, test: str) -> str:
        """A test's outcome in this run."""
        if self.outcomes is None:
            return "passed"
        return self.outcomes.get(test) or (PENDING if self.running else "missing")


def columns(steps: Sequence[Step]) -> list[Column]:
    """A column for gold and one for each step whose suite has begun."""
    found = [Column("g", None, False, frozenset())]
    for step in steps:
        suite = step.suite
        if suite and suite.status != "abandoned":
            flips = frozenset(flip.id for flip in suite.flips)
            found.append(
                Column(str(step.number), suite.outcomes, suite.running, flips, step.branch, step.number)
            )
    return found


class Matrix:
    """All lines under one filter. A key is a test's id; files have none."""

    def __init__(
        self,
        tests: Sequence[str],
        steps: Sequence[Step],
        wanted: str = ALL,
        only: frozenset[str] | None = None,
    ) -> None:
        """Arrange the tests.

        Args:
            tests: the baseline, in order.
            steps: what led here, from gold.
            wanted: one of `FILTERS`.
            only: the tests to show whatever the filter says, when not None.
        """
        self.columns = columns(steps)
        self.total = len(tests)
        self.last = self.columns[-1]
        outcomes = [(test, self.last.outcome(test)) for test in tests]
        self.counts = Counter(outcome for _, outcome in outcomes)
        flipped = frozenset().union(*(column.flips for column in self.columns))
        if only is not None:
            kept = [test for test in tests if test in only]
        elif wanted == BROKEN:
            kept = [test for test, outcome in outcomes if outcome not in ("passed", PENDING)]
        elif wanted == FLIPPED:
            kept = [test for test in tests if test in flipped]
        else:
            kept = list(tests)
        self._broken = Counter(_file(test) for test, now in outcomes if now not in ("passed", PENDING))
        self._lines: list[tuple[str, bool]] = []
        file = None
        for test in kept:
            if _file(test) != file:
                file = _file(test)
                self._lines.append((file, False))
            self._lines.append((test, True))
        longest = max(len(each.title) for each in self.columns)
        self._cell = 2 if len(self.columns) < 11 and longest < 2 else max(3, longest + 1)

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> Hashable:
        """A test's id."""
        name, test = self._lines[index]
        return name if test else None

    def place(self, test: str) -> int | None:
        """Where a test is."""
        return next((at for at, (name, real) in enumerate(self._lines) if real and name == test), None)

    def seen(self, width: int) -> list[Column]:
        """The columns there is room for: the newest."""
        room = max(1, (width - NAMES) // self._cell)
        return self.columns[-room:]

    def parts(self, index: int, width: int) -> list[Part]:
        """One line."""
        name, test = self._lines[index]
        seen = self.seen(width)
        if not test:
            broken = f"  {self._broken[name]} broken" if self._broken[name] else ""
            # A long one begins further to the left, where nothing else is.
            left = max(0, min(self._cell * len(seen), width - width_of([(name + broken, "")])))
            named = ending(name, width - left - len(broken))
            return [(" " * left, ""), (named, f"bold {MUTED}"), (broken, BAD)]
        parts: list[Part] = []
        for column in seen:
            outcome = column.outcome(name)
            flipped = name in column.flips
            mark = f"{style(outcome)} reverse" if flipped else style(outcome)
            parts += [(" " * (self._cell - 2), ""), (glyph(outcome), mark), (" ", "")]
        now = self.last.outcome(name)
        room = width - self._cell * len(seen) - 1
        parts.append(
            (" " + ends(_name(name), room).rstrip(), "" if now in ("passed", PENDING) else style(now))
        )
        return parts

    def heading(self, width: int) -> list[Part]:
        """The numbers of the steps, and the counts at the last one."""
        seen = self.seen(width)
        parts: list[Part] = [(f"{each.title:>{self._cell - 1}} ", f"bold {MUTED}") for each in seen]
        parts.append((" ", ""))
        for name, look in (("passed", GOOD), ("failed", BAD), ("error", BAD), ("missing", WARN)):
            if self.counts[name]:
                parts.append((f"{glyph(name)}{self.counts[name]} ", look))
        others = self.counts["skipped"] + self.counts["xfailed"] + self.counts["xpassed"]
        if others:
            parts.append((f"○{others} ", WARN))
        if self.counts[PENDING]:
            parts.append((f"·{self.counts[PENDING]} to come", MUTED))
        return parts


def _file(test: str) -> str:
    return test.split("::", 1)[0]


def _name(test: str) -> str:
    return test.split("::", 1)[-1]
