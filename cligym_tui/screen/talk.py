"""What the model says, as it says it: thinking, words and the command it is writing, newest at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cligym_tui.screen.lines import Fixed, wrapped
from cligym_tui.screen.popup import Popup
from cligym_tui.screen.safe import paragraphs
from cligym_tui.screen.words import ACCENT, MUTED
from cligym_tui.wording import spending

if TYPE_CHECKING:
    from cligym_tui.screen.lines import Parts
    from cligym_tui.screen.sight import Sight

_LOOKS: Final = {"thinking": "italic dim", "text": "", "tool": ACCENT}
_LOOK: Final = 0.3
"""Seconds between two looks."""


class TalkPopup(Popup):
    """Follows the branch that is looked at; who scrolls up stays there."""

    def __init__(self, sight: Callable[[], Sight]) -> None:
        branch = sight().selected
        super().__init__(f"What the model says on {branch}" if branch else "What the model says")
        self._sight = sight
        self._shown: object = None

    def on_mount(self) -> None:
        """Look again and again."""
        super().on_mount()
        self.set_interval(_LOOK, self._again)

    def _again(self) -> None:
        branch = self._sight().branch
        if branch is not None and (branch.said, branch.asking, branch.spent) != self._shown:
            self.fill()

    def fill(self) -> None:
        """Wrap it."""
        branch = self._sight().branch
        width = max(20, self.listing.room)
        rows: list[tuple[Parts, str | None]] = []
        step = 0
        for piece in branch.said if branch else ():
            if piece.step != step:
                step = piece.step
                rows.append(([(f"before step {step}", f"bold {MUTED}")], None))
            for line in paragraphs(piece.text):
                look = _LOOKS.get(piece.kind, "")
                rows += [([(row, look)], row) for row in wrapped(line, width)]
        if branch and branch.asking:
            rows.append(([(f"… {branch.asking} is at work", MUTED)], None))
        if branch and branch.spent:
            rows.append(([(spending(branch.spent), MUTED)], None))
        if branch is not None:
            self._shown = (branch.said, branch.asking, branch.spent)
        at_end = self.listing.cursor >= len(self.listing.lines) - 2
        self.listing.present(Fixed(rows), len(rows) - 1 if at_end else None)
