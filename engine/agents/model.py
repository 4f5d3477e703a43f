"""How an agent and the exploration talk: proposals one way, what they led to the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from engine.faults.model import Fault
from engine.suite.report import Report
from sessions.events import Flip


@dataclass(frozen=True, slots=True)
class Proposal:
    """A command an agent wants to run next."""

    command: str
    origin: str
    """`saboteur`, `claude` or `operator`."""
    fault: Fault | None = None
    """The catalogue's fault, when it is one."""
    intent: str = ""
    """Why, in one sentence, for the person watching."""


@dataclass(frozen=True, slots=True)
class Nominate:
    """A step of the branch should become a task."""

    reason: str = ""
    step: int = 0
    """Which; 0 is the last."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nothing will come of this branch."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a step led to."""

    step: int
    outcome: str
    """How the command ended, see `engine.sandbox.watch`."""
    exit_code: int | None
    output: bytes
    """The end of what the terminal showed; hostile."""
    changed: tuple[str, ...]
    """Paths the step changed; empty when it only looked."""
    report: Report | None
    """The suite on the branch as it is now; None while that is gold."""
    flips: tuple[Flip, ...]
    broken: frozenset[str]
    """Baseline tests that do not pass now."""


class Agent(Protocol):
    """Who proposes commands on one branch."""

    name: str

    async def propose(self) -> Proposal | Nominate | GiveUp:
        """What to do next."""

    def observe(self, feedback: Feedback) -> None:
        """Take in what the last proposal led to."""
