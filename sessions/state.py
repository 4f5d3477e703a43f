"""The fold: `apply(state, event) -> state`, pure, and so cheap that a screen can call it for every event.

An event that makes no sense where it stands (the end of an unknown step, a report after the suite's end, a
tag of a later version) changes nothing but the position: a journal is read as it is, and whoever shows it
never crashes on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sessions import attempting, events, steering, thinking, verdicts, work
from sessions.model import Branch, State
from sessions.work import Changes, Handler, abandon

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["State", "apply", "fold"]


def apply(state: State, event: events.Event) -> State:
    """The state after an event; the one before is left as it was."""
    handler = _HANDLERS.get(type(event))
    changes = handler(state, event) if handler else {}
    return replace(state, seq=event.seq, at=event.at, **changes)


def fold(happened: Iterable[events.Event], state: State | None = None) -> State:
    """The state after all these events, from the beginning or from a given state."""
    if state is None:
        state = State()
    for event in happened:
        state = apply(state, event)
    return state


def _session_started(state: State, event: events.SessionStarted) -> Changes:
    return {
        "session": event.session,
        "gold": event.gold,
        "image": event.image,
        "agent": event.agent,
        "seed": event.seed,
        "version": event.version,
        "tests": event.tests,
        "started": event.at,
    }


def _session_resumed(state: State, event: events.SessionResumed) -> Changes:
    return {
        "resumed": state.resumed + 1,
        "ended": 0.0,
        "outcome": "",
        "detail": "",
        "branches": {
            name: _forsake(branch, event.at, suite=not state.repairs)
            for name, branch in state.branches.items()
        },
        "candidates": {
            key: candidate if candidate.outcome else verdicts.settled(state, candidate, outcome="abandoned")
            for key, candidate in state.candidates.items()
        },
        "repairs": attempting.taken_up(state, event.at),
    }


def _forsake(branch: Branch, at: float, *, suite: bool) -> Branch:
    steps = {number: abandon(step, suite=suite) for number, step in branch.steps.items()}
    if not branch.open:
        return replace(branch, steps=steps, asking="")
    return replace(branch, steps=steps, outcome="abandoned", closed=at, asking="")


def _session_ended(state: State, event: events.SessionEnded) -> Changes:
    return {"ended": event.at, "outcome": event.outcome, "detail": event.detail}


def _branch_opened(state: State, event: events.BranchOpened) -> Changes:
    known = state.branches.get(event.branch)
    if known is None:
        branch = Branch(
            id=event.branch,
            image=event.image,
            parent=event.parent,
            fork=event.step,
            container=event.container,
            opened=event.at,
        )
        counters = replace(state.counters, attempts=state.counters.attempts + 1)
        return {"branches": {**state.branches, branch.id: branch}, "counters": counters}
    if known.open:
        return {}
    # Taken up again after it was closed: the same attempt, in another container.
    again = replace(known, container=event.container, outcome="", closed=0.0, detail="", shell="")
    return {"branches": {**state.branches, known.id: again}}


def _branch_closed(state: State, event: events.BranchClosed) -> Changes:
    branch = state.branches.get(event.branch)
    if branch is None or not branch.open:
        return {}
    # Its commands end with its container; a suite runs in a container of its own and may still report.
    steps = {number: abandon(step, suite=False) for number, step in branch.steps.items()}
    closed = replace(branch, outcome=event.outcome, detail=event.detail, closed=event.at, steps=steps)
    return {"branches": {**state.branches, branch.id: closed}}


_HANDLERS: Final[dict[type[events.Event], Handler]] = {
    events.SessionStarted: _session_started,
    events.SessionResumed: _session_resumed,
    events.SessionEnded: _session_ended,
    events.BranchOpened: _branch_opened,
    events.BranchClosed: _branch_closed,
    **work.HANDLERS,
    **verdicts.HANDLERS,
    **steering.HANDLERS,
    **thinking.HANDLERS,
    **attempting.HANDLERS,
}
