"""What became of each attempt of a session: one flat record for each branch, made from the fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sessions.model import Branch, Candidate, Gate, State, Task

TASK, FELL, BARREN, SPARE = "task", "fell", "barren", "spare"
"""Ways an attempt ends; `spare` is proven when there were tasks enough. Others are of `BranchClosed`."""


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """One gate's verdict on what an attempt put forward."""

    gate: str
    held: bool
    reason: str = ""
    seconds: float = 0.0


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One branch, from its opening to a task or to what it failed for."""

    session: str
    branch: str
    gold: str
    agent: str = ""
    seed: int = 0
    families: tuple[str, ...] = ()
    """Of the faults that were tried, each once."""
    outcome: str = ""
    """`task`, `fell`, `barren`, `spare`, or how the branch was closed."""
    flipped: bool = False
    nominated: bool = False
    gate: str = ""
    """The gate that did not hold."""
    reason: str = ""
    """Why there is no task."""
    task: str = ""
    gates: tuple[Examined, ...] = ()
    opened: float = 0.0
    """Wall clock, seconds since the epoch."""
    seconds: float = 0.0
    """From its opening to its closing, proof aside."""
    commands: float = 0.0
    """Seconds its commands took."""
    suites: float = 0.0
    """Seconds the suite took after its steps."""


def attempts(state: State) -> tuple[Attempt, ...]:
    """The attempts of a session so far, in the order they were begun."""
    last = {branch: candidate for (branch, _), candidate in state.candidates.items()}
    made = {task.branch: task for task in state.tasks}
    return tuple(
        _attempt(state, branch, last.get(branch.id), made.get(branch.id))
        for branch in state.branches.values()
    )


def _attempt(state: State, branch: Branch, candidate: Candidate | None, task: Task | None) -> Attempt:
    steps = branch.steps.values()
    if task is not None:
        # What else was put forward on the branch, or once more, makes it no less a task.
        candidate = state.candidates.get((task.branch, task.step))
    gates = task.gates if task else candidate.gates if candidate else ()
    return Attempt(
        session=state.session,
        branch=branch.id,
        gold=state.gold,
        agent=state.agent,
        seed=state.seed,
        families=tuple(dict.fromkeys(step.family for step in steps if step.family))
        or ((candidate.family,) if candidate and candidate.family else ()),
        outcome=TASK if task else _outcome(branch, candidate),
        flipped=any(step.flips for step in steps),
        nominated=candidate is not None,
        gate=candidate.fell_by if candidate else "",
        reason=candidate.reason if candidate else branch.detail,
        task=task.id if task else "",
        gates=tuple(map(_examined, gates)),
        opened=branch.opened,
        seconds=max(0.0, branch.closed - branch.opened) if branch.closed else 0.0,
        commands=sum(step.seconds for step in steps),
        suites=sum(step.suite.seconds for step in steps if step.suite),
    )


def _examined(gate: Gate) -> Examined:
    return Examined(gate=gate.name, held=bool(gate.held), reason=gate.reason, seconds=gate.seconds)


def _outcome(branch: Branch, candidate: Candidate | None) -> str:
    if candidate is None:
        return branch.outcome or "open"
    if candidate.outcome:
        return candidate.outcome
    whole = bool(candidate.gates) and all(gate.held for gate in candidate.gates)
    return SPARE if whole else "abandoned"
