"""The Messages API's own shape: messages in blocks, thoughts and their signatures included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sessions.exports.chat import Row, about, dialogue

if TYPE_CHECKING:
    from sessions.trajectories.model import Trajectory, Turn
    from sessions.trajectories.pairs import Pair


def row(trajectory: Trajectory) -> Row:
    """One line of the data set; `train` stands beside the messages, one flag for each."""
    turns = dialogue(trajectory.turns)
    return {
        **_given(trajectory),
        "messages": [_message(turn) for turn in turns],
        "train": [turn.train for turn in turns],
        **about(trajectory),
    }


def pair(pair: Pair) -> Row:
    """One line of the preferences."""
    return {
        **_given(pair.chosen),
        "messages": [_message(turn) for turn in dialogue(pair.prompt, to_train=False)],
        "chosen": _message(pair.better),
        "rejected": _message(pair.worse),
        "chosen_id": pair.chosen.id,
        "rejected_id": pair.rejected.id,
    }


def _given(trajectory: Trajectory) -> Row:
    return {"system": trajectory.system, "tools": msgspec.to_builtins(trajectory.tools)}


def _message(turn: Turn) -> Row:
    return {"role": turn.role, "content": msgspec.to_builtins(turn.blocks)}
