"""Questions about a state that follow forks: how a step came about, and from which image."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sessions.events import Change
    from sessions.model import Branch, State, Step


def ancestors(
    branches: Mapping[str, Branch], name: str, step: int | None = None
) -> list[tuple[Branch, int | None]]:
    """The branches that led to a step of one, oldest first, each with its last step that counts; None: all.

    Of a branch that was forked at step 0 none of its own counts, but those that led to it do.
    """
    found: dict[str, tuple[Branch, int | None]] = {}
    at = branches.get(name)
    # A damaged or foreign journal may name a branch as its own ancestor.
    while at and at.id not in found:
        found[at.id] = (at, step)
        step = at.fork
        at = branches.get(at.parent)
    return [*reversed(found.values())]


def lineage(state: State, branch: str, step: int | None = None) -> list[Step]:
    """The steps that led from gold to a step, in order, through every fork; to the branch's end without one.

    Step 0 of a branch is the point it forks at. An unknown branch has no steps.
    """
    return [
        one
        for each, last in ancestors(state.branches, branch, step)
        for number, one in sorted(each.steps.items())
        if last is None or number <= last
    ]


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
