"""Gate: the collection has no task of the same damage and the same failing tests."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.proof.fingerprint import fingerprint, nearest, twin
from engine.proof.gate import Fell, Held
from engine.proof.workbench import Workbench
from engine.tasks import output


class Novel:
    """The same again teaches nothing."""

    name = "novel"

    def __init__(self, bench: Workbench, out: Path | None) -> None:
        """`out` is the directory whose index is the collection; without one there is nothing to compare."""
        self.bench, self.out = bench, out

    async def check(self) -> Held:
        """Compare fingerprints with the whole index.

        Raises:
            Fell: a task of the collection is of the same kind.
            OutputError: the index cannot be read.
        """
        bench = self.bench
        task = await bench.task()
        mine = fingerprint(bench.tree, bench.delta, bench.f2p, bench.reports[0], task.instruction)
        bench.notes["fingerprint"] = msgspec.to_builtins(mine)
        known = output.index(self.out) if self.out else []
        evidence: dict[str, object] = {"damage": list(mine.damage[:50]), "errors": list(mine.errors)}
        if same := twin(mine, known):
            raise Fell(f"novel: {same} has the same damage and the same failing tests", evidence)
        alike, whose = nearest(mine, known)
        said = f"; the nearest statement, of {whose}, has {alike:.0%} in common" if whose else ""
        return Held(
            f"no other of {len(known)} tasks has its damage and failing tests{said}",
            {**evidence, "compared": len(known), "nearest": whose, "resemblance": round(alike, 3)},
        )
