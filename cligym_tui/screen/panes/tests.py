"""The tests pane: a matrix of tests and steps, its counts, filters, and what a failure said."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from cligym_tui.screen.lines import Fixed, Part, Parts
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.matrix import ALL, FILTERS, Matrix
from cligym_tui.screen.sight import same
from cligym_tui.screen.words import ACCENT, MUTED

if TYPE_CHECKING:
    from cligym_tui.screen.sight import Sight
    from sessions.model import Step

EMPTY: Final = "The tests appear here when the session has begun, with a column for every step that ran them."
NONE_LEFT: Final = "No test is {0}. s shows the others."


class TestsPane(Listing):
    """All tests of the baseline, down; the steps of the branch, across."""

    __test__ = False
    what: ClassVar[str] = "the tests shown"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(empty=EMPTY, id=id)
        self.wanted = ALL
        self.only: Step | None = None
        """Show just what this step flipped."""
        self.matrix: Matrix | None = None
        self._shown: tuple[object, ...] = ()
        self._jumped: object = None

    def see(self, sight: Sight) -> None:
        """Show a moment."""
        suites = tuple(step.suite for step in sight.steps)
        now = (sight.selected, sight.state.tests, suites, self.wanted, self.only)
        if same(now, self._shown):
            return
        self._shown = now
        only = frozenset(flip.id for flip in self.only.flips) if self.only else None
        self.matrix = Matrix(sight.state.tests, sight.steps, self.wanted, only) if sight.state.tests else None
        self.empty = EMPTY if not sight.state.tests else NONE_LEFT.format(self.wanted)
        self.present(self.matrix or Fixed(), self._flip())

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
        """Steps and counts."""
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

    @property
    def badge(self) -> Part:
        """What is broken, for a tab."""
        if self.matrix is None:
            return "", MUTED
        down = self.matrix.total - self.matrix.counts["passed"] - self.matrix.counts["pending"]
        return f"✘{down}" if down else "✔", "$text-error" if down else "$text-success"
