"""The bar at the top: what goes on, who decides, how far it is and how much is broken."""

from __future__ import annotations

from cligym_tui.screen.branches import standing
from cligym_tui.screen.errand import repair_of, verdict
from cligym_tui.screen.lines import Part, width_of
from cligym_tui.screen.sight import Sight, broken, broken_now
from cligym_tui.screen.strip import PartsLine, joined
from cligym_tui.screen.words import ACCENT, BAD, GOOD, MUTED, WARN, sparkline
from cligym_tui.wording import number, short, span, spending


class Bar(PartsLine):
    """One line about the session."""

    DEFAULT_CSS = "Bar { background: $panel; color: $foreground; padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._sight = Sight()

    def see(self, sight: Sight) -> None:
        """Show a moment."""
        self._sight = sight
        self.look()

    def parts(self, width: int) -> list[Part]:
        """What there is room for, the most important first."""
        sight, state = self._sight, self._sight.state
        clock = _clock(sight)
        width -= width_of(clock) + 1
        history = [found for step in sight.steps if (found := broken(step)) is not None]
        left = joined(
            [
                [chip(sight)],
                _mode(sight) if sight.live else [("replay", f"bold {ACCENT}")],
                _steps(sight),
                _broken(sight),
                [(sparkline([0, *history], max(history, default=0), 24), BAD)] if history else [],
                _spent(sight),
                [(number(len(state.tasks), "task"), GOOD)] if state.tasks else [],
                [(state.gold, "bold")],
                [(state.session, MUTED)],
            ],
            width,
            " │ ",
        )
        return [*left, (" " * (width - width_of(left) + 1), ""), *clock]


def chip(sight: Sight) -> Part:
    """What goes on, in a word or two."""
    state, branch, step = sight.state, sight.branch, sight.step
    if state.ended:
        return f"■ {state.outcome or 'ended'}", GOOD if state.outcome == "goal" else WARN
    if branch is None:
        return "◌ starting", MUTED
    if not branch.open:
        return f"■ {branch.outcome}", MUTED
    if branch.paused == "operator" and step and (step.running or (step.suite and step.suite.running)):
        return "pausing after this step", WARN
    if sight.hands == "soon":
        return "taking over after this step", WARN
    if sight.hands == "off":
        return "◌ being graded", f"bold {ACCENT}"
    words = standing(branch)
    if branch.taken and not sight.live:
        return "▸ by hand", f"bold {WARN}"
    repair = repair_of(state, branch.id)
    if words == "open" and repair is not None and repair.solver == "operator":
        return "? waits for you", f"bold {WARN}"
    return {
        "running": ("▸ running", f"bold {GOOD}"),
        "testing": ("◌ testing", f"bold {ACCENT}"),
        "waits for you": ("? waits for you", f"bold {WARN}"),
        "in your hands": ("▸ in your hands", f"bold {WARN}"),
        "open": ("● thinking", GOOD),
    }.get(words, (f"○ {words}", WARN))


def _mode(sight: Sight) -> list[Part]:
    if sight.state.repairs:
        return [("repair", f"bold {ACCENT}")]
    return [_decides(sight)]


def _decides(sight: Sight) -> Part:
    return sight.state.mode, {"auto": GOOD, "confirm": WARN}.get(sight.state.mode, ACCENT)


TIGHT = 0.8
"""Share of a limit from which on it is shown as one."""


def _steps(sight: Sight) -> list[Part]:
    if sight.branch is None:
        return []
    count = len(sight.branch.steps)
    tight = sight.limit and count >= TIGHT * sight.limit
    of = f" of {sight.limit}" if sight.limit else ""
    return [(f"{sight.selected} step {count}{of}", WARN if tight else "")]


def _broken(sight: Sight) -> list[Part]:
    repair = repair_of(sight.state, sight.selected)
    if repair is not None:
        word, look = verdict(repair)
        return [(word, f"bold {look}"), (f" {repair.task}", "")]
    if not sight.tests:
        return []
    down = broken_now(sight.steps)
    return [(f"{down} of {sight.tests} broken", f"bold {BAD}" if down else GOOD)]


def _spent(sight: Sight) -> list[Part]:
    """What models took: on this branch, and in all where that is more; and what they may take."""
    own, every = sight.branch.spent if sight.branch else None, sight.state.spent
    if every is None:
        return []
    told = spending(own) if own else "no calls"
    parts = [(told, ACCENT), (f" of {spending(every)}" if own != every else "", MUTED)]
    budget = sight.budget
    if budget and budget.usd:
        parts.append(_limit(every.usd / budget.usd, f"${budget.usd:g}"))
    if budget and budget.tokens:
        parts.append(_limit(every.tokens / budget.tokens, f"{short(budget.tokens)} tok"))
    return parts


def _limit(share: float, name: str) -> Part:
    return f", limit {name}", f"bold {WARN}" if share >= TIGHT else MUTED


def _clock(sight: Sight) -> list[Part]:
    state = sight.state
    if not state.started:
        return []
    return [(span(sight.clock - state.started), MUTED)]
