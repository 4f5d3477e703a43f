"""The part of the fold about candidates: nominations, gates, tasks.

Each function takes the state before and an event, and returns the fields of the state that change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sessions import events
from sessions.model import Candidate, Gate, State, Task

if TYPE_CHECKING:
    from sessions.work import Changes, Handler


def _candidate_nominated(state: State, event: events.CandidateNominated) -> Changes:
    key = (event.branch, event.step)
    known = state.candidates.get(key)
    if known and not known.outcome:
        return {}
    # One that was abandoned or fell may be put forward again: it is examined anew.
    candidate = Candidate(
        branch=event.branch, step=event.step, by=event.by, family=event.family, nominated=event.at
    )
    nominated = state.counters.nominated + (known is None)
    return {
        "candidates": {**state.candidates, key: candidate},
        "counters": replace(state.counters, nominated=nominated),
    }


def _gate_started(state: State, event: events.GateStarted) -> Changes:
    return _examined(state, event.branch, event.step, Gate(name=event.gate, began=event.at))


def _gate_ended(state: State, event: events.GateEnded) -> Changes:
    gate = Gate(name=event.gate, held=event.held, reason=event.reason, seconds=event.seconds)
    return _examined(state, event.branch, event.step, gate, _inert(event.evidence))


def _inert(evidence: dict[str, object]) -> tuple[int, ...]:
    listed = evidence.get("inert")
    found = (
        [each.get("step") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    return tuple(step for step in found if isinstance(step, int))


def _task_committed(state: State, event: events.TaskCommitted) -> Changes:
    candidate = state.candidates.get((event.branch, event.step))
    task = Task(
        id=event.task,
        path=event.path,
        branch=event.branch,
        step=event.step,
        families=event.families,
        f2p=event.f2p,
        p2p=event.p2p,
        at=event.at,
        gates=candidate.gates if candidate else (),
    )
    changes: Changes = {
        "tasks": (*state.tasks, task),
        "counters": replace(state.counters, proven=state.counters.proven + 1),
    }
    if candidate:
        changes.update(_with(state, replace(candidate, outcome="committed", task=event.task)))
    return changes


def _candidate_fell(state: State, event: events.CandidateFell) -> Changes:
    count = {**state.counters.fell, event.gate: state.counters.fell.get(event.gate, 0) + 1}
    changes: Changes = {"counters": replace(state.counters, fell=count)}
    candidate = state.candidates.get((event.branch, event.step))
    if candidate:
        lost = settled(state, candidate, outcome="fell", fell_by=event.gate, reason=event.reason)
        changes.update(_with(state, lost))
    return changes


def settled(state: State, candidate: Candidate, **lost: str) -> Candidate:
    """A candidate that came to nothing, as `lost` says, unless its step is a task from an earlier time."""
    made = [task.id for task in state.tasks if (task.branch, task.step) == (candidate.branch, candidate.step)]
    return replace(candidate, outcome="committed", task=made[-1]) if made else replace(candidate, **lost)


def _examined(state: State, branch: str, step: int, gate: Gate, inert: tuple[int, ...] = ()) -> Changes:
    candidate = state.candidates.get((branch, step))
    if candidate is None or candidate.outcome:
        return {}
    candidate = replace(candidate, inert=inert or candidate.inert)
    names = [known.name for known in candidate.gates]
    if gate.name not in names:
        return _with(state, replace(candidate, gates=(*candidate.gates, gate)))
    gates = tuple(gate if known.name == gate.name else known for known in candidate.gates)
    return _with(state, replace(candidate, gates=gates))


def _with(state: State, candidate: Candidate) -> Changes:
    return {"candidates": {**state.candidates, (candidate.branch, candidate.step): candidate}}


HANDLERS: Final[dict[type[events.Event], Handler]] = {
    events.CandidateNominated: _candidate_nominated,
    events.GateStarted: _gate_started,
    events.GateEnded: _gate_ended,
    events.TaskCommitted: _task_committed,
    events.CandidateFell: _candidate_fell,
}
