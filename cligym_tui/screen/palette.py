"""The command palette: every action of the place, with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from cligym_tui.screen.actions import Action, at, key_names

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any


class Actions(Provider):
    """Finds actions by their names and what they do."""

    def _all(self) -> list[Action]:
        where = getattr(self.screen, "where", "")
        # Moving a cursor by name is of no use.
        return [
            action for action in at(where) if not action.id.startswith("pane.") and action.id != "app.palette"
        ]

    def _run(self, action: Action) -> Callable[[], Coroutine[Any, Any, None]]:
        screen = self.screen

        async def run() -> None:
            if screen.check_action(action.method, ()):
                await screen.run_action(action.method)
            else:
                screen.notify(f"There is nothing to {action.label} just now.", markup=False)

        return run

    def _title(self, action: Action) -> str:
        keys = key_names(action, self.app._keymap)
        return f"{action.group}: {action.label}" + (f"  ({keys})" if keys else "")

    async def discover(self) -> Hits:
        """All of them."""
        for action in self._all():
            yield DiscoveryHit(self._title(action), self._run(action), help=action.told)

    async def search(self, query: str) -> Hits:
        """Those that fit."""
        matcher = self.matcher(query)
        for action in self._all():
            title = self._title(action)
            score = max(matcher.match(title), matcher.match(action.told) / 2)
            if score > 0:
                yield Hit(score, matcher.highlight(title), self._run(action), help=action.told)
