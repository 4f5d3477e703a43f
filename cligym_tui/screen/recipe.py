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


def base(state: State) -> str:
    """The gold image's name in a Dockerfile."""
    digest = state.image.partition(":")[2] or state.image
    return f"cligym-gold/{state.gold or 'gold'}:{digest[:12]}"


def lines(steps: Sequence[Step]) -> list[Line]:
    """The inversion: what each state-changing command ran under is what the step before it left."""
    found = []
    before: Step | None = None
    for step in steps:
        by_hand = step.origin == "operator" and not step.started
        if step.snapshot and by_hand:
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


def instructions(state: State, steps: Sequence[Step]) -> list[Instruction]:
    """The Dockerfile, line by line."""
    changing = state_changing(steps)
    written = dockerfile(base(state), lines(steps)).splitlines()
    fixed = len(written) - len(changing)
    found = [Instruction(text) for text in written[:fixed]]
    for text, step in zip(written[fixed:], changing, strict=True):
        found.append(Instruction(text, step, step is changing[-1]))
    return found
