"""What a gate is, and how a candidate goes through them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.errors import CligymError, EngineError
from engine.faults.model import Fault
from engine.gold.model import Gold
from engine.inversion import Line
from engine.sandbox.delta import Layer
from engine.suite.report import Report


@dataclass(frozen=True)
class Candidate:
    """A step put forward to become a task, with everything the session knows of it."""

    gold: Gold
    branch: str
    step: int
    image: str
    """The snapshot's."""
    delta: Layer
    """Effective delta against gold."""
    lines: tuple[Line, ...]
    report: Report
    """The suite on the snapshot."""
    faults: tuple[Fault, ...] = ()
    agent: str = "saboteur"
    family: str = ""
    """The kind of cause as its agent says, where no fault of the catalogue does."""

    @property
    def broken(self) -> frozenset[str]:
        """Baseline tests the session saw broken."""
        return self.report.broken(self.gold.baseline)

    @property
    def families(self) -> tuple[str, ...]:
        """Families of its faults, each once, in order."""
        return tuple(dict.fromkeys(fault.family for fault in self.faults)) or (self.family or "by-hand",)


class Fell(CligymError):
    """The candidate does not hold before this gate; the message says why."""

    def __init__(self, reason: str, evidence: dict[str, object] | None = None) -> None:
        super().__init__(reason)
        self.evidence = evidence or {}


@dataclass(frozen=True)
class Held:
    """A gate's favourable verdict."""

    reason: str
    """What was seen, in one line."""
    evidence: dict[str, object] = field(default_factory=dict)


class Gate(Protocol):
    """One check on a candidate."""

    name: str

    async def check(self) -> Held:
        """Examine the candidate the gate was made for.

        Raises:
            Fell: it does not hold.
            EngineError: it could not be examined.
        """


@dataclass(frozen=True)
class Verdict:
    """One line of a proof."""

    gate: str
    held: bool
    reason: str
    seconds: float
    evidence: dict[str, object]


async def prove(
    gates: Sequence[Gate],
    excuse: Callable[[EngineError], Awaitable[None]],
    on_start: Callable[[str], None] = lambda gate: None,
    on_end: Callable[[Verdict], None] = lambda verdict: None,
    *,
    every: bool = False,
) -> list[Verdict]:
    """Send a candidate through `gates` in order; the first that it does not pass ends the proof.

    With `every`, the others examine it all the same.

    What a gate cannot examine has fallen, too, unless `excuse` raises because the candidate is not at fault.
    The verdicts of all gates entered, the last of which may be a fall.
    """
    verdicts = []
    for gate in gates:
        on_start(gate.name)
        began = time.monotonic()
        try:
            held = await gate.check()
            verdict = Verdict(gate.name, True, held.reason, time.monotonic() - began, held.evidence)
        except Fell as fell:
            verdict = Verdict(gate.name, False, str(fell), time.monotonic() - began, fell.evidence)
        except EngineError as error:
            await excuse(error)
            reason = f"{gate.name}: it could not be examined: {error}"
            verdict = Verdict(gate.name, False, reason, time.monotonic() - began, {})
        verdicts.append(verdict)
        on_end(verdict)
        if not verdict.held and not every:
            break
    return verdicts
