"""Questions about a state that follow forks: how a step came about, and from which image."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessions.events import Change
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


class Touched(NamedTuple):
    """What became of a path over several steps."""

    kind: str
    """`added`, `changed` or `removed`, against where the steps began."""
    last: Change
    steps: tuple[Step, ...]
    """Those that touched it, in order."""


def delta(steps: Iterable[Step]) -> tuple[dict[str, Touched], int]:
    """What all these steps together changed, by path, and how many more paths may be among it.

    Of a step that changed very many only some are listed; the others may be the same in every step.
    """
    found: dict[str, Touched] = {}
    unlisted = 0
    for step in steps:
        unlisted += step.changed - len(step.changes)
        for change in step.changes:
            before = found.pop(change.path, None)
            kind = _together(before.kind if before else "", change.kind)
            if kind:
                found[change.path] = Touched(kind, change, (*(before.steps if before else ()), step))
    return found, unlisted


def _together(before: str, after: str) -> str:
    """Two changes of a path as one; empty for none."""
    match before, after:
        case "added", "removed":
            return ""
        case "added", _:
            return "added"
        case (("changed" | "removed"), ("added" | "changed")):
            return "changed"
        case _:
            return after
