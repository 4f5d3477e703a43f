"""For Harbor: the Agent Trajectory Interchange Format, version 1.7 (`harbor.models.trajectories`).

A branch is a trajectory and a session its run. What a fork shares with its parent is marked as copied, and
what an agent without a model did as done without a call of one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from sessions.exports.chat import Row, functions

if TYPE_CHECKING:
    from sessions.trajectories.model import Spent, Trajectory, Turn
    from sessions.trajectories.pairs import Pair

VERSION = "ATIF-v1.7"


def row(trajectory: Trajectory) -> Row:
    """The document."""
    steps = _steps(trajectory)
    agent: Row = {
        "name": trajectory.agent,
        "version": trajectory.version or "unknown",
        "tool_definitions": functions(trajectory.tools),
    }
    if trajectory.model:
        agent["model_name"] = trajectory.model
    return {
        "schema_version": VERSION,
        "session_id": trajectory.session or trajectory.id,
        "trajectory_id": trajectory.id,
        "agent": agent,
        "steps": steps,
        "final_metrics": {
            **{f"total_{name}": value for name, value in _metrics(trajectory.spent).items()},
            "total_steps": len(steps),
        },
        "extra": _extra(trajectory, steps),
    }


def pair(pair: Pair) -> Row:
    """Two steps of two documents, after which the one was solved and the other not."""
    return {
        "chosen": _place(pair.chosen, pair.shared),
        "rejected": _place(pair.rejected, pair.shared),
    }


def _place(trajectory: Trajectory, shared: int) -> Row:
    before = len(_steps(msgspec.structs.replace(trajectory, turns=trajectory.turns[:shared])))
    return {"trajectory_id": trajectory.id, "step_id": before + 1, "reward": trajectory.reward}


def _extra(trajectory: Trajectory, steps: list[Row]) -> Row:
    told = ("project", "purpose", "branch", "task", "hint", "attempt", "reward", "outcome", "seconds")
    extra: Row = {name: getattr(trajectory, name) for name in told}
    extra["tags"] = msgspec.to_builtins(trajectory.tags)
    if trajectory.parent:
        copied = sum(bool(step.get("is_copied_context")) for step in steps)
        extra["parent"] = {"trajectory_id": trajectory.parent, "step_id": copied}
    return extra


def _steps(trajectory: Trajectory) -> list[Row]:
    steps: list[Row] = []
    if trajectory.system:
        first: Row = {"source": "system", "message": trajectory.system}
        steps.append({**first, "is_copied_context": True} if trajectory.parent else first)
    for turn in trajectory.turns:
        if turn.role == "assistant":
            steps.append(_answer(turn, bool(trajectory.model)))
            continue
        rest = [text for text in (_observed(steps, turn), turn.text) if text]
        if rest or not turn.results:
            steps.append({"source": "user", "message": "\n\n".join(rest), **_circumstances(turn)})
    return [{"step_id": number, **step} for number, step in enumerate(steps, 1)]


def _answer(turn: Turn, by_model: bool) -> Row:
    step: Row = {"source": "agent", "message": turn.text, **_circumstances(turn)}
    if turn.model:
        step["model_name"] = turn.model
    if turn.thinking:
        step["reasoning_content"] = turn.thinking
    if turn.calls:
        step["tool_calls"] = [
            {"tool_call_id": call.id, "function_name": call.name, "arguments": call.input}
            for call in turn.calls
        ]
    if turn.spent:
        step["metrics"] = _metrics(turn.spent)
        step["llm_call_count"] = turn.spent.calls
    elif not by_model:
        step["llm_call_count"] = 0
    return step


def _observed(steps: list[Row], turn: Turn) -> str:
    """Give the step before what its calls led to; what answers none of its calls is returned."""
    before = steps[-1] if steps else {}
    known = {call["tool_call_id"] for call in before.get("tool_calls", ())}
    results: list[Row] = [
        {
            "source_call_id": result.tool_use_id,
            "content": result.content,
            "extra": {"is_error": result.is_error},
        }
        for result in turn.results
        if result.tool_use_id in known
    ]
    if results:
        before["observation"] = {"results": results}
    return "\n\n".join(result.content for result in turn.results if result.tool_use_id not in known)


def _circumstances(turn: Turn) -> Row:
    extra: Row = {"train": turn.train, "step": turn.step}
    if turn.why:
        extra["why"] = turn.why
    if turn.origin:
        extra["origin"] = turn.origin
    found: Row = {"extra": extra}
    if turn.at:
        found["timestamp"] = datetime.fromtimestamp(turn.at, UTC).isoformat()
    if turn.copied:
        found["is_copied_context"] = True
    return found


def _metrics(spent: Spent) -> Row:
    """What is known of it."""
    figures = {
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
        "cached_tokens": spent.cached_tokens,
        "cost_usd": spent.usd,
    }
    return {name: value for name, value in figures.items() if value is not None}
