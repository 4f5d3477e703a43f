"""An agent that does what it was told beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.agents.model import Feedback, GiveUp, Nominate, Proposal
from engine.faults.model import Fault


def fault(command: str, name: str = "x", family: str = "data", look: str = "") -> Fault:
    """A fault of no catalogue; `name` is its operator and its target."""
    return Fault(f"{family}-{name}", family, name, command, look, recovery="true", symptom="something fails")


@dataclass
class Scripted:
    """Proposes its commands one after the other, then nominates where it stands, or gives up."""

    commands: list[str]
    nominates: bool = True
    name: str = "scripted"
    seen: list[Feedback] = field(default_factory=list)

    async def propose(self) -> Proposal | Nominate | GiveUp:
        """The next command."""
        if len(self.seen) < len(self.commands):
            command = self.commands[len(self.seen)]
            return Proposal(command, self.name, fault(command))
        return Nominate() if self.nominates else GiveUp()

    def observe(self, feedback: Feedback) -> None:
        """Keep it."""
        self.seen.append(feedback)
