"""The strip of tabs that narrow terminals have in the place of side-by-side panes."""

from __future__ import annotations

from cligym_tui.screen.lines import Part
from cligym_tui.screen.strip import PartsLine
from cligym_tui.screen.words import ACCENT

PANES = ("shell", "tests", "dockerfile", "tree")


class Tabs(PartsLine):
    """The panes' names with their badges."""

    DEFAULT_CSS = "Tabs { background: $surface; padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._current = PANES[0]
        self._badges: dict[str, Part] = {}
        self.numbered = True

    def show(self, current: str, badges: dict[str, Part]) -> None:
        """Which pane is seen, and what the others have to say."""
        if (current, badges) != (self._current, self._badges):
            self._current, self._badges = current, badges
            self.refresh()

    def parts(self, width: int) -> list[Part]:
        """Four parts a tab."""
        parts: list[Part] = []
        for number, name in enumerate(PANES, 1):
            here = name == self._current
            badge, look = self._badges.get(name, ("", ""))
            parts += [
                (f" {number} " if self.numbered else " ", f"bold {ACCENT} reverse" if here else ACCENT),
                (f"{name} ", f"bold {ACCENT} reverse" if here else ""),
                (f"{badge}" if badge else "", look),
                ("  ", ""),
            ]
        return parts

    def actions(self, width: int) -> list[str]:
        """A click goes to the pane."""
        return [action for name in PANES for action in (f"view_{name}", f"view_{name}", f"view_{name}", "")]
