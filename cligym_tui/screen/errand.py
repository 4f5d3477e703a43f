"""What a solver was told and what its grader said, as lines: of a repair, in the place of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cligym_tui.screen.lines import Fixed, Part, Parts, wrapped
from cligym_tui.screen.safe import paragraphs
from cligym_tui.screen.words import ACCENT, BAD, GOOD, MUTED, WARN
from cligym_tui.wording import number
from sessions.lineage import lineage

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cligym_tui.screen.sight import Sight
    from sessions.model import Repair, State


def repair_of(state: State, branch: str) -> Repair | None:
    """The repair that a branch is, or is a fork of; before there is a branch, the one that was begun last.

    None where environments are broken.
    """
    if not branch or not state.repairs:
        return next(reversed(state.repairs.values()), None)
    at: str = branch
    for _ in range(len(state.branches) + 1):
        if at in state.repairs:
            return state.repairs[at]
        line = state.branches.get(at)
        at = line.parent if line else ""
    return None


def verdict(repair: Repair) -> Part:
    """How it stands, in a word or two."""
    if not repair.outcome:
        return "not graded yet", MUTED
    if repair.outcome == "solved":
        return "✔ solved", GOOD
    return f"✘ {repair.outcome}", BAD if repair.outcome in ("unsolved", "gave up") else WARN


def heading(repair: Repair, sight: Sight) -> Parts:
    """The verdict, and how much was done."""
    word, look = verdict(repair)
    steps = number(len(lineage(sight.state, sight.selected)), "step")
    return [(word, f"bold {look}"), (f"  {repair.task} · {repair.solver} · {steps}", MUTED)]


def lines(repair: Repair, width: int) -> Fixed:
    """All there is to read, for so many columns."""
    told: list[tuple[Parts, Hashable]] = []

    def say(text: str, look: str = "") -> None:
        for line in paragraphs(text):
            told.extend(([(piece, look)], None) for piece in wrapped(line, width))

    if repair.outcome:
        say(f"reward {repair.reward:g}{f': {repair.detail}' if repair.detail else ''}", verdict(repair)[1])
        if repair.log.strip():
            say("The grader:", ACCENT)
            say(repair.log.strip(), MUTED)
        say("")
    hint = "" if repair.hint == "none" else f", with a {repair.hint} hint"
    say(f"What the solver was told{hint}:", ACCENT)
    say(repair.instruction.strip())
    return Fixed(told)
