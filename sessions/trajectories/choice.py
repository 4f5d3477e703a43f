"""Which trajectories go into a data set, on which side of the split, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessions.trajectories.split import TEST, TRAIN, test_projects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessions.trajectories.model import Trajectory

SUCCESS, ALL = "success", "all"
"""Views: only what succeeded, or everything that has a reward."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One trajectory and what is done with it."""

    trajectory: Trajectory
    split: str = ""
    """`train` or `test`; empty when it is left out."""
    left_out: str = ""
    """Why."""


def choose(
    found: Sequence[Trajectory], *, view: str = SUCCESS, share: float = 1.0, keep_tagged: bool = False
) -> tuple[Chosen, ...]:
    """Decide on each, in the order given; nothing is lost without a word."""
    reasons = [_reason(each, view, keep_tagged) for each in found]
    kept = [each.project for each, reason in zip(found, reasons, strict=True) if not reason]
    tested = test_projects(kept, share)
    return tuple(
        Chosen(each, left_out=reason) if reason else Chosen(each, TEST if each.project in tested else TRAIN)
        for each, reason in zip(found, reasons, strict=True)
    )


def _reason(each: Trajectory, view: str, keep_tagged: bool) -> str:
    if each.reward is None:
        return "no reward is known"
    if view == SUCCESS and not each.solved:
        return "it did not succeed"
    if each.tags and not keep_tagged:
        return f"tagged: {', '.join(tag.name for tag in each.tags)}"
    if not any(turn.train for turn in each.turns):
        return "nothing in it is to be learned"
    return ""
