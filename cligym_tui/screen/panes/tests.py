"""The tests pane: a matrix of tests and steps, its counts, filters, and what a failure said.

Of a repair no suite is run: there it shows what the solver was told and what the grader says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cligym_tui.screen import errand
from cligym_tui.screen.lines import Fixed, Part, Parts
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.matrix import ALL, FILTERS, Matrix
from cligym_tui.screen.sight import same
from cligym_tui.screen.words import ACCENT, BAD, GOOD, MUTED, PENDING

if TYPE_CHECKING:
    from cligym_tui.screen.sight import Sight
    from sessions.model import Repair, Step

EMPTY: Final = "The tests appear here when the session has begun, with a column for every step that ran them."
NONE_LEFT: Final = "No test is {0}. s shows the others."


class TestsPane(Listing):
    """All tests of the baseline, down; the steps of the branch, across."""

    __test__ = False
    what = "the tests shown"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(empty=EMPTY, id=id)
        self.wanted = ALL
        self.only: Step | None = None
        """Show just what this step flipped."""
        self.matrix: Matrix | None = None
        self.repair: Repair | None = None
        self._sight: Sight | None = None
        self._shown: tuple[object, ...] = ()
        self._jumped: object = None

    def see(self, sight: Sight) -> None:
        """Show a moment."""
        self._sight = sight
        self.repair = errand.repair_of(sight.state, sight.selected)
        if self.repair is not None:
            self._see_repair(self.repair, sight)
            return
        suites = tuple(step.suite for step in sight.steps)
        now = (sight.selected, sight.state.tests, suites, self.wanted, self.only)
        if same(now, self._shown):
            return
        self._shown = now
        only = frozenset(flip.id for flip in self.only.flips) if self.only else None
        self.matrix = Matrix(sight.state.tests, sight.steps, self.wanted, only) if sight.state.tests else None
        self.empty = EMPTY if not sight.state.tests else NONE_LEFT.format(self.wanted)
        self.present(self.matrix or Fixed(), self._flip())

    def _see_repair(self, repair: Repair, sight: Sight) -> None:
        width = max(20, self.scrollable_content_region.width - 1)
        now = (repair, len(sight.steps), width)
        if not same(now, self._shown):
            self._shown = now
            self.matrix = None
            self.present(errand.lines(repair, width), 0 if repair.outcome else None)

    def on_resize(self) -> None:
        """Words are wrapped anew."""
        if self.repair is not None and self._sight is not None:
            self.see(self._sight)

    def _flip(self) -> int | None:
        """Where the newest flip is, the first time it is seen and while nobody moved the cursor."""
        matrix = self.matrix
        if matrix is None or self.moved:
            return None
        last = next((column for column in reversed(matrix.columns) if column.flips), None)
        if last is None or (last.branch, last.step, len(matrix)) == self._jumped:
            return None if last else 0
        self._jumped = (last.branch, last.step, len(matrix))
        return next((at for at in range(len(matrix)) if matrix.key(at) in last.flips), None)

    def heading(self, width: int) -> Parts | None:
        """Steps and counts; of a repair the verdict."""
        if self.repair is not None and self._sight is not None:
            return errand.heading(self.repair, self._sight)
        if self.matrix is None:
            return None
        parts: list[Part] = list(self.matrix.heading(width))
        if self.only:
            parts.append((f" flipped by step {self.only.number}", ACCENT))
        elif self.wanted != ALL:
            parts.append((f" only {self.wanted}", ACCENT))
        return parts

    def filter(self) -> str:
        """Take the next filter; its name."""
        if self.only is not None:
            self.only = None
        else:
            self.wanted = FILTERS[(FILTERS.index(self.wanted) + 1) % len(FILTERS)]
        self.cursor = 0
        self._jumped = None
        return self.wanted

    def subject(self) -> tuple[str, str]:
        """A test's id, to run it by hand."""
        return (self.key, "the test's name") if isinstance(self.key, str) else super().subject()

    @property
    def badge(self) -> Part:
        """What is broken, for a tab."""
        if self.repair is not None:
            return errand.verdict(self.repair)
        if self.matrix is None:
            return "", MUTED
        coming = self.matrix.counts[PENDING]
        down = self.matrix.total - self.matrix.counts["passed"] - coming
        told = f"✘{down}" if down else ""
        if coming:
            return f"◌{told}", BAD if down else ACCENT
        return (told, BAD) if down else ("✔", GOOD)
