"""The help: every key of this place, grouped, searchable."""

from __future__ import annotations

from collections.abc import Mapping

from cligym_tui.screen.actions import Action, at
from cligym_tui.screen.keymap import key_names
from cligym_tui.screen.lines import Fixed, Parts, wrapped
from cligym_tui.screen.popup import Popup
from cligym_tui.screen.words import ACCENT


class HelpScreen(Popup):
    """All actions of a place, those of the focused pane first."""

    def __init__(self, where: str, keymap: Mapping[str, str], first: str = "") -> None:
        super().__init__("Keys")
        self._where, self._keymap, self._first = where, keymap, first

    def fill(self) -> None:
        """Arrange them."""
        width = max(30, self.listing.room)
        lines: list[tuple[Parts, object]] = []
        for group, actions in grouped(self._where, self._first).items():
            lines += [([("", "")], None)] if lines else []
            lines.append(([(group, f"bold {ACCENT}")], None))
            for action in actions:
                keys = key_names(action, self._keymap) or "palette"
                rows = wrapped(action.told, width - 20)
                lines.append(([(f"  {keys:<16}", "bold"), (rows[0], "")], action.id))
                lines += [([(" " * 18 + row, "")], action.id) for row in rows[1:]]
        self.listing.present(Fixed(lines))


def grouped(where: str, first: str = "") -> dict[str, list[Action]]:
    """The actions of a place by group, in the registry's order, one group before the others."""
    groups: dict[str, list[Action]] = {first: []} if first else {}
    for action in at(where):
        groups.setdefault(action.group, []).append(action)
    return {group: actions for group, actions in groups.items() if actions}
