"""A change of a text, line by line, as the command somebody would have typed for it."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator

SHARE = 0.5
"""Share of the new text from which on it is clearer to write all of it."""


def edited(old: str, new: str, name: str) -> str:
    """A `sed -i` that makes `new` of the text `old` in the file `name` (quoted); empty where none is fit.

    Source of the commands `d`, `c`, `i` and `a`, by numbers of lines of the old text: GNU sed, which keeps
    owner and mode of the file. A last line without an end is beyond it.
    """
    if not old.endswith("\n") or not new.endswith("\n"):
        return ""
    before, after = old[:-1].split("\n"), new[:-1].split("\n")
    script = "\n".join(_commands(before, after))
    if not script or len(script) > SHARE * len(new):
        return ""
    return f"sed -i {shlex.quote(script)} {name}"


def _commands(before: list[str], after: list[str]) -> Iterator[str]:
    for what, start, end, first, last in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        lines = after[first:last]
        if what == "delete":
            yield f"{_lines(start, end)}d"
        elif what == "replace":
            yield f"{_lines(start, end)}c{_text(lines)}"
        elif what == "insert" and start < len(before):
            yield f"{start + 1}i{_text(lines)}"
        elif what == "insert":
            yield f"$a{_text(lines)}"


def _lines(start: int, end: int) -> str:
    return f"{start + 1},{end}" if end > start + 1 else f"{start + 1}"


def _text(lines: list[str]) -> str:
    # Each but the last line goes on in the next; the first after the command keeps its indentation so.
    return "\\\n" + "\\\n".join(line.replace("\\", "\\\\") for line in lines)
