"""Gate: the instruction reports what a user saw, and gives away what its level may and no more."""

from __future__ import annotations

from collections.abc import Mapping

from engine.hints import LEVELS, NONE, STRONG
from engine.proof.gate import Fell, Held
from engine.proof.workbench import Workbench
from engine.statement import check


class Told:
    """No command of the inversion; no damaged path and no package that was hurt, but in the strong hint."""

    name = "statement"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Read the instruction at each level as it would be written.

        Raises:
            Fell: one tells too much, or too little, or is too short or too long.
        """
        task = await self.bench.task()
        texts = {NONE: task.instruction, **task.hints}
        for level, told in violations(self.bench, texts).items():
            where = "" if level == NONE else f" ({level} hint)"
            raise Fell(f"statement{where}: {told[0]}", {"level": level, "violations": told[:20]})
        words = {level: len(text.split()) for level, text in texts.items()}
        if set(words) != set(LEVELS):
            raise Fell(f"statement: there is no {', no '.join(sorted(set(LEVELS) - set(words)))}")
        return Held(f"{words[NONE]} words, nothing given away; hints weak and strong", {"words": words})


def violations(bench: Workbench, texts: Mapping[str, str]) -> dict[str, list[str]]:
    """What the instruction gets wrong at each level, for levels at which it does."""
    candidate, wrong = bench.candidate, {}
    commands = sorted({line.command for line in (*candidate.lines, *bench.lines)})
    damaged = sorted({*candidate.delta, *bench.delta})
    for level, text in texts.items():
        told = check(text, commands, damaged if level != STRONG else ())
        if level == STRONG and not any(_names(text, path) for path in damaged):
            told.append("it names no damaged place")
        if told:
            wrong[level] = told
    return wrong


def _names(text: str, path: str) -> bool:
    """Whether the text names the path, or the directory it is in."""
    return f"`{path}`" in text or f"`{path.rpartition('/')[0]}`" in text
