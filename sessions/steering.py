"""The part of the fold about the operator: approvals, guidance, pauses, hands on the keyboard, labels."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from sessions import events
from sessions.model import Branch, Guidance, State
from sessions.work import Changes, Handler


def _mode_changed(state: State, event: events.ModeChanged) -> Changes:
    return {"mode": event.mode}


def _step_held(state: State, event: events.StepHeld) -> Changes:
    return _step(state, event.branch, event.step, held=True, pattern=event.pattern)


def _step_decided(state: State, event: events.StepDecided) -> Changes:
    decided = {"held": False, "verdict": event.verdict, "reason": event.reason}
    if event.verdict == "edited" and event.command:
        decided["command"] = event.command
    if event.verdict == "denied":
        decided["outcome"] = "denied"
    return _step(state, event.branch, event.step, **decided)


def _guidance_given(state: State, event: events.GuidanceGiven) -> Changes:
    branch = state.branches.get(event.branch)
    if branch is None or any(one.number == event.number for one in branch.guidance):
        return {}
    given = Guidance(number=event.number, text=event.text, at=event.at)
    return _branch(state, branch, guidance=(*branch.guidance, given))


def _guidance_delivered(state: State, event: events.GuidanceDelivered) -> Changes:
    branch = state.branches.get(event.branch)
    if branch is None:
        return {}
    told = tuple(
        replace(one, delivered=True, understood=event.understood) if one.number == event.number else one
        for one in branch.guidance
    )
    return _branch(state, branch, guidance=told)


def _branch_paused(state: State, event: events.BranchPaused) -> Changes:
    branch = state.branches.get(event.branch)
    return (
        _branch(state, branch, paused=(event.reason or "operator") if event.paused else "") if branch else {}
    )


def _taken_over(state: State, event: events.TakenOver) -> Changes:
    branch = state.branches.get(event.branch)
    return _branch(state, branch, taken=True) if branch else {}


def _handed_back(state: State, event: events.HandedBack) -> Changes:
    branch = state.branches.get(event.branch)
    return _branch(state, branch, taken=False) if branch else {}


def _branch_labelled(state: State, event: events.BranchLabelled) -> Changes:
    branch = state.branches.get(event.branch)
    return _branch(state, branch, title=event.title, note=event.note) if branch else {}


def _branch(state: State, branch: Branch, **changed: Any) -> Changes:
    return {"branches": {**state.branches, branch.id: replace(branch, **changed)}}


def _step(state: State, branch: str, number: int, **changed: Any) -> Changes:
    step = state.step(branch, number)
    if step is None or step.outcome:
        return {}
    line = state.branches[branch]
    return _branch(state, line, steps={**line.steps, number: replace(step, **changed)})


HANDLERS: Final[dict[type[events.Event], Handler]] = {
    events.ModeChanged: _mode_changed,
    events.StepHeld: _step_held,
    events.StepDecided: _step_decided,
    events.GuidanceGiven: _guidance_given,
    events.GuidanceDelivered: _guidance_delivered,
    events.BranchPaused: _branch_paused,
    events.TakenOver: _taken_over,
    events.HandedBack: _handed_back,
    events.BranchLabelled: _branch_labelled,
}
