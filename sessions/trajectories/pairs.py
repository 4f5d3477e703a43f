"""Preference pairs, which forks give for nothing: from one point on, this way solved it and that did not.

A pair is one answer against another after the same conversation, which is what all formats of preferences
have in common; what either led to is in the trajectories it names.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import msgspec

from sessions.trajectories.model import Trajectory, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Pair(msgspec.Struct, frozen=True):
    """Two trajectories that part after the same turns."""

    chosen: Trajectory
    rejected: Trajectory
    shared: int
    """Turns they have in common; the next one of either is what is compared."""

    @property
    def prompt(self) -> tuple[Turn, ...]:
        """The turns they share."""
        return self.chosen.turns[: self.shared]

    @property
    def better(self) -> Turn:
        """The answer that led to the higher reward."""
        return self.chosen.turns[self.shared]

    @property
    def worse(self) -> Turn:
        """The one that led to the lower."""
        return self.rejected.turns[self.shared]


def pairs(found: Iterable[Trajectory]) -> Iterator[Pair]:
    """The pairs among the branches of each tree of forks.

    Where a branch begins with other words of the operator's there is none: then the prompts differ.
    """
    trees: dict[str, list[Trajectory]] = {}
    known: dict[str, str] = {}
    for each in found:
        # A parent is recorded before its forks.
        known[each.id] = known.get(each.parent, each.parent or each.id)
        trees.setdefault(known[each.id], []).append(each)
    for tree in trees.values():
        for one, other in combinations(tree, 2):
            pair = _pair(one, other)
            if pair:
                yield pair


def _pair(one: Trajectory, other: Trajectory) -> Pair | None:
    if one.reward is None or other.reward is None or one.reward == other.reward:
        return None
    best, worst = (one, other) if one.reward > other.reward else (other, one)
    shared = 0
    for a, b in zip(best.turns, worst.turns, strict=False):
        if (a.role, a.blocks) != (b.role, b.blocks):
            break
        shared += 1
    if not 0 < shared < min(len(best.turns), len(worst.turns)):
        return None
    pair = Pair(best, worst, shared)
    return pair if pair.better.role == pair.worse.role == "assistant" and pair.better.train else None
