"""The events of a session: what the screen, the replay, the headless log and the exports are folds over.

Every event is a tagged struct; on disk and on stdout it is one line of JSON,
`{"t": tag, "seq": n, "at": time, ...}`. Fields are only ever added, with a default, so that old readers open
new journals.
"""

from __future__ import annotations

import msgspec

from sessions.attempted import RepairGraded as RepairGraded
from sessions.attempted import RepairStarted as RepairStarted
from sessions.attempted import RepairVerified as RepairVerified
from sessions.event import Event as Event
from sessions.talk import ConversationBegun as ConversationBegun
from sessions.talk import MessageAdded as MessageAdded
from sessions.talk import ModelAnswered as ModelAnswered
from sessions.talk import ModelAsked as ModelAsked
from sessions.talk import ModelBatched as ModelBatched
from sessions.talk import ModelSaid as ModelSaid

FORMAT_VERSION = 1
"""Version of the journal's first line; raised only when old readers could be misled."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One path that differs: in a step's delta from the step before, in a candidate's from gold."""

    path: str
    """Absolute path in the container; undecodable bytes as surrogate escapes written `\\udcXX`."""
    kind: str
    """`added`, `changed` or `removed`."""
    what: str = "file"
    """Type of the entry: `file`, `dir`, `symlink`, `other`."""
    size: int = 0
    """Bytes of a regular file after the change."""


class Flip(msgspec.Struct, frozen=True):
    """A test whose outcome differs from the step before."""

    id: str
    before: str
    after: str


class SessionStarted(Event, frozen=True, kw_only=True, tag="session.started"):
    """First event of every session."""

    session: str
    gold: str
    image: str
    agent: str
    seed: int = 0
    version: str = ""
    tests: tuple[str, ...] = ()
    """Ids of the gold baseline, in order of collection."""


class SessionResumed(Event, frozen=True, kw_only=True, tag="session.resumed"):
    """A later process took the session up again; what was under way is abandoned."""

    abandoned: tuple[str, ...] = ()
    """Branches that were open when the earlier process ended."""


class SessionEnded(Event, frozen=True, kw_only=True, tag="session.ended"):
    """The session was closed in good order (a killed one has no such event)."""

    outcome: str
    """`goal`, `short`, `limit`, `interrupted` or `failed`."""
    detail: str = ""


class BranchOpened(Event, frozen=True, kw_only=True, tag="branch.opened"):
    """A branch has a container and a shell of its own."""

    branch: str
    image: str
    parent: str = ""
    step: int = 0
    """Step of the parent it forks from; 0 is where that began."""
    container: str = ""


class BranchClosed(Event, frozen=True, kw_only=True, tag="branch.closed"):
    """The branch's container is gone; its snapshots may stay."""

    branch: str
    outcome: str
    """`nominated`, `barren` (no flip), `left` (gone on from an earlier step, on another branch), `graded` (a
    repair), `abandoned`, `discarded` or `failed`."""
    detail: str = ""


class StepProposed(Event, frozen=True, kw_only=True, tag="step.proposed"):
    """An agent wants to run a command: written before anything is done."""

    branch: str
    step: int
    """Number of the step on its branch, from 1."""
    command: str
    origin: str
    """`saboteur`, `claude` or `operator`; of a repair also `oracle` or `baseline`."""
    operator: str = ""
    """Id of the catalogue's fault operator, when the saboteur proposed it."""
    target: str = ""
    """What the operator was aimed at, as a short label."""
    family: str = ""
    intent: str = ""
    """Why, in one sentence, for the person watching."""


class CommandStarted(Event, frozen=True, kw_only=True, tag="command.started"):
    """The command was typed into the branch's shell."""

    branch: str
    step: int
    cwd: str = ""
    """The shell's directory before the command; empty in older journals, which say none of the three."""
    exports: tuple[tuple[str, str], ...] = ()
    """Exported variables that differed from the shell's first ones."""
    umask: str = ""
    """The shell's umask in octal; empty when the shell could not say."""


class ShellOutput(Event, frozen=True, kw_only=True, tag="shell.output"):
    """Bytes the branch's terminal printed, exactly."""

    branch: str
    data: bytes
    step: int = 0


