"""The part of the fold about repairs: who was given which task, and what its grader said."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from sessions import events
from sessions.model import Repair, State
from sessions.work import Changes, Handler


def _repair_started(state: State, event: events.RepairStarted) -> Changes:
    if event.branch in state.repairs:
        return {}
    repair = Repair(
        branch=event.branch,
        task=event.task,
        path=event.path,
        solver=event.solver,
        hint=event.hint,
        attempt=event.attempt,
        instruction=event.instruction,
        started=event.at,
        since=event.at,
    )
    return {"repairs": {**state.repairs, event.branch: repair}}


def _repair_graded(state: State, event: events.RepairGraded) -> Changes:
    repair = state.repairs.get(event.branch)
    if repair is None or repair.outcome:
        return {}
    graded = replace(
        repair,
        ended=event.at,
        reward=event.reward,
        outcome=event.outcome,
        detail=event.detail,
        log=event.log,
        failing=event.failing,
    )
    return {"repairs": {**state.repairs, event.branch: graded}}


def taken_up(state: State, at: float) -> dict[str, Repair]:
    """The repairs when a later process goes on: nobody was at the open ones since the last event."""
    return {
        name: repair
        if repair.outcome
        else replace(repair, worked=repair.worked + max(0.0, state.at - repair.since), since=at)
        for name, repair in state.repairs.items()
    }


HANDLERS: Final[dict[type[events.Event], Handler]] = {
    events.RepairStarted: _repair_started,
    events.RepairGraded: _repair_graded,
}
