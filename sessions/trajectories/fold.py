"""From a session's events to its trajectories: one for each branch on which something was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sessions.attempts import BARREN, FELL, SPARE, TASK, attempts
from sessions.lineage import ancestors, lineage
from sessions.trajectories import made, said
from sessions.trajectories.gathered import Gathered, Line, gather, spent
from sessions.trajectories.model import Tool, Trajectory, Turn, safe
from sessions.trajectories.printed import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessions.events import Event
    from sessions.model import Branch, Step

__all__ = ["trajectories"]

_REWARDS: Final = {TASK: 1.0, SPARE: 1.0, FELL: 0.0, BARREN: 0.0}
"""Of an exploration, by what became of it."""


def trajectories(happened: Iterable[Event]) -> tuple[Trajectory, ...]:
    """The trajectories of a session, in the order its branches were opened.

    What a branch shares with the one it forks from is in both; in the fork it is marked as copied, for nobody
    is to learn it twice.
    """
    gathered = gather(happened)
    outcomes = {each.branch: each.outcome for each in attempts(gathered.state)}
    found = (_trajectory(gathered, branch, outcomes) for branch in gathered.state.branches.values())
    return tuple(each for each in found if any(map(_own, each.turns)))


def _own(turn: Turn) -> bool:
    return turn.role == "assistant" and not turn.copied


def _trajectory(gathered: Gathered, branch: Branch, outcomes: dict[str, str]) -> Trajectory:
    state, line = gathered.state, gathered.inherited(branch.id)
    started, graded, begun = line.started, line.graded, line.begun
    reward, outcome = _outcome(line, outcomes.get(branch.id, ""))
    ran = [step for step in lineage(state, branch.id) if step.ran]
    ended = branch.closed or (graded.at if graded else state.at)
    parent = state.branches.get(branch.parent)
    agent = (started.solver if started else state.agent) or "unknown"
    purpose = "repair" if started else "explore"
    turns = tuple(_turns(gathered, branch, line, agent))
    if not begun and reward is not None and any(map(_own, turns)):
        turns = (*turns, made.closing(purpose, outcome, reward >= 1.0, ended))
    own = gathered.line(branch.id)
    return Trajectory(
        id=safe(f"{state.session}-{branch.id}"),
        session=state.session,
        branch=branch.id,
        project=state.gold,
        purpose=purpose,
        agent=agent,
        model=begun.model if begun else "",
        version=state.version,
        parent=safe(f"{state.session}-{parent.id}") if parent else "",
        fork=branch.fork if parent else 0,
        task=started.task if started else "",
        hint=started.hint if started else "",
        attempt=started.attempt if started else 0,
        system=plain(begun.system) if begun else "",
        tools=tuple(_tools(begun.tools)) if begun and begun.tools else (made.BASH,),
        turns=turns,
        reward=reward,
        outcome=outcome,
        steps=len(ran),
        commands=tuple(step.command for step in ran),
        changes=_changes(ran),
        seconds=round(max(0.0, ended - branch.opened), 3),
        spent=spent(own.answers),
    )


def _turns(gathered: Gathered, branch: Branch, line: Line, agent: str) -> Iterator[Turn]:
    state = gathered.state
    for place, (each, last) in enumerate(ancestors(state.branches, branch.id)):
        own, copied = gathered.line(each.id), each.id != branch.id
        part: Iterable[Turn]
        if own.messages:
            messages = said.before_fork(own.messages, last) if last is not None else own.messages
            part = said.turns(messages, gathered.answers, each.steps)
        else:
            if not place:
                first = made.opening(_instruction(gathered, line), each.opened)
                yield replace(first, copied=copied)
            part = made.turns(state, each.id, own, last, agent)
        yield from (_copied(turn) if copied else turn for turn in part)


def _copied(turn: Turn) -> Turn:
    if turn.role == "assistant":
        return replace(turn, copied=True, train=False, why="copied")
    return replace(turn, copied=True)


def _instruction(gathered: Gathered, line: Line) -> str:
    if line.started:
        return plain(line.started.instruction) or f"Repair {line.started.task}."
    state = gathered.state
    return made.EXPLORE.format(tests=len(state.tests), project=state.gold)


def _outcome(line: Line, explored: str) -> tuple[float | None, str]:
    if line.graded:
        # A failure of the engine's says nothing of what the solver did.
        return None if line.graded.outcome == "failed" else line.graded.reward, line.graded.outcome
    if line.started:
        return None, "not graded"
    return _REWARDS.get(explored), explored


def _tools(given: Iterable[dict[str, object]]) -> Iterator[Tool]:
    for tool in given:
        match tool:
            case {"name": str(name), "input_schema": dict(schema)}:
                yield Tool(name, str(tool.get("description") or ""), schema)
            case _:
                continue


def _changes(steps: Iterable[Step]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(change.path for step in steps for change in step.changes))
