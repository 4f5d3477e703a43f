"""The part of the fold about models at work: what one says just now, and what all of it takes."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from sessions import events
from sessions.model import Said, State
from sessions.spending import Spent
from sessions.work import Changes, Handler

KEPT: Final = 60
"""Pieces of what a model said that are at hand on a branch; the journal has them all."""

LONGEST: Final = 20_000
"""Characters of one of them."""


def _model_asked(state: State, event: events.ModelAsked) -> Changes:
    return _branch(state, event.branch, asking=event.model)


def _model_said(state: State, event: events.ModelSaid) -> Changes:
    branch = state.branches.get(event.branch)
    if branch is None:
        return {}
    said, last = branch.said, branch.said[-1] if branch.said else None
    if last is not None and (last.call, last.kind) == (event.call, event.kind):
        said = (*said[:-1], replace(last, text=(last.text + event.text)[-LONGEST:]))
    else:
        said = (
            *said[-KEPT + 1 :],
            Said(call=event.call, kind=event.kind, text=event.text, step=_next(branch)),
        )
    return _branch(state, event.branch, said=said)


def _next(branch: Any) -> int:
    return max(branch.steps, default=0) + 1


def _model_answered(state: State, event: events.ModelAnswered) -> Changes:
    changes: Changes = {"spent": (state.spent or Spent()).plus(event)}
    branch = state.branches.get(event.branch)
    if branch is not None:
        spent = (branch.spent or Spent()).plus(event)
        changes |= _branch(state, event.branch, asking="", spent=spent)
    return changes


def _branch(state: State, name: str, **changed: Any) -> Changes:
    branch = state.branches.get(name)
    return {"branches": {**state.branches, name: replace(branch, **changed)}} if branch else {}


HANDLERS: Final[dict[type[events.Event], Handler]] = {
    events.ModelAsked: _model_asked,
    events.ModelSaid: _model_said,
    events.ModelAnswered: _model_answered,
}
