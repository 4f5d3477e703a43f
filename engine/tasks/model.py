"""A task: everything its formats are written from."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.gold.model import Gold
from engine.inversion import Line
from engine.proof.gate import Verdict
from engine.sandbox.delta import Layer
from engine.suite.report import Report
from engine.tasks.contract import Contract


class TakenStep(msgspec.Struct, frozen=True, kw_only=True):
    """One state-changing step of the session behind a task."""

    step: int
    command: str
    origin: str
    """`saboteur`, `claude` or `operator`."""
    operator: str = ""
    target: str = ""
    family: str = ""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A proven candidate, ready to be written in any format."""

    id: str
    """From `engine.tasks.names`."""
    gold: Gold
    instruction: str
    """What the solver is told, Markdown; the level `none` of `hints`."""
    hints: Mapping[str, str] = {}
    """Further versions of it by how much they give away, see `engine.hints`."""
    dockerfile: str
    """FROM the gold tag, or what the gold image is made from, and the inversion."""
    contract: Contract
    """F2P, P2P, the test command and what must stay as it was."""
    tests: bytes
    """Tar of the protected tests as gold has them, `engine.tasks.goldfiles`."""
    solution: Mapping[str, bytes]
    """Files of `solution/`, `solve.sh` among them."""
    families: tuple[str, ...]
    session: str
    branch: str
    step: int
    steps: tuple[TakenStep, ...] = ()
    seed: int = 0
    agent: str = "saboteur"
    gates: tuple[Verdict, ...] = ()
    notes: Mapping[str, object] = {}
    """What the gates found beside their verdicts, for the evidence and, where it is short, the metadata."""
    seconds: float = 0.0
    """From the branch's opening, or where an operator commits it, to the end of the proof."""
    created: float = 0.0
    """Wall clock, seconds since the epoch."""
    version: str = ""
    """Of this program."""
    context: Mapping[str, bytes] = {}
    """Files beside the Dockerfile, by relative path."""
    lines: tuple[Line, ...] = ()
    """The inversion."""
    delta: Layer = {}
    """What the session's step changed of gold."""
    report: Report = Report("", "", {})
    """One run of the suite on the rebuilt image."""

    @property
    def f2p(self) -> tuple[str, ...]:
        """Tests that fail and must pass."""
        return self.contract.f2p

    @property
    def p2p(self) -> tuple[str, ...]:
        """Tests that pass and must still."""
        return self.contract.p2p
