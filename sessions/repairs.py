"""What became of each repair in a session: one flat record for each branch, tokens and money included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from sessions import events
from sessions.spending import Spent
from sessions.state import State, apply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessions.model import Repair

SOLVED, UNSOLVED, GAVE_UP, LIMIT = "solved", "unsolved", "gave up", "limit"
REFUSED, FAILED = "refused", "failed"
"""Ways a repair ends; `failed` is our own doing or the engine's, and tells nothing of task or solver."""


class Attempted(msgspec.Struct, frozen=True, kw_only=True):
    """One repair, from its start to its verdict."""

    task: str
    solver: str
    hint: str
    attempt: int
    session: str
    branch: str
    outcome: str
    """`RepairGraded.outcome`; empty when it was cut off."""
    model: str = ""
    """As the server calls it; empty without one."""
    reward: float = 0.0
    detail: str = ""
    failing: tuple[str, ...] = ()
    steps: int = 0
    """Commands that were begun."""
    seconds: float = 0.0
    """From the start to the verdict, grading included, without the time in which no process was at it."""
    spent: Spent = Spent()
    """What its model's calls took."""
    began: float = 0.0
    """Wall clock, seconds since the epoch."""
    version: str = ""
    """Of the program."""
    digest: str = ""
    """Of the task's manifest: what was tried."""

    @property
    def counts(self) -> bool:
        """Whether it says something of the task and the solver."""
        return self.outcome not in ("", FAILED)


class Tally:
    """Follows a session's events and keeps count of its repairs."""

    def __init__(self) -> None:
        self.state = State()
        self._spent: dict[str, Spent] = {}
        self._models: dict[str, str] = {}

    def take(self, event: events.Event) -> None:
        """The next event."""
        if isinstance(event, events.ShellOutput):
            return
        self.state = apply(self.state, event)
        if isinstance(event, events.ModelAnswered):
            self._spent[event.branch] = self._spent.get(event.branch, Spent()).plus(event)
            if event.model:
                self._models[event.branch] = event.model
        elif isinstance(event, events.ConversationBegun):
            self._models.setdefault(event.branch, event.model)

    def repair(self, branch: str) -> Attempted | None:
        """The record of one branch; None when nothing is repaired on it."""
        known = self.state.repairs.get(branch)
        return self._attempted(known) if known else None

    def repairs(self) -> tuple[Attempted, ...]:
        """All of them, in the order they were begun."""
        return tuple(self._attempted(each) for each in self.state.repairs.values())

    def _attempted(self, repair: Repair) -> Attempted:
        state, branch = self.state, self.state.branches.get(repair.branch)
        steps = branch.steps.values() if branch else ()
        made = Attempted(
            task=repair.task,
            solver=repair.solver,
            hint=repair.hint,
            attempt=repair.attempt,
            session=state.session,
            branch=repair.branch,
            outcome=repair.outcome,
            reward=repair.reward,
            detail=repair.detail,
            failing=repair.failing,
            steps=sum(1 for step in steps if step.started),
            spent=self._spent.get(repair.branch, Spent()),
            model=self._models.get(repair.branch, ""),
            began=repair.started,
            version=state.version,
        )
        seconds = repair.worked + max(0.0, repair.ended - repair.since)
        return replace(made, seconds=seconds) if repair.ended else made


def repairs(happened: Iterable[events.Event]) -> tuple[Attempted, ...]:
    """The repairs of a session, in the order they were begun."""
    tally = Tally()
    for event in happened:
        tally.take(event)
    return tally.repairs()


def rewards(happened: Iterable[events.Event]) -> dict[str, float]:
    """What second gradings gave, by trajectory: the session's id and the branch's."""
    found: dict[str, float] = {}
    session = ""
    for event in happened:
        if isinstance(event, events.SessionStarted):
            session = event.session
        elif isinstance(event, events.RepairVerified):
            found[f"{session}-{event.branch}"] = event.reward
    return found
