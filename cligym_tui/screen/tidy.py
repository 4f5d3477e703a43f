"""Full garbage collections when nobody waits: each looks through all there is, which a key would feel."""

from __future__ import annotations

import gc
from typing import Final

DUE: Final = 10
"""Smaller collections after which there is enough to collect: Python's own number."""
LATEST: Final = 1000
"""Smaller collections after which it happens all the same, under a load that never ends."""


def begin() -> None:
    """What is there by now, the imported modules above all, stays: it is not looked through again."""
    gc.freeze()
    first, second, _ = gc.get_threshold()
    gc.set_threshold(first, second, LATEST)


def idle() -> None:
    """Nothing happens just now: collect, if it is due."""
    if gc.get_count()[2] > DUE:
        gc.collect()
