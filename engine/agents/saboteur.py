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
    inert: set[str] = field(default_factory=set)
    """Keys of those after which no test flipped."""
    broken: frozenset[str] = frozenset()
    _looked: bool = False
    _last: Fault | None = None
    _good: int = 0
    """The last step that flipped a test."""
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
        if self.broken in self.plan.taken:
            return GiveUp("a task has the same broken tests already")
        return Nominate(f"{len(self.broken)} tests broken", self._good)

    def _towards(self, fault: Fault) -> Proposal:
        if fault.look and not self._looked:
            self._looked = True
            return Proposal(fault.look, self.name, intent="See what is there.")
        self._looked, self._last = False, fault
        self.proposed.append(fault.key)
        return Proposal(fault.command, self.name, fault, intent=fault.summary)

    def observe(self, feedback: Feedback) -> None:
        """Read what the last command led to."""
        if self._looked or self._last is None:
            return
        if feedback.flips:
            self.broken, self._good = feedback.broken, feedback.step
        else:
            self.inert.add(self._last.key)
            if self._last is self.plan.first:
                self._dead = "no test flipped"
        # A second fault that nobody sees makes a task no harder: the step before it is put forward.
        if self.plan.second is None and (self._last.operator, self.broken) in self.plan.known:
            self._dead = "the same kind of fault broke the same tests before"

    def outcome(self, committed: bool) -> Outcome:
        """What the campaign learns from this attempt."""
        return Outcome(tuple(self.proposed), frozenset(self.inert), self.broken, committed)
