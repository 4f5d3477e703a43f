"""What a session looks like at one moment: frozen structs, made by `sessions.state`, read by every screen.

Nothing here changes once it is made; a later moment shares with an earlier one whatever stayed the same. The
dictionaries are never written to after they are part of a struct.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sessions.events import COLUMNS, ROWS
from sessions.growing import Growing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessions.events import Change, Flip
    from sessions.spending import Spent


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the gold tests on a step's snapshot, under way or over."""

    image: str
    running: bool = True
    status: str = ""
    """`SuiteEnded.status`; `abandoned` when the session was killed meanwhile; empty while running."""
    detail: str = ""
    passed: int = 0
    broken: int = 0
    """Baseline tests that do not pass, missing ones included; known when the run is over."""
    outcomes: Growing = msgspec.field(default_factory=Growing)
    """Outcome by test id, in order of arrival."""
    messages: Growing = msgspec.field(default_factory=Growing)
    """What a test that did not pass said, by id."""
    flips: tuple[Flip, ...] = ()
    """Tests whose outcome differs from the step before."""
    seconds: float = 0.0
    errors: tuple[str, ...] = ()
    """What could not be collected, and why."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One command on a branch and all that is known about it so far."""

    branch: str
    number: int
    """From 1, on its own branch."""
    command: str
    origin: str
    operator: str = ""
    target: str = ""
    family: str = ""
    intent: str = ""
    proposed: float = 0.0
    """Wall clock of the proposal."""
    started: float = 0.0
    """Wall clock of the command's start; 0 as long as it only was proposed."""
    began_cwd: str = ""
    """What the command began under, see `CommandStarted`; likewise below."""
    began_exports: tuple[tuple[str, str], ...] = ()
    began_umask: str = ""
    running: bool = False
    outcome: str = ""
    """`CommandEnded.outcome`; `abandoned` when the branch or the session ended first; empty before that."""
    exit_code: int | None = None
    cwd: str = ""
    exports: tuple[tuple[str, str], ...] = ()
    umask: str = ""
    seconds: float = 0.0
    output_bytes: int = 0
    dropped_bytes: int = 0
    snapshot: str | None = None
    """Image committed after the step; None when it changed nothing."""
    changes: tuple[Change, ...] = ()
    """The first of the changed paths."""
    changed: int = 0
    """Number of changed paths in all."""
    size: int = 0
    """Bytes of the added and changed files."""
    suite: Suite | None = None
    held: bool = False
    """Whether it waits for the operator."""
    pattern: str = ""
    """What "allow such commands" would allow."""
    verdict: str = ""
    """The operator's, see `StepDecided`; empty when none was asked for."""
    reason: str = ""
    """Why it was denied."""

    @property
    def ran(self) -> bool:
        """Whether its command came to an end."""
        return self.outcome not in ("", "denied", "abandoned")

    @property
    def by_hand(self) -> bool:
        """Whether the operator's hands did it: the command was written afterwards and never typed."""
        return self.origin == "operator"

    @property
    def flips(self) -> tuple[Flip, ...]:
        """Tests that flipped at this step; empty as long as its suite has not ended."""
        return self.suite.flips if self.suite else ()


