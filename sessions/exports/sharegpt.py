"""For LLaMA-Factory: conversations in the ShareGPT shape, and the `dataset_info.json` that names them.

Its rules (data/README.md; `SharegptDatasetConverter`): `human` and `observation` in odd places, `gpt` and
`function_call` in even ones, and as many of the one as of the other; a call is JSON with `name` and
`arguments`, before which a thought may stand in `<think>`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.exports.chat import Row, about, compact, dialogue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessions.trajectories.model import Trajectory, Turn
    from sessions.trajectories.pairs import Pair

_COLUMNS = {"messages": "conversations", "system": "system", "tools": "tools"}
_TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "function_tag": "function_call",
    "observation_tag": "observation",
    "system_tag": "system",
}


def row(trajectory: Trajectory) -> Row:
    """One line of the data set."""
    return {"conversations": _said(dialogue(trajectory.turns)), **_given(trajectory), **about(trajectory)}


def pair(pair: Pair) -> Row:
    """One line of the preferences."""
    return {
        "conversations": _said(dialogue(pair.prompt, to_train=False)),
        "chosen": _message(pair.better),
        "rejected": _message(pair.worse),
        **_given(pair.chosen),
        "chosen_id": pair.chosen.id,
        "rejected_id": pair.rejected.id,
    }


def info(files: Iterable[str]) -> Row:
    """`dataset_info.json` for the files that were written: `cligym_train`, `cligym_pairs_test`, and so on."""
    found: Row = {}
    for file in files:
        name = f"cligym_{file.removesuffix('.jsonl').replace('-', '_')}"
        ranking = "pairs" in name
        more = {"chosen": "chosen", "rejected": "rejected"} if ranking else {}
        found[name] = {
            "file_name": file,
            "formatting": "sharegpt",
            **({"ranking": True} if ranking else {}),
            "columns": {**_COLUMNS, **more},
            "tags": _TAGS,
        }
    return found


def _given(trajectory: Trajectory) -> Row:
    tools = [
        {"name": tool.name, "description": tool.description, "parameters": tool.input_schema}
        for tool in trajectory.tools
    ]
    return {"system": trajectory.system, "tools": compact(tools)}


def _said(turns: Iterable[Turn]) -> list[Row]:
    return [_message(turn) for turn in turns]


def _message(turn: Turn) -> Row:
    if turn.role == "user":
        parts = [result.content for result in turn.results]
        value = "\n\n".join([*parts, turn.text] if turn.text else parts)
        return {"from": "observation" if turn.results else "human", "value": value, "train": False}
    if not turn.calls:
        return {"from": "gpt", "value": _thought(turn.thinking) + turn.text, "train": turn.train}
    calls = [{"name": call.name, "arguments": call.input} for call in turn.calls]
    # Tags that stand in a command would be taken for the loader's own.
    value = compact(calls if len(calls) > 1 else calls[0]).replace("<", "\\u003c")
    thought = "\n\n".join(part for part in (turn.thinking, turn.text) if part)
    return {"from": "function_call", "value": _thought(thought) + value, "train": turn.train}


def _thought(text: str) -> str:
    """Before a call only thoughts are allowed, so words become one."""
    plain = text.replace("<think>", "").replace("</think>", "")
    return f"<think>\n{plain}\n</think>\n\n" if plain else ""
