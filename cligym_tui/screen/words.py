"""Glyphs and colours of outcomes, the same in every pane; one column wide, and told apart without colour."""

from __future__ import annotations

from typing import Final

PENDING: Final = "pending"
"""A test the running suite has not reported yet."""

GLYPHS: Final = {
    "passed": "✔",
    "failed": "✘",
    "error": "●",
    "missing": "◌",
    "skipped": "○",
    "xfailed": "○",
    "xpassed": "○",
    PENDING: "·",
}
STYLES: Final = {
    "passed": "$text-success",
    "failed": "$text-error",
    "error": "$text-error",
    "missing": "$text-warning",
    "skipped": "$text-warning",
    "xfailed": "$text-warning",
    "xpassed": "$text-warning",
    PENDING: "dim",
}
MUTED: Final = "dim"
GOOD: Final = "$text-success"
BAD: Final = "$text-error"
WARN: Final = "$text-warning"
ACCENT: Final = "$text-accent"
BARS: Final = " ▁▂▃▄▅▆▇█"


def glyph(outcome: str) -> str:
    """The sign of a test's outcome."""
    return GLYPHS.get(outcome, "?")


def style(outcome: str) -> str:
    """The colour of a test's outcome."""
    return STYLES.get(outcome, MUTED)


def sparkline(values: list[int], most: int, width: int) -> str:
    """The last values as bars, the highest one standing for `most`."""
    shown = values[-width:] if width > 0 else []
    if not most:
        return "▁" * len(shown)
    # Whatever is not none must be seen.
    return "".join(BARS[max(1, -(-8 * min(value, most) // most))] if value else "▁" for value in shown)
