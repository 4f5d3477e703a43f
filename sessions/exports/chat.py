"""What the formats of conversations have in common: strict turns, and tools as functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessions.trajectories.model import Call, Tool, Trajectory, Turn

Row = dict[str, Any]


def dialogue(turns: Iterable[Turn], *, to_train: bool = True) -> list[Turn]:
    """The turns so that user and assistant alternate, beginning with the user.

    Turns of one side that follow each other become one. For training they end with the assistant: nobody
    learns from what is said after it.
    """
    found: list[Turn] = []
    for turn in turns:
        if found and found[-1].role == turn.role:
            last = found.pop()
            found.append(replace(last, blocks=last.blocks + turn.blocks, train=last.train and turn.train))
        elif found or turn.role == "user":
            found.append(turn)
    while to_train and found and found[-1].role != "assistant":
        found.pop()
    return found


def functions(tools: Iterable[Tool]) -> list[Row]:
    """Tools as the field's other APIs define them."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.input_schema,
            },
        }
        for tool in tools
    ]


def compact(value: object) -> str:
    """JSON in a string, as it stands in the text of a message."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def function(call: Call, *, as_text: bool) -> Row:
    """A call; its arguments as an object or as JSON in a string."""
    arguments = compact(call.input) if as_text else call.input
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def heard(turn: Turn) -> Iterator[Row]:
    """A user's turn: each tool's result is a message, words are one after them."""
    for result in turn.results:
        yield {"role": "tool", "tool_call_id": result.tool_use_id, "content": result.content}
    if turn.text or not turn.results:
        yield {"role": "user", "content": turn.text}


def about(trajectory: Trajectory) -> Row:
    """What every row tells of where it comes from."""
    return {"id": trajectory.id, "project": trajectory.project, "reward": trajectory.reward}
