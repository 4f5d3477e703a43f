"""The offline agent: breaks a gold environment by the catalogue, guided by which tests flip. Needs no key."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.agents.campaign import Outcome, Plan
from engine.agents.model import Feedback, GiveUp, Nominate, Proposal
from engine.faults.model import Fault


@dataclass
class Saboteur:
    """One attempt: look, break, read the flips, perhaps break a second thing, nominate."""

    plan: Plan
    name: str = "saboteur"
    proposed: list[str] = field(default_factory=list)
    """Keys of the faults put to work."""
    flipped: bool = False
    broken: frozenset[str] = frozenset()
    _looked: bool = False
    _last: Fault | None = None
    _dead: str = ""
    """Why nothing will come of this attempt."""

    async def propose(self) -> Proposal | Nominate | GiveUp:
        """The next command, or the end of the attempt."""
        if self._dead:
            return GiveUp(self._dead)
        if self._last is None:
            return self._towards(self.plan.first)
        if self._last is self.plan.first and self.plan.second is not None:
            return self._towards(self.plan.second)
        return Nominate(f"{len(self.broken)} tests broken")

    def _towards(self, fault: Fault) -> Proposal:
        if fault.look and not self._looked:
            self._looked = True
            return Proposal(fault.look, self.name, intent="see what is there")
        self._looked, self._last = False, fault
        self.proposed.append(fault.key)
        return Proposal(fault.command, self.name, fault, intent=fault.symptom)

    def observe(self, feedback: Feedback) -> None:
        """Read what the last command led to."""
        if self._looked or self._last is None:
            return
        if feedback.flips:
            self.flipped = True
        elif self._last is self.plan.first:
            self._dead = "no test flipped"
        else:
            # The second fault changed nothing anyone sees: a task is not made harder by it.
            self._dead = "the second fault flipped no test"
        self.broken = feedback.broken
        if (self._last.operator, self.broken) in self.plan.known and self.plan.second is None:
            self._dead = "the same kind of fault broke the same tests before"

    def outcome(self, committed: bool) -> Outcome:
        """What the campaign learns from this attempt."""
        return Outcome(tuple(self.proposed), self.flipped, self.broken, committed)
