"""Durations, sizes and tables in words a person reads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine import clean

if TYPE_CHECKING:
    from sessions.spending import Spent


def span(seconds: float) -> str:
    """A duration as `m:ss` or `h:mm:ss`."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def size(count: int) -> str:
    """A number of bytes, `1.4 GB`."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def day(at: float) -> str:
    """A moment of the wall clock, in this machine's time zone; empty for 0."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if at else ""


def number(count: int, one: str, many: str = "") -> str:
    """`1 test`, `2 tests`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns under their heads, cleaned; the last column is as wide as it likes."""
    cells = [list(heads), *([clean.line(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def spending(spent: Spent) -> str:
    """Money and tokens; `+` where it is at least so much, `$?` where no price is known."""
    money = f"${spent.usd:.2f}" if spent.usd >= 1 else f"${spent.usd:.4f}".rstrip("0").rstrip(".")
    if not spent.exact:
        money = f"{money}+" if spent.usd else "$?"
    return f"{money} {short(spent.tokens)} tok"


def short(count: int) -> str:
    """A number of three or four characters."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.{0 if count >= 100 * size else 1}f}{letter}"
    return str(count)
