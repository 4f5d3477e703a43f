"""What the columns of each format are, for the front matter of a card.

Without it a loader infers a table's columns from each file by itself, and then two files of one data set need
not fit together: arguments of one tool are a record, those of several are not. Types are those of `datasets`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_TEXT, _OBJECT, _OBJECTS = "dtype: string", "dtype: json", "list: json"
_ABOUT: Final = {"id": _TEXT, "project": _TEXT, "reward": "dtype: float64"}
_IDS: Final = {"chosen_id": _TEXT, "rejected_id": _TEXT}
_GIVEN: Final = {"system": _TEXT, "tools": _TEXT}

ROWS: Final = {
    "trl": {"messages": _OBJECTS, "tools": _TEXT, **_ABOUT},
    "sharegpt": {"conversations": _OBJECTS, **_GIVEN, **_ABOUT},
    "openai": {"messages": _OBJECTS, "tools": _OBJECTS, "parallel_tool_calls": "dtype: bool"},
    "messages": {
        "system": _TEXT,
        "tools": _OBJECTS,
        "messages": _OBJECTS,
        "train": "list: bool",
        **_ABOUT,
    },
}
"""By format; `atif` is documents and no table."""

PAIRS: Final = {
    "trl": {"prompt": _OBJECTS, "chosen": _OBJECTS, "rejected": _OBJECTS, "tools": _TEXT, **_IDS},
    "sharegpt": {"conversations": _OBJECTS, "chosen": _OBJECT, "rejected": _OBJECT, **_GIVEN, **_IDS},
    "openai": {"input": _OBJECT, "preferred_output": _OBJECTS, "non_preferred_output": _OBJECTS},
    "messages": {
        "system": _TEXT,
        "tools": _OBJECTS,
        "messages": _OBJECTS,
        "chosen": _OBJECT,
        "rejected": _OBJECT,
        **_IDS,
    },
    "atif": {"chosen": _OBJECT, "rejected": _OBJECT},
}


def front(kind: str, written: list[str]) -> Iterator[str]:
    """Lines of YAML that say which files and columns there are; the names are all ours."""
    sets = {"default": ("", ROWS), "pairs": ("pairs-", PAIRS)}
    there: dict[str, list[str]] = {}
    for name, (start, _) in sets.items():
        files = [split for split in ("train", "test") if f"{start}{split}.jsonl" in written]
        if files:
            there[name] = files
    if there:
        yield "configs:"
    for name, splits in there.items():
        yield f"- config_name: {name}"
        yield "  data_files:"
        for split in splits:
            yield f"  - split: {split}"
            yield f"    path: {sets[name][0]}{split}.jsonl"
    if there:
        yield "dataset_info:"
    for name in there:
        yield f"- config_name: {name}"
        yield "  features:"
        for column, type_ in sets[name][1][kind].items():
            yield f"  - name: {column}"
            yield f"    {type_}"
