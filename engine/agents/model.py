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
    family: str = ""
    """The kind of cause, where no fault of the catalogue says it."""
    intent: str = ""
    """What happened to the environment, in terms of real life."""
    recovery: str = ""
    """How it is put right, in words."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nothing will come of this branch."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """What came after a step led nowhere: another branch should go on from there."""

    step: int
    """Of this branch; 0 is its beginning."""
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
    command: str = ""
    """What was run, which may not be what was proposed."""


class Agent(Protocol):
    """Who proposes commands on one branch."""

    name: str

    async def propose(self) -> Proposal | Nominate | GiveUp:
        """What to do next."""

    def observe(self, feedback: Feedback) -> None:
        """Take in what the last proposal led to."""


class Steerable(Protocol):
    """An agent that takes the operator's words, and goes on for as long as there are ideas."""

    name: str

    async def propose(self) -> Proposal | Nominate | GiveUp | Back:
        """What to do next."""

    def observe(self, feedback: Feedback) -> None:
        """Take in what the last proposal led to."""

    def guide(self, text: str) -> str:
        """Take guidance in; what was understood, in a sentence for the operator."""

    def denied(self, reason: str) -> None:
        """The last proposal was not allowed, for this reason, which may be empty."""

    def told(self, changed: tuple[str, ...], broken: frozenset[str]) -> None:
        """The operator has changed these paths by hand, and these tests are broken now."""

    def forked(self, branch: str, step: int) -> Steerable:
        """An agent for a branch that forks from a step of this one, knowing what this one knew."""
