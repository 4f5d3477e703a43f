"""Random text as programs print it: words, and every sequence that draws."""

from __future__ import annotations

import random
from typing import Final

SEQUENCES: Final = (
    *(f"\x1b[%d{final}" for final in "@ABCDEFGIJKLMPSTXZ`abdegm"),
    *("\x1b[%d;%dH", "\x1b[%d;%df", "\x1b[%d;%dr", "\x1b[3%dm", "\x1b[4%dm", "\x1b[%d q", "\x1b[s", "\x1b[u"),
    *("\x1b7", "\x1b8", "\x1bD", "\x1bM", "\x1bE", "\x1bH", "\x1b(0", "\x1b(B", "\x1b[!p", "\x1b=", "\x1b>"),
)
MODES: Final = ("4", "20", "?1", "?6", "?7", "?25", "?45", "?47", "?1047", "?1048", "?1049", "?2004")
WORDS: Final = (
    "hello ",
    "x",
    "\r\n",
    "\n",
    "\r",
    "\b",
    "\t",
    "漢字",
    "é",
    "👍",
    "a long line that may wrap ",
)
MARKED: Final = ("e\u0301", "\u0302\u0303", "क\u094d")


def stream(dice: random.Random, most: int = 40) -> str:
    """Some of it."""
    return "".join(_piece(dice) for _ in range(dice.randrange(most)))


def _piece(dice: random.Random) -> str:
    what = dice.random()
    if what < 0.5:
        return dice.choice(WORDS)
    if what < 0.55:
        return dice.choice(MARKED)
    if what < 0.65:
        return f"\x1b[{dice.choice(MODES)}{dice.choice('hl')}"
    sequence = dice.choice(SEQUENCES)
    numbers = tuple(dice.choice((0, 1, 2, 3, 5, 8, 40, 9999)) for _ in range(sequence.count("%d")))
    return sequence % numbers
