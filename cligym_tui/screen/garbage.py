"""Python's collector in small bites: a full collection when much has gathered holds up keys.

What the screen paints is cyclic (Textual's strips keep themselves in caches) and lives for one or two
paints. By default most of it gets old before it is looked at, and a full collection of all that, which
Python starts when a quarter more than last time has gathered, took 50-70 ms on a screen that changes all the
time. Looked at later it is gone by then, and the rest is fetched often, while it is little.
"""

from __future__ import annotations

import gc

YOUNG, MIDDLE, NEVER = 10_000, 4, 1 << 30
"""Objects before the youngest are looked through, times that before those that survived are, and all."""
EVERY = 0.5
"""Seconds between two looks at whether all should be."""


def begin() -> None:
    """Have it so from now on; what is imported by now stays, and is not looked through again."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, NEVER)


def settle() -> None:
    """Leave out, too, what is there by now: the styles and widgets of a screen that was just begun."""
    if begun():
        gc.collect()
        gc.freeze()


def bite() -> None:
    """Look through everything, if anything has got old since the last time."""
    if begun() and gc.get_count()[2]:
        gc.collect()


def begun() -> bool:
    """Whether Python leaves this to us; not so where the screen is part of another program."""
    return gc.get_threshold()[2] == NEVER
