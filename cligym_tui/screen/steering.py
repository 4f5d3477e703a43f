"""The steering line: what the operator said and whether it arrived, else what the agent is after."""

from __future__ import annotations

from cligym_tui.screen.actions import BY_ID
from cligym_tui.screen.keymap import configured, key_name, keys_of, leaving
from cligym_tui.screen.lines import Part, Parts, spread
from cligym_tui.screen.sight import Sight
from cligym_tui.screen.strip import PartsLine
from cligym_tui.screen.words import ACCENT, MUTED, WARN


class Steering(PartsLine):
    """One line between the panes and the keys."""

    DEFAULT_CSS = "Steering { background: $surface; color: $foreground; padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._parts: Parts = ()

    def see(self, sight: Sight, word: str, *, away: bool = False) -> None:
        """Show a moment; `away` while another pane than the shell has the keys."""
        keymap = configured(self.app)
        back = key_name((*keys_of(BY_ID["view.shell"], keymap), "tab")[0]) if away else ""
        self._parts = steering(sight, word, leaving(keymap), back)
        self.look()

    def parts(self, width: int) -> Parts:
        """What is said."""
        return spread(self._parts, [], width)


def _and(sight: Sight) -> str:
    # Who repairs finds the task and the way to its end on the other side of that key.
    return ", to read the task or submit" if sight.state.repairs else "; every key is in the journal"


def steering(sight: Sight, word: str, leave: str, back: str = "") -> list[Part]:
    """Guidance that waits, before what was understood, before the agent's intent and the last event.

    Args:
        sight: the moment.
        word: the last event.
        leave: the key that gives the keyboard back.
        back: the key that goes to the shell; empty where it has the keys already.
    """
    branch, step = sight.branch, sight.step
    parts: list[Part] = []
    waiting = [one for one in branch.guidance if not one.delivered] if branch else []
    told = [one for one in branch.guidance if one.delivered] if branch else []
    if branch and branch.taken and not sight.live:
        return [("by hand: ", f"bold {WARN}"), ("the operator had the keyboard.", WARN)]
    if sight.hands == "now" and back:
        return [
            ("Keys are the screen's here: ", f"bold {WARN}"),
            (f"{back} types into the shell again, {leave} gives it back.", WARN),
        ]
    if sight.hands == "now":
        return [
            ("The keyboard is yours: ", f"bold {WARN}"),
            (f"{leave} gives it back{_and(sight)}.", WARN),
        ]
    if sight.hands == "soon":
        return [("You take over after this step: ", f"bold {WARN}"), (f"{leave} takes that back.", WARN)]
    if waiting:
        count = f" (+{len(waiting) - 1})" if len(waiting) > 1 else ""
        return [(f"queued{count}: ", f"bold {WARN}"), (waiting[-1].text, ""), ("  at the next step", MUTED)]
    proven = branch is not None and any(one.branch == branch.id for one in sight.state.candidates.values())
    if branch and branch.paused == "nominated" and sight.live and not proven:
        return [("c proves it: ", f"bold {ACCENT}"), (word, "")]
    if told and step and told[-1].at >= step.proposed - 60 and told[-1].understood:
        parts += [("understood: ", f"bold {ACCENT}"), (told[-1].understood, ""), ("  ", "")]
    if step and not sight.state.ended and branch and branch.open:
        aim = f" ({step.family})" if step.family else ""
        why = step.intent or "no reason given"
        parts += [(f"{step.origin}{aim}: ", MUTED), (why, ""), ("  ", "")]
    return [*parts, (f"· {word}" if parts and word else word, MUTED)]
