"""Gate: the instruction reports what a user saw, and gives nothing away."""

from __future__ import annotations

from engine.proof.gate import Fell, Held
from engine.proof.workbench import Workbench
from engine.statement import check


class Told:
    """No command of the inversion, no damaged path, no package that was hurt."""

    name = "statement"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Read the instruction as it would be written.

        Raises:
            Fell: it tells too much, or is too short or too long.
        """
        candidate = self.bench.candidate
        task = await self.bench.task()
        commands = [line.command for line in candidate.lines]
        told = check(task.instruction, commands, sorted(candidate.delta))
        if told:
            raise Fell(f"statement: {told[0]}", {"violations": told[:20]})
        words = len(task.instruction.split())
        return Held(f"{words} words, nothing given away", {"words": words})
