"""The command palette: every action of the place, with its key. Moving a cursor by name is of no use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.command import DiscoveryHit, Hit, Hits, Provider

from cligym_tui.screen.actions import PANE_ACTIONS, Action, at
from cligym_tui.screen.keymap import configured, key_names

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any


MOVES: Final = {f"pane.{way}" for way in ("down", "up", "left", "right", "page-down", "page-up")}
UNNAMED: Final = {*MOVES, "app.palette", "replay.percent"}
"""The share of a session is in the key; a name would have but one."""


class Actions(Provider):
    """Finds actions by their names and what they do."""

    def _all(self) -> list[Action]:
        where = getattr(self.screen, "where", "")
        return [action for action in at(where) if action.id not in UNNAMED]

    def _run(self, action: Action) -> Callable[[], Coroutine[Any, Any, None]]:
        screen = self.screen

        async def run() -> None:
            doer = screen.focused if action in PANE_ACTIONS else screen
            if doer is not None and doer.check_action(action.method, ()):
                await doer.run_action(action.method)
            else:
                screen.notify(f"There is nothing to {action.label} just now.", markup=False)

        return run

    def _title(self, action: Action) -> str:
        keys = key_names(action, configured(self.app))
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
