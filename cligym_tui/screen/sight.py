"""What the panes are shown: one moment of a session and the branch the operator looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from sessions.lineage import lineage
from sessions.model import State

if TYPE_CHECKING:
    from engine.ledger import Budget
    from sessions.model import Branch, Step, Suite


Hands = Literal["", "soon", "now", "off"]
"""Whether what is typed goes to a branch's shell; `soon`, when the step that runs there is over; `off`, never
again: it is being graded."""


@dataclass(frozen=True)
class Sight:
    """One moment. Equal parts of two moments are the same objects, so a pane sees cheaply what changed."""

    state: State = field(default_factory=State)
    selected: str = ""
    """The branch that is looked at; empty before there is one."""
    live: bool = False
    limit: int = 0
    """Steps a branch may take; 0 when there is no limit or it is not known."""
    now: float = 0.0
    """Wall clock."""
    budget: Budget | None = None
    """What models may take; None when that is not known."""
    hands: Hands = ""
    """The operator's, on the shell of the selected branch."""

    @property
    def clock(self) -> float:
        """The wall clock there: of a session that is over or recorded, that of its last event."""
        return self.now if self.live and not self.state.ended else self.state.at

    @property
    def branch(self) -> Branch | None:
        """The selected branch."""
        return self.state.branches.get(self.selected)

    @cached_property
    def steps(self) -> list[Step]:
        """The steps that led to where the selected branch stands, from gold."""
        return lineage(self.state, self.selected)

    @property
    def step(self) -> Step | None:
        """The newest step of the selected branch."""
        branch = self.branch
        return branch.steps[max(branch.steps)] if branch and branch.steps else None

    @property
    def held(self) -> Step | None:
        """The step that waits for the operator: one of the selected branch before any other."""
        step = self.step
        if step and step.held:
            return step
        return next(
            (one for branch in self.state.branches.values() if branch.open
             for one in branch.steps.values() if one.held),
            None,
        )  # fmt: skip

    @property
    def tests(self) -> int:
        """Tests of the baseline."""
        return len(self.state.tests)


def broken(step: Step) -> int | None:
    """Baseline tests that are broken after a step, when its suite has said so."""
    suite = step.suite
    return suite.broken if suite and not suite.running and suite.status != "abandoned" else None


def broken_now(steps: list[Step]) -> int:
    """Broken tests at the last step that is known."""
    return next((found for step in reversed(steps) if (found := broken(step)) is not None), 0)


def nominee(sight: Sight, branch: str, step: int) -> Step | None:
    """The step that can be committed at a place: the nearest at or before it that broke something.

    One whose tests still run is passed over: where an agent is at work, the newest nearly always is.
    """
    for one in reversed(lineage(sight.state, branch, step)):
        if one.branch == branch and one.snapshot and (down := broken(one)) is not None:
            return one if down else None
    return None


def same(one: object, other: object) -> bool:
    """Whether two parts of moments are the same objects, words or numbers; never a comparison in depth."""
    if one is other:
        return True
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, str | int | float | frozenset) and one == other


def said(suite: Suite, test: str) -> str:
    """What a test that does not pass said, or what kept it from being run."""
    own = str(suite.messages.get(test) or "")
    if own:
        return own
    file = test.split("::", 1)[0]
    errors = [error for error in suite.errors if error.startswith(f"{file}:")] or list(suite.errors)
    told = [suite.detail] if suite.detail else []
    if errors:
        told.append("It was not collected:")
    if told or errors:
        return "\n\n".join([*told, *errors])
    return "It was not run, and nothing said why. A file of tests that misses what it needs may skip itself."
