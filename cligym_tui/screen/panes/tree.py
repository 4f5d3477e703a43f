"""The tree pane: branches and their steps; where forks, commits and labels are aimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cligym_tui.screen.branches import Forest, Key
from cligym_tui.screen.lines import Part
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.sight import same
from cligym_tui.screen.words import ACCENT, GOOD, MUTED
from sessions.model import State

if TYPE_CHECKING:
    from cligym_tui.screen.sight import Sight

EMPTY: Final = "Branches appear here, each with its steps."


class TreePane(Listing):
    """Branches and steps. Enter looks at a branch."""

    what = "the tree"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(empty=EMPTY, id=id)
        self.opened: frozenset[str] = frozenset()
        self._shown: tuple[object, ...] = ()
        self._state = State()
        self._newest: Key | None = None
        self._tasks = 0
        self._open = 0

    @property
    def aim(self) -> Key | None:
        """The branch and the step under the cursor; step 0 for a branch itself."""
        key = self.key
        return key if isinstance(key, tuple) else None

    def see(self, sight: Sight) -> None:
        """Show a moment."""
        state = self._state = sight.state
        now = (state.branches, state.candidates, sight.selected, self.opened)
        if same(now, self._shown):
            return
        self._shown = now
        self._tasks = len(state.tasks)
        self._open = sum(branch.open for branch in state.branches.values())
        forest = Forest(sight, self.opened)
        step = sight.step
        newest = (sight.selected, step.number if step else 0)
        at = None
        if newest != self._newest and not (self.moved and self.has_focus):
            self._newest = newest
            at = forest.place(newest)
        self.present(forest, at)

    def subject(self) -> tuple[str, str]:
        """A step's command."""
        step = self._state.step(*self.aim) if self.aim else None
        return (step.command, "the command") if step else super().subject()

    @property
    def badge(self) -> Part:
        """Open branches or tasks, for a tab."""
        if self._tasks:
            return f"✔{self._tasks}", GOOD
        return (str(self._open), ACCENT) if self._open > 1 else ("", MUTED)
