"""From a row to a strip: its own styles, with highlights laid over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.style import Style

    from cligym_tui.terminal.rows import Row, Span


Run = tuple[int, int, "Style"]


def strip(row: Row, base: Style, over: Sequence[Span] = ()) -> Strip:
    """A row as a strip, as wide as its text; later spans of `over` win."""
    text = row.text.ljust(max((span.end for span in over), default=0))
    runs: list[Run] = []
    at = 0
    for span in row.spans:
        if at < span.start:
            runs.append((at, span.start, base))
        runs.append((span.start, span.end, base + span.style))
        at = span.end
    if at < len(text):
        runs.append((at, len(text), base))
    for span in over:
        runs = [part for run in runs for part in _laid(run, span)]
    return Strip([Segment(text[start:end], style) for start, end, style in runs], cell_len(text))


def _laid(run: Run, span: Span) -> Iterator[Run]:
    start, end, style = run
    left, right = max(start, span.start), min(end, span.end)
    if left >= right:
        yield run
        return
    if start < left:
        yield start, left, style
    yield left, right, style + span.style
    if right < end:
        yield right, end, style


def character_at(row: Row, column: int) -> int:
    """Which of a row's characters is in a column; beyond its end, as if blanks followed."""
    if row.text.isascii():
        return column
    width = 0
    for place, char in enumerate(row.text):
        width += cell_len(char)
        if width > column:
            return place
    return len(row.text) + column - width
