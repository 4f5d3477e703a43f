"""The only way text of an agent or a container gets to a widget: cleaned, and never as markup."""

from __future__ import annotations

from functools import lru_cache

from textual.content import Content

from engine import clean
from sessions.harmless import MARKS, kind


@lru_cache(maxsize=8192)
def shown(text: str, limit: int = 1000) -> str:
    """`text` as one line of at most `limit` characters: no controls, nothing invisible or misleading."""
    text = clean.line(text[: limit + 1].replace("\r\n", "\n").replace("\n", "↵"), limit)
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        what = kind(char)
        marks = marks + 1 if what == "mark" else 0
        if what != "nothing" and marks <= MARKS:
            kept.append(char)
    return "".join(kept)


def plain(text: str, style: str = "", limit: int = 1000) -> Content:
    """`text` as content for a widget."""
    return Content.styled(shown(text, limit), style)


def paragraphs(text: str, limit: int = 16384) -> list[str]:
    """`text` as clean lines; of a long one the end, for errors end with what matters."""
    return [shown(line, 4000) for line in clean.block(text, limit).split("\n")]
