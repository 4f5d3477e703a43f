"""Questions about a state that follow forks: how a step came about, and from which image."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessions.model import State, Step


def lineage(state: State, branch: str, step: int | None = None) -> list[Step]:
    """The steps that led from gold to a step, in order, through every fork; to the branch's end without one.

    Step 0 of a branch is the point it forks at. An unknown branch has no steps.
    """
    parts: list[list[Step]] = []
    seen: set[str] = set()
    at = state.branches.get(branch)
    # A damaged or foreign journal may name a branch as its own ancestor.
    while at and at.id not in seen:
        seen.add(at.id)
        parts.append([one for number, one in sorted(at.steps.items()) if step is None or number <= step])
        step = at.fork
        at = state.branches.get(at.parent) if step else None
    return [one for part in reversed(parts) for one in part]


def effective_image(state: State, branch: str, step: int | None = None) -> str:
    """The image that holds the filesystem after a step: its snapshot, or the nearest before it, or gold's."""
    for one in reversed(lineage(state, branch, step)):
        if one.snapshot:
            return one.snapshot
    return state.image


def state_changing(steps: Iterable[Step]) -> list[Step]:
    """The steps that changed the filesystem: the inversion. The others only looked."""
    return [step for step in steps if step.snapshot]