class ShellLost(Event, frozen=True, kw_only=True, tag="shell.lost"):
    """The branch's shell died or stopped answering and a new one was brought up."""

    branch: str
    reason: str
    program: str
    """What runs as the shell now."""
    step: int = 0


class ShellResized(Event, frozen=True, kw_only=True, tag="shell.resized"):
    """The branch's terminal has another size; before the first of these it is `COLUMNS` by `ROWS`."""

    branch: str
    columns: int
    rows: int


COLUMNS, ROWS = 120, 40
"""Size of a branch's terminal when it opens, in cells."""


class CommandEnded(Event, frozen=True, kw_only=True, tag="command.ended"):
    """The command is over, one way or another."""

    branch: str
    step: int
    outcome: str
    """`done`, `timeout`, `interrupted`, `incomplete` (open quote) or `lost` (the shell died)."""
    exit_code: int | None
    """None when the shell could not say."""
    cwd: str
    seconds: float
    exports: tuple[tuple[str, str], ...] = ()
    """Exported variables that differ from the shell's first ones."""
    umask: str = ""
    """The shell's umask in octal; empty when the shell could not say."""
    output_bytes: int = 0
    dropped_bytes: int = 0
    """Bytes of a flood that were not kept."""


class SnapshotTaken(Event, frozen=True, kw_only=True, tag="snapshot.taken"):
    """The step changed the filesystem and the container was committed."""

    branch: str
    step: int
    image: str
    changes: tuple[Change, ...]
    """Delta against the step before, at most `MAX_CHANGES`."""
    changed: int
    """Number of changed paths in all."""
    size: int = 0
    """Bytes of the added and changed files."""
    seconds: float = 0.0


MAX_CHANGES = 200
"""Changes listed in one event; the rest is only counted."""


class SuiteStarted(Event, frozen=True, kw_only=True, tag="suite.started"):
    """The gold suite was started in a throwaway container."""

    branch: str
    step: int
    image: str
    purpose: str = "step"
    """`step`, or the name of the gate that runs it."""


class TestReported(Event, frozen=True, kw_only=True, tag="test.reported"):
    """One test's outcome, as it happened."""

    branch: str
    step: int
    id: str
    outcome: str
    seconds: float = 0.0
    message: str = ""


class SuiteEnded(Event, frozen=True, kw_only=True, tag="suite.ended"):
    """The whole report of a step's suite run is in."""

    branch: str
    step: int
    status: str
    """`complete`, `unstartable`, `died`, `timeout` or `failed`; see `engine.suite.report.Status`."""
    detail: str
    passed: int
    broken: int
    """Baseline tests that do not pass, missing ones included."""
    flips: tuple[Flip, ...]
    seconds: float
    errors: tuple[str, ...] = ()
    """What could not be collected and why, at most `MAX_ERRORS`: why tests are missing."""


MAX_ERRORS = 20
"""Errors of collection in one event."""


class CandidateNominated(Event, frozen=True, kw_only=True, tag="candidate.nominated"):
    """A step is put forward to become a task."""

    branch: str
    step: int
    by: str
    family: str = ""
    """The kind of cause, where its agent said one; likewise below."""
    intent: str = ""
    """What happened to the environment, in terms of real life."""
    recovery: str = ""
    """How it is put right, in words."""


class GateStarted(Event, frozen=True, kw_only=True, tag="gate.started"):
    """A gate began to examine the candidate."""

    branch: str
    step: int
    gate: str


class GateEnded(Event, frozen=True, kw_only=True, tag="gate.ended"):
    """A gate's verdict with its evidence."""

    branch: str
    step: int
    gate: str
    held: bool
    reason: str
    """One line: what was seen; for a fallen gate, why it fell."""
    seconds: float
    evidence: dict[str, object] = msgspec.field(default_factory=dict)


class TaskCommitted(Event, frozen=True, kw_only=True, tag="task.committed"):
    """A proven task was written."""

    branch: str
    step: int
    task: str
    path: str
    families: tuple[str, ...]
    f2p: int
    p2p: int


