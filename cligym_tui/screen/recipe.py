"""The inversion as it stands: the Dockerfile's lines, each with the step it is from and what that flipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.inversion import dockerfile, lines
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
