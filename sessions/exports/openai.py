"""For OpenAI's fine-tuning: JSON lines with tools, and preferences with one answer against another.

The rules are those of its guide: arguments are JSON in a string, only an assistant's message has a `weight`
(0 or 1), the last message is the assistant's, and there are no other fields. Thoughts have no place in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.exports.chat import Row, dialogue, function, functions, heard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessions.trajectories.model import Trajectory, Turn
    from sessions.trajectories.pairs import Pair


def row(trajectory: Trajectory) -> Row:
    """One line of the data set."""
    messages = [*_system(trajectory), *_messages(dialogue(trajectory.turns))]
    return {"messages": messages, **_tools(trajectory)}


def pair(pair: Pair) -> Row:
    """One line of the preferences."""
    prompt = [*_system(pair.chosen), *_messages(dialogue(pair.prompt, to_train=False))]
    return {
        "input": {
            "messages": [_without_weight(message) for message in prompt],
            **_tools(pair.chosen),
        },
        "preferred_output": [_without_weight(message) for message in _messages([pair.better])],
        "non_preferred_output": [_without_weight(message) for message in _messages([pair.worse])],
    }


def _tools(trajectory: Trajectory) -> Row:
    # One command a turn is also what the trajectory has; where it has more, the field would be untrue.
    several = any(len(turn.calls) > 1 for turn in trajectory.turns)
    return {"tools": functions(trajectory.tools), "parallel_tool_calls": several}


def _system(trajectory: Trajectory) -> list[Row]:
    return [{"role": "system", "content": trajectory.system}] if trajectory.system else []


def _messages(turns: Iterable[Turn]) -> Iterator[Row]:
    for turn in turns:
        if turn.role == "user":
            yield from heard(turn)
            continue
        message: Row = {"role": "assistant"}
        if turn.text or not turn.calls:
            message["content"] = turn.text
        if turn.calls:
            message["tool_calls"] = [function(call, as_text=True) for call in turn.calls]
        yield {**message, "weight": int(turn.train)}


def _without_weight(message: Row) -> Row:
    return {key: value for key, value in message.items() if key != "weight"}
