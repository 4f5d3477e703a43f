"""One row of a terminal as it may be shown: text that takes exactly its columns, and the styles of its parts.

This is where text from a container becomes text for the screen: no row holds a control character, a format
character, or anything that takes another width than its cell has.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import accumulate

import msgspec
from rich.cells import cell_len
from rich.style import Style

from sessions.harmless import MARKS, kind

REPLACEMENT = "\ufffd"


# A hundred thousand rows are looked through at every full collection, a tenth of a second each time; they
# hold nothing that leads back to them, so the collector need not know of them.


class Span(msgspec.Struct, frozen=True, gc=False):
    """Characters `start` up to `end` of a row have this style; no two spans of a row overlap."""

    start: int
    end: int
    style: Style


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row, without the blanks at its end."""

    text: str = ""
    spans: tuple[Span, ...] = ()
    wrapped: bool = False
    """Whether the next row continues this one's line."""

    @property
    def size(self) -> int:
        """Bytes it takes in memory, roughly."""
        return 160 + len(self.text) * (1 if self.text.isascii() else 3) + 120 * len(self.spans)


BLANK = Row()


def row(glyphs: list[str], styles: list[tuple[int, Style | None]], *, wrapped: bool = False) -> Row:
    """A row of cells, a glyph each; the empty glyph is the second half of the one before.

    `styles` says at which cell, from 0 on, which style begins.
    """
    text = "".join(glyphs)
    places: list[int] | None = None
    if not (text.isascii() and text.isprintable() and len(text) == len(glyphs)):
        columns = [2 if after == "" else 1 for after in glyphs[1:]] + [1]
        glyphs = [glyph and shown(glyph, width) for glyph, width in zip(glyphs, columns, strict=True)]
        text = "".join(glyphs)
        places = [0, *accumulate(map(len, glyphs))]
    spans: list[Span] = []
    ends = [*(start for start, _ in styles), len(glyphs)][1:]
    for (start, style), end in zip(styles, ends, strict=True):
        if style is not None:
            spans.append(Span(places[start], places[end], style) if places else Span(start, end, style))
    end = max(len(text.rstrip(" ")), spans[-1].end if spans else 0)
    if not end and not wrapped:
        return BLANK
    return Row(text[:end], tuple(spans), wrapped)


@lru_cache(maxsize=1 << 14)
def shown(glyph: str, columns: int) -> str:
    """One cell's characters as they may be shown, in just so many columns."""
    kept: list[str] = []
    marks = 0
    for char in glyph:
        what = kind(char) or _other(char)
        if what == "mark" and kept:
            marks += 1
            if marks <= MARKS:
                kept.append(char)
        elif what in ("mark", "misleading"):
            kept.append(REPLACEMENT)
        elif what != "nothing":
            kept.append(" " if what == "blank" else char)
    text = "".join(kept)
    width = cell_len(text)
    if width > columns:
        text, width = REPLACEMENT, 1
    return text + " " * (columns - width)


def _other(char: str) -> str:
    """What `kind` does not say, because in a stream it is no matter: controls, blanks, what nobody knows."""
    category = unicodedata.category(char)
    if category == "Zs":
        return "blank"
    # Letters of a font's own are private, and harmless.
    return "misleading" if category in ("Cc", "Cn") else ""
