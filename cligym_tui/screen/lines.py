"""What a list shows: lines made of styled parts, asked for one by one, so that thousands cost nothing."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

from rich.cells import cell_len, set_cell_size

from cligym_tui.screen.safe import shown

Part = tuple[str, str]
"""Text and its style, in the words of Textual's markup (`bold $text-error`); empty for none."""
Parts = Sequence[Part]

LONGEST = 2000
"""Characters of a part that are looked at: no terminal shows more in a line."""
MOST_WRAPPED = 20_000
"""Characters that are wrapped."""


class Lines(Protocol):
    """The lines of a list. What they hold may be anything: they are cleaned when they are drawn."""

    def __len__(self) -> int: ...

    def parts(self, index: int, width: int) -> Parts:
        """One line, for that many columns; what is beyond them is cut off."""

    def key(self, index: int) -> Hashable:
        """What the line stands for; None for one that nothing can be done with."""


class Fixed:
    """Lines that are there already."""

    def __init__(self, lines: Sequence[tuple[Parts, Hashable]] = ()) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def parts(self, index: int, width: int) -> Parts:
        """One line."""
        return self._lines[index][0]

    def key(self, index: int) -> Hashable:
        """What it stands for."""
        return self._lines[index][1]


def text(parts: Parts) -> str:
    """The line without styles."""
    return "".join(part for part, _ in parts)


def width_of(parts: Parts) -> int:
    """Columns the line takes, as far as it matters."""
    return sum(cell_len(part[:LONGEST]) for part, _ in parts)


def fitted(value: str, width: int) -> str:
    """`value` in exactly so many columns, with an ellipsis where it was cut."""
    if width <= 0:
        return ""
    value = value[:LONGEST]
    if cell_len(value) <= width:
        return set_cell_size(value, width)
    return set_cell_size(value, width - 1) + "…"


def ending(value: str, width: int) -> str:
    """The end of `value` in at most so many columns, with an ellipsis where it was cut.

    Paths differ there.
    """
    if width <= 0 or cell_len(value) <= width:
        return value
    kept = value[1 - width :] if width > 1 else ""
    while cell_len(kept) > width - 1:
        kept = kept[1:]
    return "…" + kept


def ends(value: str, width: int) -> str:
    """Both ends of `value` in exactly so many columns, with an ellipsis between them where it was cut.

    Tests begin with a class they share, and their parameters differ at the end.
    """
    value = value[:LONGEST]
    if width < 4 or cell_len(value) <= width:
        return fitted(value, width)
    end = ending(value, (width + 1) // 2)
    return set_cell_size(value, width - cell_len(end)) + end


def spread(left: Parts, right: Parts, width: int) -> list[Part]:
    """Two groups at the ends of a line; the left one is cleaned, and cut when there is no room for both."""
    room = width - width_of(right) - (1 if right else 0)
    kept: list[Part] = []
    for raw, style in left:
        value = shown(raw, LONGEST)  # as it will be drawn: a line's end takes a column there
        size = cell_len(value)
        if size > room:
            kept.append((fitted(value, room), style))
            room = 0
            break
        kept.append((value, style))
        room -= size
    return [*kept, (" " * (room + 1), ""), *right] if right else kept


def wrapped(value: str, width: int) -> list[str]:
    """`value` cut into pieces of at most so many columns, at blanks where there are any."""
    pieces = []
    value = value[:MOST_WRAPPED]
    while cell_len(value) > max(8, width):
        piece = set_cell_size(value, max(8, width)).rstrip(" ")
        space = piece.rfind(" ")
        if space > len(piece) // 2:
            piece = piece[:space]
        pieces.append(piece)
        value = value[len(piece) :].lstrip(" ")
    return [*pieces, value]
