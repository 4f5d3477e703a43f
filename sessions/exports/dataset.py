"""Many trajectories as one data set: its files in a format, what they are said to be, and a card.

| file | |
|---|---|
| `train.jsonl`, `test.jsonl` | a trajectory a line; for `atif` directories, a document each |
| `pairs-train.jsonl`, `pairs-test.jsonl` | preferences, where they were asked for and there are any |
| `trajectories.jsonl` | every trajectory that was looked at, with what became of it |
| `README.md` | the card |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sessions.exports import atif, messages, openai, sharegpt, trl
from sessions.exports.card import card
from sessions.trajectories.pairs import pairs
from sessions.trajectories.split import TEST, TRAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sessions.exports.chat import Row
    from sessions.trajectories.choice import Chosen
    from sessions.trajectories.model import Trajectory
    from sessions.trajectories.pairs import Pair


class Format(NamedTuple):
    """How a trajectory and a preference are written."""

    row: Callable[[Trajectory], Row]
    pair: Callable[[Pair], Row]


FORMATS: Final = {
    "atif": Format(atif.row, atif.pair),
    "trl": Format(trl.row, trl.pair),
    "sharegpt": Format(sharegpt.row, sharegpt.pair),
    "openai": Format(openai.row, openai.pair),
    "messages": Format(messages.row, messages.pair),
}
SIDECAR: Final = "trajectories.jsonl"
CARD: Final = "README.md"


_TOLD: Final = (
    *("id", "session", "branch", "parent", "fork", "project", "purpose", "task", "hint", "attempt"),
    *("agent", "model", "reward", "outcome", "steps", "seconds"),
)
"""Fields of a trajectory that the sidecar repeats."""


def files(
    chosen: Sequence[Chosen], kind: str, *, view: str, with_pairs: bool = False
) -> Iterator[tuple[str, bytes]]:
    """Name, relative to the data set's directory, and content of each file; the card is the last."""
    written: dict[str, int] = {}
    for split in (TRAIN, TEST):
        rows = [each.trajectory for each in chosen if each.split == split]
        if kind == "atif":
            for each in rows:
                yield f"{split}/{each.id}.json", msgspec.json.format(_json(atif.row(each)), indent=2) + b"\n"
        elif rows:
            written[f"{split}.jsonl"] = len(rows)
            yield f"{split}.jsonl", _lines(FORMATS[kind].row(each) for each in rows)
    if with_pairs:
        for split, found in _pairs(chosen).items():
            written[f"pairs-{split}.jsonl"] = len(found)
            yield f"pairs-{split}.jsonl", _lines(FORMATS[kind].pair(each) for each in found)
    if kind == "sharegpt":
        yield "dataset_info.json", msgspec.json.format(_json(sharegpt.info(written)), indent=2) + b"\n"
    yield SIDECAR, _lines(about(each) for each in chosen)
    yield CARD, card(chosen, kind, view, written).encode()


def about(each: Chosen) -> Row:
    """What is known of a trajectory and was decided on it: its line in the sidecar."""
    found = each.trajectory
    turns = [turn for turn in found.turns if turn.role == "assistant"]
    return {
        **{name: getattr(found, name) for name in _TOLD},
        "turns": len(found.turns),
        "trained": sum(turn.train for turn in turns),
        "untrained": _counted(turn.why for turn in turns if not turn.train),
        "calls": found.spent.calls,
        "prompt_tokens": found.spent.prompt_tokens,
        "completion_tokens": found.spent.completion_tokens,
        "usd": found.spent.usd,
        "tags": msgspec.to_builtins(found.tags),
        "split": each.split or None,
        "left_out": each.left_out or None,
    }


def _counted(words: Iterator[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found


def _pairs(chosen: Sequence[Chosen]) -> dict[str, list[Pair]]:
    """By split. What failed is half of a preference, so the view does not matter; tags and splits do."""
    splits = {each.trajectory.project: each.split for each in chosen if each.split}
    usable = [each.trajectory for each in chosen if each.split or not each.left_out.startswith("tagged")]
    found: dict[str, list[Pair]] = {}
    for each in pairs(usable):
        found.setdefault(splits.get(each.chosen.project, TRAIN), []).append(each)
    return found


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _lines(rows: Iterator[Row]) -> bytes:
    return b"".join(_json(row) + b"\n" for row in rows)
