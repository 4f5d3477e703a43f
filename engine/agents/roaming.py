"""The saboteur at an operator's side: one fault after another on a branch, obeying plain words."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.agents.model import Back, Feedback, GiveUp, Proposal
from engine.agents.wishes import Reader, Wish
from engine.faults.model import Fault

if TYPE_CHECKING:
    from sessions.model import Step

IN_VAIN = 3
"""Faults in a row that no test feels before it goes back: more would only hide what is broken."""


@dataclass
class Roaming:
    """Proposes a look and then a fault, for as long as one fits what the operator wants."""

    faults: Sequence[Fault]
    reader: Reader
    tests: int
    seed: int = 0
    name: str = "saboteur"
    wish: Wish = field(default_factory=Wish)
    tried: frozenset[str] = frozenset()
    """Keys of the faults proposed on this line of steps."""
    families: Counter[str] = field(default_factory=Counter)
    """Faults of each family so far."""
    _next: Fault | None = None
    """Looked at, not yet proposed."""
    _acted: bool = False
    _vain: int = 0
    """Faults no test felt since the last that one did."""
    _felt: int = 0
    """The last step of this branch that a test felt."""

    async def propose(self) -> Proposal | GiveUp | Back:
        """A look at the next fault's target, or the fault itself."""
        if self._vain >= IN_VAIN:
            self._vain = 0
            return Back(self._felt, f"no test felt any of the last {IN_VAIN} faults")
        fault = self._next
        if fault is None or not self.wish.allows(fault):
            fault = self._pick()
            if fault is None:
                return GiveUp("nothing is left that fits what is wanted")
            if fault.look:
                self._next, self._acted = fault, False
                return Proposal(
                    fault.look, self.name, intent=f"before a fault of {fault.family}: see what is there"
                )
        self._next, self._acted = None, True
        self.tried |= {fault.key}
        self.families[fault.family] += 1
        return Proposal(fault.command, self.name, fault, intent=fault.symptom)

    def _pick(self) -> Fault | None:
        open_ = [fault for fault in self.faults if fault.key not in self.tried and self.wish.allows(fault)]
        if not open_:
            return None
        wanted = [fault for fault in open_ if self.wish.prefers(fault)]
        rng = random.Random(f"{self.seed}/{len(self.tried)}")

        def cost(fault: Fault) -> tuple[float, float]:
            share = len(fault.tests) / max(1, self.tests)
            felt = 0.0 if 0 < share <= 0.6 else 1.0 if fault.tests else 1.5
            return self.families[fault.family] + felt, rng.random()

        return min(wanted or open_, key=cost)

    def observe(self, feedback: Feedback) -> None:
        """Count what no test felt; what was tried is not tried again, whatever it led to."""
        if feedback.flips:
            self._vain, self._felt = 0, feedback.step
        elif self._acted:
            self._vain += 1

    def guide(self, text: str) -> str:
        """Take the operator's words in."""
        self.wish, understood = self.reader.read(text, self.wish)
        return understood

    def denied(self, reason: str) -> None:
        """Leave that fault, and heed the reason where it says something about others."""
        if self._next is not None:
            self.tried |= {self._next.key}
            self._next = None
        if reason:
            self.guide(reason)

    def told(self, changed: tuple[str, ...], broken: frozenset[str]) -> None:
        """The operator's hands do not change what is left to try."""
        self._vain = 0

    def recall(self, steps: Iterable[Step], words: Iterable[str]) -> None:
        """Know what an earlier process proposed on the way here, and what its operator said."""
        for step in steps:
            if step.operator and step.outcome:
                self.tried |= {f"{step.operator}:{step.target}"}
                self.families[step.family] += 1
        for text in words:
            self.guide(text)

    def forked(self, branch: str = "", step: int = 0) -> Roaming:
        """One that goes on from here by itself."""
        return replace(self, families=Counter(self.families), _next=None, _vain=0, _felt=0)
