"""Steps that lead nowhere: the same again and again. Source of the patterns: OpenHands' StuckDetector."""

from __future__ import annotations

from collections.abc import Sequence

Acted = tuple[str, str]
"""What was done, and what came of it."""

SAME = 4
"""Times the same with the same outcome is a loop."""
ALTERNATING = 6
"""Times two that take turns, with their outcomes, are one."""


def stuck(acted: Sequence[Acted]) -> float:
    """The share of actions at which somebody was in a loop, from 0 to 1."""
    marked: set[int] = set()
    for end in range(1, len(acted) + 1):
        if _same(acted[:end]):
            marked.update(range(end - SAME, end))
        if _alternate(acted[:end]):
            marked.update(range(end - ALTERNATING, end))
    return len(marked) / len(acted) if acted else 0.0


def _same(acted: Sequence[Acted]) -> bool:
    return len(acted) >= SAME and len(set(acted[-SAME:])) == 1


def _alternate(acted: Sequence[Acted]) -> bool:
    last = acted[-ALTERNATING:]
    return (
        len(last) == ALTERNATING and len(set(last[::2])) == len(set(last[1::2])) == 1 and last[0] != last[1]
    )
