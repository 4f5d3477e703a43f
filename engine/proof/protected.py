"""Gate: the project's sources and tests are byte for byte those of gold."""

from __future__ import annotations

from engine.proof.gate import Fell, Held
from engine.proof.workbench import Workbench
from engine.sandbox.delta import below


class Protected:
    """Source damage is another kind of task: there, the answer is in the version history."""

    name = "protected"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Look for protected paths, and directories that hold them, in the candidate's delta.

        Raises:
            Fell: one of them differs from gold.
        """
        kept = self.bench.candidate.gold.recipe.protected
        delta = self.bench.candidate.delta
        hurt = sorted(
            path
            for path, entry in delta.items()
            if any(path == one or below(path, one) or (entry is None and below(one, path)) for one in kept)
        )
        if hurt:
            more = f" and {len(hurt) - 1} more" if len(hurt) > 1 else ""
            raise Fell(f"protected: {hurt[0]}{more} differs from gold", {"paths": hurt[:50]})
        return Held(f"nothing below {', '.join(kept)} differs from gold", {"changed": len(delta)})
