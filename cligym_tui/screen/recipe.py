"""The inversion as it stands: the Dockerfile's lines, each with the step it is from and what that flipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.gold.model import PROJECT_DIR
from engine.inversion import Line, dockerfile
from sessions.lineage import state_changing

if TYPE_CHECKING:
    from sessions.model import State, Step


@dataclass(frozen=True)
class Instruction:
    """One line of the Dockerfile."""

    text: str
    step: Step | None = None
    """The step it is from; None for the first lines."""
    new: bool = False
    """Whether the last state-changing step added it."""


REPAIR = "# A repair of the image that the\n# task's own Dockerfile makes."
"""The first lines where nothing was broken, but something mended."""


def base(state: State) -> str:
    """The name of the image a branch begins with: gold's, or in a repair the task's."""
    if state.repairs:
        return next(iter(state.repairs.values())).task
    digest = state.image.partition(":")[2] or state.image
    return f"cligym-gold/{state.gold or 'gold'}:{digest[:12]}"


def lines(steps: Sequence[Step]) -> list[Line]:
    """The inversion: what each state-changing command ran under is what the step before it left."""
    found = []
    before: Step | None = None
    for step in steps:
        if before is not None and before.branch != step.branch:
            before = None  # a fork has a shell of its own
        if step.snapshot and step.by_hand:
            found.append(Line(step.command, "/", step=step.number))
        elif step.snapshot:
            found.append(
                Line(
                    step.command,
                    (before.cwd if before else "") or PROJECT_DIR,
                    dict(before.exports) if before else {},
                    before.umask if before else "",
                    step.exit_code,
                    step.outcome or "done",
                    step.number,
                )
            )
        if step.cwd:
            before = step
    return found


def text(state: State, steps: Sequence[Step]) -> str:
    """The whole Dockerfile."""
    written = dockerfile(base(state), lines(steps))
    return f"{REPAIR}\n{written}" if state.repairs else written


def instructions(state: State, steps: Sequence[Step]) -> list[Instruction]:
    """The Dockerfile, line by line."""
    changing = state_changing(steps)
    found = [Instruction(line) for line in text(state, ()).splitlines()]
    for line, step in zip(lines(steps), changing, strict=True):
        found += [Instruction(part, step, step is changing[-1]) for part in line.run().splitlines()]
    return found