class CandidateFell(Event, frozen=True, kw_only=True, tag="candidate.fell"):
    """A candidate did not become a task; it is kept in the journal."""

    branch: str
    step: int
    gate: str
    reason: str


class ModeChanged(Event, frozen=True, kw_only=True, tag="mode.changed"):
    """What the operator decides: nothing (`auto`), each command (`confirm`) or all (`manual`)."""

    mode: str


class StepHeld(Event, frozen=True, kw_only=True, tag="step.held"):
    """A proposed step waits for the operator."""

    branch: str
    step: int
    pattern: str = ""
    """What "allow such commands" would allow, if chosen."""


class StepDecided(Event, frozen=True, kw_only=True, tag="step.decided"):
    """The operator, or a pattern allowed before, has answered a held step."""

    branch: str
    step: int
    verdict: str
    """`approved`, `pattern` (and such commands from now on), `edited` or `denied`."""
    command: str = ""
    """The command as edited."""
    reason: str = ""
    """Why it was denied, as the agent is told."""
    pattern: str = ""


class GuidanceGiven(Event, frozen=True, kw_only=True, tag="guidance.given"):
    """The operator said what to do next; it waits for the next step boundary."""

    branch: str
    number: int
    """Counts a branch's guidance, from 1."""
    text: str


class GuidanceDelivered(Event, frozen=True, kw_only=True, tag="guidance.delivered"):
    """The agent has been told."""

    branch: str
    number: int
    understood: str = ""
    """What the agent says it understood."""


class BranchPaused(Event, frozen=True, kw_only=True, tag="branch.paused"):
    """Nothing new begins on the branch, or does again."""

    branch: str
    paused: bool
    reason: str = ""
    """`operator`, `idle` (no more ideas), `nominated` (a step was put forward), `limit` or `manual`."""


class TakenOver(Event, frozen=True, kw_only=True, tag="taken.over"):
    """The operator has the keyboard of the branch's shell."""

    branch: str


class KeysTyped(Event, frozen=True, kw_only=True, tag="keys.typed"):
    """What the operator typed into the shell, as bytes."""

    branch: str
    data: bytes


class HandedBack(Event, frozen=True, kw_only=True, tag="handed.back"):
    """The operator has left the shell; what the hands changed is the step, 0 when nothing."""

    branch: str
    step: int = 0


class BranchLabelled(Event, frozen=True, kw_only=True, tag="branch.labelled"):
    """The operator gave a branch a title or a note."""

    branch: str
    title: str = ""
    note: str = ""


class Remark(Event, frozen=True, kw_only=True, tag="remark"):
    """Something the operator should know that changes no state."""

    text: str
    branch: str = ""
    level: str = "info"
    """`info` or `warning`."""


class Result(Event, frozen=True, kw_only=True, tag="result"):
    """Last line of a headless run's `jsonl`, also on failure. Never in a journal."""

    exit_code: int
    outcome: str
    detail: str = ""
    tasks: tuple[str, ...] = ()
    """Paths of the tasks in `--out` after the run, oldest first."""
    attempts: int = 0
    flipped: int = 0
    proven: int = 0
    seconds: float = 0.0
    session: str = ""


class Unknown(Event, frozen=True, kw_only=True, tag="unknown"):
    """An event of a tag this version does not know, kept as it was read."""

    original: str
    """The line's own tag."""
    line: bytes


Any = (
    SessionStarted | SessionResumed | SessionEnded
    | BranchOpened | BranchClosed
    | StepProposed | CommandStarted | ShellOutput | ShellLost | ShellResized | CommandEnded
    | SnapshotTaken | SuiteStarted | TestReported | SuiteEnded
    | CandidateNominated | GateStarted | GateEnded | TaskCommitted | CandidateFell
    | ModeChanged | StepHeld | StepDecided | GuidanceGiven | GuidanceDelivered
    | BranchPaused | TakenOver | KeysTyped | HandedBack | BranchLabelled
    | ConversationBegun | MessageAdded | ModelAsked | ModelBatched | ModelSaid | ModelAnswered
    | RepairStarted | RepairGraded | RepairVerified
    | Remark | Result
)  # fmt: skip
"""Every event that is written; decode with `msgspec.json.Decoder(Any)`."""
