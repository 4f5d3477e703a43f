"""How a solver and a repair talk: commands one way, what they led to the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from engine.agents.model import Feedback, GiveUp, Proposal

__all__ = ["Feedback", "GiveUp", "Proposal", "Solver", "Stopped", "Submit"]


@dataclass(frozen=True, slots=True)
class Submit:
    """The solver takes the environment for repaired: let it be graded."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The solver cannot go on."""

    outcome: str
    """`gave up`, `limit` or `refused`, as `RepairGraded` has it."""
    reason: str


class Solver(Protocol):
    """Who repairs one container."""

    name: str
    brings: bytes
    """A tar that is unpacked at `/` before it begins; may be empty."""

    async def propose(self) -> Proposal | Submit | GiveUp | Stopped:
        """What to do next."""

    def observe(self, feedback: Feedback) -> None:
        """Take in what the last proposal led to; no suite was run after it."""