class Guidance(msgspec.Struct, frozen=True, kw_only=True):
    """Words of the operator's to an agent."""

    number: int
    text: str
    at: float = 0.0
    delivered: bool = False
    understood: str = ""
    """What the agent says it understood."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of what a model said."""

    call: int
    kind: str
    """`thinking`, `text` or `tool`."""
    text: str
    step: int = 0
    """The step it led to, if it led to one."""


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One line of steps with a container and a shell of its own."""

    id: str
    image: str
    """What it began from."""
    parent: str = ""
    """Branch it forks from; empty for one from gold."""
    fork: int = 0
    """Step of the parent it forks from; 0 is where that began."""
    container: str = ""
    opened: float = 0.0
    closed: float = 0.0
    """Wall clock; 0 as long as it is open."""
    outcome: str = ""
    """`BranchClosed.outcome`; empty as long as it is open."""
    detail: str = ""
    shell: str = ""
    """What runs as the shell since the first one was lost; empty while the first one lives."""
    shells_lost: int = 0
    columns: int = COLUMNS
    rows: int = ROWS
    """Size of its terminal, in cells."""
    steps: dict[int, Step] = {}
    """By number, in order of proposal."""
    paused: str = ""
    """Why nothing new begins on it, see `BranchPaused.reason`; empty while it goes on."""
    taken: bool = False
    """Whether the operator has the keyboard."""
    guidance: tuple[Guidance, ...] = ()
    """Oldest first."""
    title: str = ""
    note: str = ""
    asking: str = ""
    """The model that is asked just now; empty while none is."""
    said: tuple[Said, ...] = ()
    """The last of what models said here, oldest first."""
    spent: Spent | None = None
    """What they took; None where none was asked."""

    @property
    def open(self) -> bool:
        """Whether it still has its container."""
        return not self.outcome


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One gate's examination of a candidate."""

    name: str
    held: bool | None = None
    """None while it examines."""
    began: float = 0.0
    """Wall clock; 0 once it has its verdict."""
    reason: str = ""
    seconds: float = 0.0


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A step put forward to become a task."""

    branch: str
    step: int
    by: str
    family: str = ""
    """The kind of cause, where its agent said one."""
    nominated: float = 0.0
    """Wall clock."""
    outcome: str = ""
    """`committed`, `fell`, `abandoned` (the session was killed meanwhile); empty while it is examined."""
    fell_by: str = ""
    """Gate that did not hold."""
    reason: str = ""
    task: str = ""
    """Id of the task it became."""
    gates: tuple[Gate, ...] = ()
    """In the order they began."""
    inert: tuple[int, ...] = ()
    """Steps that no test felt, as the gate `minimal` found."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A proven task that was written."""

    id: str
    path: str
    branch: str
    step: int
    families: tuple[str, ...]
    f2p: int
    p2p: int
    at: float = 0.0
    gates: tuple[Gate, ...] = ()
    """Its proof."""


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a task, on a branch of its own."""

    branch: str
    task: str
    path: str
    solver: str
    hint: str
    attempt: int
    instruction: str = ""
    started: float = 0.0
    """Wall clock."""
    since: float = 0.0
    """Wall clock when the process that is at it took it up."""
    worked: float = 0.0
    """Seconds that earlier processes were at it."""
    ended: float = 0.0
    """Wall clock of the verdict; 0 before that."""
    reward: float = 0.0
    outcome: str = ""
    """`RepairGraded.outcome`; empty while it is at work."""
    detail: str = ""
    log: str = ""
    """The end of what the grader printed."""
    failing: tuple[str, ...] = ()


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a headless display."""

    attempts: int = 0
    """Branches, open or closed."""
    flipped: int = 0
    """Branches on which at least one test flipped."""
    nominated: int = 0
    proven: int = 0
    fell: Mapping[str, int] = {}
    """Candidates that fell, by gate."""
    output_bytes: int = 0
    """Bytes all terminals printed."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one moment. `State()` is the moment before its first event."""

    seq: int = 0
    """`seq` of the last event that is in it."""
    at: float = 0.0
    """Wall clock of that event."""
    session: str = ""
    gold: str = ""
    image: str = ""
    """The gold image."""
    agent: str = ""
    seed: int = 0
    version: str = ""
    tests: tuple[str, ...] = ()
    started: float = 0.0
    resumed: int = 0
    """How often a later process took it up."""
    ended: float = 0.0
    """Wall clock of its end; 0 as long as it has none."""
    outcome: str = ""
    """`SessionEnded.outcome`."""
    detail: str = ""
    mode: str = "auto"
    """`auto`, `confirm` or `manual`."""
    branches: dict[str, Branch] = {}
    """By id, in the order they were opened."""
    candidates: dict[tuple[str, int], Candidate] = {}
    """By branch and step, in order of nomination."""
    tasks: tuple[Task, ...] = ()
    """Oldest first."""
    counters: Counters = Counters()
    spent: Spent | None = None
    """What models took in all; None where none was asked."""
    repairs: dict[str, Repair] = {}
    """By branch; empty where environments are broken."""

    def step(self, branch: str, number: int) -> Step | None:
        """A step, if there is such a one."""
        line = self.branches.get(branch)
        return line.steps.get(number) if line else None
