"""Which projects are trained on and which are kept for testing: never the same project for both."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TRAIN, TEST = "train", "test"


def test_projects(projects: Iterable[str], share: float) -> frozenset[str]:
    """The projects to test on, given each trajectory's project and the share to train on (0 to 1).

    Projects stand in an order that their names alone decide, so that a collection that grows keeps most of
    them where they were; they are taken for as long as that brings testing nearer to its share. One is always
    left to train on, and where a share was asked for and there are two, one to test on.
    """
    counts = Counter(projects)
    wanted = sum(counts.values()) * (1 - share)
    if share >= 1 or len(counts) < 2:
        return frozenset()
    taken: list[str] = []
    size = 0
    for name in sorted(counts, key=_place):
        if len(taken) < len(counts) - 1 and size + counts[name] / 2 <= wanted:
            taken.append(name)
            size += counts[name]
    return frozenset(taken or [min(counts, key=lambda name: (counts[name], _place(name)))])


def _place(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
