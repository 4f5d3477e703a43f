"""The events of a repair: a solver at work on a task in a branch, and what the task's grader says."""

from __future__ import annotations

from sessions.event import Event


class RepairStarted(Event, frozen=True, kw_only=True, tag="repair.started"):
    """A solver was given a task in a fresh container."""

    branch: str
    task: str
    """The task's id."""
    path: str
    """Its directory."""
    solver: str
    """`claude`, `operator`, `oracle` or `baseline`."""
    hint: str = "none"
    """`none`, `weak` or `strong`."""
    attempt: int = 1
    """Counts the attempts at this task with this solver and hint."""
    instruction: str = ""
    """As the solver was told."""


class RepairGraded(Event, frozen=True, kw_only=True, tag="repair.graded"):
    """The task's own grader has judged what the solver left."""

    branch: str
    step: int
    reward: float
    outcome: str
    """`solved`, `unsolved`, `gave up`, `limit`, `refused` or `failed`."""
    detail: str = ""
    log: str = ""
    """The end of what the grader printed."""
    failing: tuple[str, ...] = ()
    """Required tests that do not pass, the first of them."""
    seconds: float = 0.0


class RepairVerified(Event, frozen=True, kw_only=True, tag="repair.verified"):
    """The commands of a solved repair were run again in a fresh container, which was graded."""

    branch: str
    reward: float
    detail: str = ""
    """What the grader found, when it is not repaired."""
    seconds: float = 0.0
