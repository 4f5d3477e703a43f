"""The last line: the keys that matter most just now. It never goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cligym_tui.screen.actions import Action
from cligym_tui.screen.keymap import configured, key_name, keys_of
from cligym_tui.screen.lines import Part, Parts, width_of
from cligym_tui.screen.strip import PartsLine
from cligym_tui.screen.words import ACCENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.screen import Screen
    from textual.widget import Widget

MOST = 7
"""Hints at 80 columns; wider terminals get more."""


def told(keys: Iterable[tuple[str, str]]) -> Parts:
    """Keys, each with what it does."""
    return tuple(part for key, label in keys for part in ((key, f"bold {ACCENT}"), (f" {label}  ", "")))


class Hints(PartsLine):
    """Keys and labels in the order of their weight."""

    DEFAULT_CSS = "Hints { background: $panel; color: $foreground; padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._actions: list[Action] = []
        self._instead: Parts = ()

    def show(self, actions: list[Action]) -> None:
        """What can be done just now, the most important first."""
        if actions != self._actions:
            self._actions = actions
            self.refresh()

    def ask(self, keys: Iterable[tuple[str, str]]) -> None:
        """While something is asked, only the keys of the answer matter; none when it is answered."""
        self._instead = told(keys)
        self.look()

    def parts(self, width: int) -> Parts:
        """Each hint in three parts: the key, its label, a gap."""
        if self._instead:
            return self._instead
        parts: list[Part] = []
        keymap = configured(self.app)
        for action in self._fitting(width):
            key = key_name(keys_of(action, keymap)[0])
            parts += [(key, f"bold {ACCENT}"), (f" {action.label}", ""), ("  ", "")]
        return parts

    def actions(self, width: int) -> list[str]:
        """What a click does."""
        if self._instead:
            return []
        return [name for action in self._fitting(width) for name in (action.method, action.method, "")]

    def doer(self, action: str) -> Widget | Screen[object] | None:
        """The focused pane does what every pane can."""
        return self.screen.focused if action.startswith("pane_") else self.screen

    def _fitting(self, width: int) -> list[Action]:
        found: list[Action] = []
        room = width
        keymap = configured(self.app)
        for action in sorted(self._actions, key=lambda each: -each.show):
            keys = keys_of(action, keymap)
            if not keys:
                continue
            size = width_of([(f"{key_name(keys[0])} {action.label}  ", "")])
            if size <= room + 2 and len(found) < max(MOST, width // 11):
                found.append(action)
                room -= size
        return found
