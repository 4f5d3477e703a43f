"""The card of a data set of trajectories: what is in it, in counts, and how it is loaded."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from sessions.exports.columns import front

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sessions.trajectories.choice import Chosen
    from sessions.trajectories.model import Trajectory

_VIEWS: Final = {"success": "those that succeeded", "all": "all that have a reward, failures included"}

_LOAD: Final = {
    "atif": "One document a trajectory, which `harbor`'s validator takes:\n\n"
    "```console\n$ for f in train/*.json; do python -m harbor.utils.trajectory_validator $f; done\n```",
    "trl": '```python\nfrom datasets import load_dataset\n\ntrain = load_dataset("json", '
    'data_files="train.jsonl", split="train")  # for trl.SFTTrainer\n```',
    "sharegpt": "```console\n$ llamafactory-cli train --dataset_dir . --dataset cligym_train ...\n```",
    "openai": "Upload `train.jsonl` as the training file, `test.jsonl` as the validation file.",
    "messages": "Each line has `system`, `tools` and `messages` as the Messages API takes them, and "
    "`train`, one flag for each message.",
}


def card(chosen: Sequence[Chosen], kind: str, view: str, written: Mapping[str, int]) -> str:
    """The card in Markdown, with the front matter by which `load_dataset` finds the files."""
    kept = [each.trajectory for each in chosen if each.split]
    parts = [
        _front(kind, written) + "# Trajectories",
        f"{len(kept)} of {len(chosen)} recorded trajectories, {_VIEWS[view]}, in the format `{kind}`. Each "
        "is what one agent did in a container, as a conversation: commands, what they printed, and the "
        "reward at the end.",
        _table("In numbers", _numbers(chosen, kept, written)),
        _table("Projects", _projects(chosen), "project", "train", "test"),
    ]
    left = Counter(each.left_out for each in chosen if each.left_out)
    if left:
        parts.append(_table("Left out", left.most_common(), "because", "trajectories"))
    tags = Counter(tag.name for each in kept for tag in each.tags)
    if tags:
        parts.append(_table("Kept though tagged", tags.most_common(), "tag", "trajectories"))
    parts += ["## Use", _LOAD[kind], _FLAGS]
    return "\n\n".join(parts) + "\n"


_FLAGS: Final = """\
No project is on both sides of the split. `train` says of each message whether a model should learn to say
it: no user's does, nor an answer that was denied, broken off or made no sense, nor what a fork copied from
the trajectory it forks from. `trajectories.jsonl` has a line for each trajectory that was looked at, also
for those left out, with the reason."""


def _front(kind: str, written: Mapping[str, int]) -> str:
    lines = ["tags:", "- terminal", "- agents", "- environment-repair", *front(kind, list(written))]
    return "\n".join(["---", *lines, "---", "", ""])


def _numbers(
    chosen: Sequence[Chosen], kept: Sequence[Trajectory], written: Mapping[str, int]
) -> list[tuple[str, object]]:
    turns = [turn for each in kept for turn in each.turns if turn.role == "assistant"]
    spent = [each.spent for each in kept]
    usd = _sum(each.usd for each in spent)
    return [
        ("to train on", sum(each.split == "train" for each in chosen)),
        ("to test on", sum(each.split == "test" for each in chosen)),
        ("preference pairs", sum(count for name, count in written.items() if name.startswith("pairs"))),
        ("that succeeded", sum(each.solved for each in kept)),
        ("tasks", len({each.task for each in kept if each.task})),
        ("commands", sum(each.steps for each in kept)),
        ("answers", len(turns)),
        ("answers to learn from", sum(turn.train for turn in turns)),
        ("agents", _named(each.agent for each in kept)),
        ("models", _named(each.model for each in kept if each.model)),
        ("what they are about", _named(each.purpose for each in kept)),
        ("tokens read", _sum(each.prompt_tokens for each in spent)),
        ("tokens written", _sum(each.completion_tokens for each in spent)),
        ("US dollars", usd if isinstance(usd, str) else f"{usd:.2f}"),
    ]


def _projects(chosen: Iterable[Chosen]) -> list[tuple[object, ...]]:
    counts = Counter((each.trajectory.project, each.split) for each in chosen if each.split)
    names = sorted({name for name, _ in counts})
    return [(name, counts[name, "train"], counts[name, "test"]) for name in names]


def _named(words: Iterable[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in Counter(words).most_common()) or "none"


def _sum(values: Iterable[float | None]) -> float | int | str:
    """What is not known of one is not known of all."""
    found = list(values)
    return "unknown" if None in found else sum(each for each in found if each is not None)


def _table(title: str, rows: Iterable[tuple[object, ...]], *head: str) -> str:
    lines = [_row(row) for row in rows]
    names = head or ("", "")
    return "\n".join([f"## {title}", "", f"| {' | '.join(names)} |", "|" + "---|" * len(names), *lines])


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(value: object) -> str:
    """Text that is nothing else in Markdown, whoever chose it."""
    line = "".join(char if char.isprintable() else "\ufffd" for char in str(value)[:200])
    return re.sub(r"([\\`*_{}\[\]<>#|~&$])", r"\\\1", line)
