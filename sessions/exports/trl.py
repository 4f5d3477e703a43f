"""For TRL 1.16: `messages` with a column of tools, and `prompt`, `chosen`, `rejected` for preferences.

Arguments are objects, which chat templates want; the tools are JSON in a string, which TRL takes apart again,
since one table cannot hold several schemas without filling each with the other's fields. `train` is in every
message: TRL's own templates do not look at it, the one of `docs/training.md` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.exports.chat import Row, about, compact, dialogue, function, functions, heard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessions.trajectories.model import Trajectory, Turn
    from sessions.trajectories.pairs import Pair


def row(trajectory: Trajectory) -> Row:
    """One line of the data set."""
    return {
        "messages": [*_system(trajectory), *_messages(dialogue(trajectory.turns))],
        "tools": compact(functions(trajectory.tools)),
        **about(trajectory),
    }


def pair(pair: Pair) -> Row:
    """One line of the preferences."""
    return {
        "prompt": [*_system(pair.chosen), *_messages(dialogue(pair.prompt, to_train=False))],
        "chosen": list(_messages([pair.better])),
        "rejected": list(_messages([pair.worse])),
        "tools": compact(functions(pair.chosen.tools)),
        "chosen_id": pair.chosen.id,
        "rejected_id": pair.rejected.id,
    }


def _system(trajectory: Trajectory) -> list[Row]:
    return [{"role": "system", "content": trajectory.system, "train": False}] if trajectory.system else []


def _messages(turns: Iterable[Turn]) -> Iterator[Row]:
    for turn in turns:
        if turn.role == "user":
            yield from ({**message, "train": False} for message in heard(turn))
            continue
        message: Row = {"role": "assistant", "content": turn.text}
        if turn.thinking:
            message["reasoning_content"] = turn.thinking
        if turn.calls:
            message["tool_calls"] = [function(call, as_text=False) for call in turn.calls]
        yield {**message, "train": turn.train}
