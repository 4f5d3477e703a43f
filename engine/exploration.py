"""The loop of a session: an agent proposes, the shell runs, the change is snapshotted and tested.

Everything is written to the journal, intent before effect; who watches folds over that.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.agents.model import Agent, Feedback, GiveUp, Nominate, Proposal
from engine.errors import DiskFull, EngineError, GoldBroken
from engine.faults.model import Fault
from engine.gold.model import PROJECT_DIR, Gold
from engine.handmade import script
from engine.inversion import Line
from engine.proof.gate import Candidate
from engine.sandbox import images, tools
from engine.sandbox.client import Engine, translated
from engine.sandbox.delta import Tree
from engine.sandbox.netns import Namespace, Namespaces
from engine.sandbox.readers import reader
from engine.sandbox.reading import content, reading
from engine.sandbox.sandbox import Sandbox
from engine.sandbox.shell import Ended, Shell, typed
from engine.sandbox.snapshots import Snapshot, Snapshots, between
from engine.sandbox.watch import DONE
from engine.suite.report import Report, TestResult, flips
from engine.suite.run import Suite
from engine.transcript import Transcript
from sessions import events
from sessions.journal import Journal

_PUT = Nominate()
"""A nomination of which nothing is said."""


@dataclass(frozen=True)
class Moment:
    """Where a branch stood after one of its steps: all a fork or a candidate is made from."""

    step: int
    snapshot: Snapshot
    report: Report | None = None
    """The suite on the snapshot; None while that is gold."""
    lines: tuple[Line, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass
class Branch:
    """One line of steps: its container and shell, and where it stands."""

    name: str
    sandbox: Sandbox
    shell: Shell
    transcript: Transcript
    namespace: Namespace | None
    base: Snapshot
    """What its container was started from."""
    moments: list[Moment]
    """After each step that changed something, the first being where the branch began."""
    steps: int = 0
    """Number of the last step."""
    exports: dict[str, str] = field(default_factory=dict)
    umask: str = ""

    @property
    def now(self) -> Moment:
        """Where it stands."""
        return self.moments[-1]

    def at(self, step: int) -> Moment:
        """Where it stood after a step."""
        return [moment for moment in self.moments if moment.step <= step][-1]


async def ready(engine: Engine, gold: Gold) -> None:
    """See that the gold image is there, and under its name.

    Raises:
        GoldBroken: the engine does not have it.
    """
    known = await images.inspect(engine, gold.image)
    if known is None:
        raise GoldBroken(f"the image of the gold environment {gold.name} is not on this engine", gold.again)
    if gold.tag not in (known.get("RepoTags") or []):
        repository, _, tag = gold.tag.partition(":")
        with translated("naming the gold image"):
            await engine.docker.images.tag(gold.image, repository, tag=tag)


@dataclass
class Exploration:
    """A session at work: opens branches, runs their steps, keeps the journal."""

    engine: Engine
    gold: Gold
    tree: Tree
    """The gold image's filesystem."""
    journal: Journal
    session: str
    command_timeout: float = 60.0
    """Seconds one command may take."""
    repairs: bool = False
    """Whether tasks are repaired: no suite runs after a step, and a branch's container is graded where it
    stands, by a grader that ends all other processes, so that none of them may be its first one."""
    suite: Suite = field(init=False)
    snapshots: Snapshots = field(init=False)
    namespaces: Namespaces = field(init=False)

    def __post_init__(self) -> None:
        self.namespaces = Namespaces(self.engine, self.gold.image, self.session)
        self.suite = Suite(self.engine, self.gold.test, self.session, namespaces=self.namespaces)
        self.snapshots = Snapshots(self.engine, self.gold.image, self.tree, reader(self.engine))

    async def prepare(self) -> None:
        """See that the gold image is there under its name, and have the first containers' parts made.

        Raises:
            GoldBroken: the engine does not have the image.
        """
        await ready(self.engine, self.gold)
        await tools.ensure(self.engine, self.gold.image)
        self.namespaces.warm()

    async def open(
        self, name: str, parent: Branch | None = None, step: int = 0, past: Sequence[Moment] = ()
    ) -> Branch:
        """A new branch from gold, or from where `parent` stood after `step`, with a shell that answers.

        With `past`, it is one of an earlier process that goes on from there.

        Raises:
            EngineError: the container or every shell in it fails.
        """
        start = past[-1] if past else parent.at(step) if parent else Moment(0, Snapshot(self.gold.image))
        base = start.snapshot
        sandbox, namespace = await self._container(base.image)
        transcript = Transcript(lambda data: None)
        shell = Shell(sandbox, on_output=transcript.add, home=PROJECT_DIR, cwd=PROJECT_DIR)
        moments = list(past) or [replace(start, step=0)]
        branch = Branch(name, sandbox, shell, transcript, namespace, base, moments)
        transcript.write = lambda data: self._printed(branch, data)
        shell.on_lost = lambda reason, program: self._lost(branch, reason, program)
        try:
            self.journal.append(
                events.BranchOpened(
                    branch=name,
                    image=base.image,
                    parent=parent.name if parent else "",
                    step=step,
                    container=sandbox.id,
                )
            )
            await shell.open()
            await self.snapshots.begin(sandbox)
        except BaseException as error:
            await asyncio.shield(self._unopened(branch, error))
            raise
        return branch

    async def _unopened(self, branch: Branch, error: BaseException) -> None:
        """Close a branch that got no shell; one that is not at fault can be taken up again."""
        outcome, detail = "abandoned", ""
        if isinstance(error, EngineError):
            with contextlib.suppress(EngineError):
                await self.excuse(error)
                outcome, detail = "failed", "no shell"
        await self.close(branch, outcome, detail)

    async def _container(self, image: str) -> tuple[Sandbox, Namespace | None]:
        if self.repairs:
            return await Sandbox.start(self.engine, image, session=self.session), None
        namespace = await self.namespaces.lease()
        try:
            sandbox = await Sandbox.join(
                self.engine, image, namespace.control, home=PROJECT_DIR, session=self.session
            )
        except BaseException:
            await asyncio.shield(self.namespaces.give_back(namespace, clean=False))
            raise
        return sandbox, namespace

    def _printed(self, branch: Branch, data: bytes) -> None:
        self.journal.append(events.ShellOutput(branch=branch.name, step=branch.steps, data=data))

    def _lost(self, branch: Branch, reason: str, program: str) -> None:
        branch.transcript.flush()
        self.journal.append(
            events.ShellLost(branch=branch.name, step=branch.steps, reason=reason, program=program)
        )

    async def close(self, branch: Branch, outcome: str, detail: str = "") -> None:
        """End the branch's container; its snapshots stay until the session's garbage is collected."""
        namespace, branch.namespace = branch.namespace, None
        # From the last to the first, each whatever the one before raises: a journal without room is no reason
        # for a container to stay.
        async with contextlib.AsyncExitStack() as ending:
            closed = events.BranchClosed(branch=branch.name, outcome=outcome, detail=detail)
            ending.callback(self.journal.append, closed)
            if namespace is not None:
                ending.push_async_callback(self.namespaces.give_back, namespace, clean=False)
            ending.push_async_callback(branch.sandbox.remove)
            ending.push_async_callback(branch.shell.close)
            ending.callback(branch.transcript.end)

    async def explore(self, branch: Branch, agent: Agent) -> Candidate | None:
        """Let `agent` work on the branch until it nominates a step; None when it gives up.

        Raises:
            EngineError: the container or the engine is gone.
        """
        while True:
            match await agent.propose():
                case Proposal() as proposal:
                    agent.observe(await self.step(branch, proposal))
                case Nominate() as put:
                    return self.nominate(branch, put.step or branch.steps, agent.name, put)
                case GiveUp():
                    return None

    def nominate(self, branch: Branch, step: int, by: str, put: Nominate = _PUT) -> Candidate | None:
        """Put a step of the branch forward; None when it stands at gold or breaks nothing."""
        moment = branch.at(step)
        if moment.report is None or not moment.report.broken(self.gold.baseline):
            return None
        self.journal.append(
            events.CandidateNominated(
                branch=branch.name,
                step=moment.step,
                by=by,
                family=put.family,
                intent=put.intent,
                recovery=put.recovery,
            )
        )
        return Candidate(
            self.gold,
            branch.name,
            moment.step,
            moment.snapshot.image,
            moment.snapshot.layer,
            moment.lines,
            moment.report,
            moment.faults,
            by,
            put.family,
        )

    async def step(self, branch: Branch, proposal: Proposal) -> Feedback:
        """One step: run the command, snapshot what it changed, run the suite on that."""
        return await self.perform(branch, self.propose(branch, proposal), proposal)

    def propose(self, branch: Branch, proposal: Proposal) -> int:
        """Write down what is going to be done; the step's number."""
        branch.steps += 1
        fault = proposal.fault
        self.journal.append(
            events.StepProposed(
                branch=branch.name,
                step=branch.steps,
                command=proposal.command,
                origin=proposal.origin,
                operator=fault.operator if fault else "",
                target=fault.target if fault else "",
                family=fault.family if fault else "",
                intent=proposal.intent,
            )
        )
        return branch.steps

    async def perform(self, branch: Branch, step: int, proposal: Proposal) -> Feedback:
        """Do what was proposed as `step`."""
        cwd, exports, umask = branch.shell.cwd, branch.exports, branch.umask
        ended = await self._run(branch, step, proposal.command)
        taken = await self._snapshot(branch, step)
        if taken is None:
            return self._feedback(step, ended, (), branch.now.report, (), proposal.command)
        command = typed(proposal.command)
        line = Line(command, cwd, exports, umask, ended.exit_code, ended.outcome, step)
        return await self._reached(branch, step, taken, line, proposal.fault, ended)

    async def adopt(self, branch: Branch) -> Feedback | None:
        """Make a step of what an operator's hands changed since the last one; None when that is nothing.

        Keys cannot be replayed: the step's command is written from the change itself. Of one that failed
        the next call makes what is missing, for the hands' work is in the container all the same.
        """
        late = await self.retest(branch)
        before = branch.now.snapshot
        taken = await self.snapshots.take(
            branch.sandbox, branch.base, before, pause=await branch.shell.busy()
        )
        branch.exports, branch.umask = branch.shell.exported, branch.shell.umask
        ended = Ended(DONE, 0, branch.shell.cwd, 0.0)
        if taken is None:
            return self._felt(branch, ended) if late else None
        changes = between(self.tree, before.layer, taken.layer)
        async with reading(self.engine, before.image, self.session) as get:

            async def earlier(path: str) -> bytes:
                return content(await get(path), path)

            now = branch.sandbox.read_file
            command = await script(self.tree, before.layer, taken.layer, changes, now, earlier)
        step = self.propose(branch, Proposal(command, "operator", intent="by hand"))
        self.journal.append(
            events.CommandEnded(
                branch=branch.name,
                step=step,
                outcome=DONE,
                exit_code=0,
                cwd=ended.cwd,
                seconds=0.0,
                exports=tuple(sorted(branch.exports.items())),
                umask=branch.umask,
            )
        )
        self._taken(branch, step, before, taken, 0.0)
        # Before the suite, which may fail: from here on the step is in the journal, and no other can be it.
        lines = (*branch.now.lines, Line(command, "/", step=step))
        branch.moments.append(Moment(step, taken, None, lines, branch.now.faults))
        await self.retest(branch)
        return self._felt(branch, ended)

    async def retest(self, branch: Branch) -> bool:
        """Run the suite on where the branch stands if nobody saw its end there yet; whether that was so."""
        if self.repairs or len(branch.moments) < 2 or branch.now.report is not None:
            return False
        before, now = branch.moments[-2:]
        report = await self._observe(branch, now.step, now.snapshot.image, before.report)
        branch.moments[-1] = replace(now, report=report)
        return True

    async def _reached(
        self, branch: Branch, step: int, taken: Snapshot, line: Line, fault: Fault | None, ended: Ended
    ) -> Feedback:
        """Let the branch stand on a new snapshot, on which the suite is run unless this is a repair."""
        before = branch.now
        report = None if self.repairs else await self._observe(branch, step, taken.image, before.report)
        faults = (*before.faults, fault) if fault else before.faults
        branch.moments.append(Moment(step, taken, report, (*before.lines, line), faults))
        return self._felt(branch, ended)

    def _felt(self, branch: Branch, ended: Ended) -> Feedback:
        """What the last change of the branch led to."""
        before, now = branch.moments[-2:]
        changes = between(self.tree, before.snapshot.layer, now.snapshot.layer)
        changed = tuple(change.path for change in changes)
        flipped = flips(self.gold.baseline, before.report, now.report) if now.report else ()
        return self._feedback(now.step, ended, changed, now.report, flipped, now.lines[-1].command)

    def _feedback(
        self,
        step: int,
        ended: Ended,
        changed: tuple[str, ...],
        report: Report | None,
        flipped: tuple[events.Flip, ...],
        command: str,
    ) -> Feedback:
        broken = report.broken(self.gold.baseline) if report else frozenset()
        return Feedback(
            step=step,
            outcome=ended.outcome,
            exit_code=ended.exit_code,
            output=ended.output,
            changed=changed,
            report=report,
            flips=flipped,
            broken=broken,
            command=command,
        )

    async def _run(self, branch: Branch, step: int, command: str) -> Ended:
        self.journal.append(
            events.CommandStarted(
                branch=branch.name,
                step=step,
                cwd=branch.shell.cwd,
                exports=tuple(sorted(branch.exports.items())),
                umask=branch.umask,
            )
        )
        ended = await branch.shell.run(command, self.command_timeout)
        dropped = branch.transcript.end()
        branch.exports, branch.umask = ended.exports, ended.umask
        self.journal.append(
            events.CommandEnded(
                branch=branch.name,
                step=step,
                outcome=ended.outcome,
                exit_code=ended.exit_code,
                cwd=ended.cwd,
                seconds=ended.seconds,
                exports=tuple(sorted(ended.exports.items())),
                umask=ended.umask,
                output_bytes=ended.output_bytes,
                dropped_bytes=dropped,
            )
        )
        return ended

    async def _snapshot(self, branch: Branch, step: int) -> Snapshot | None:
        """Commit what the step changed; None when it changed nothing."""
        began = time.monotonic()
        last = branch.now.snapshot
        busy = await branch.shell.busy()
        taken = await self.snapshots.take(branch.sandbox, branch.base, last, pause=busy)
        if taken is not None:
            self._taken(branch, step, last, taken, time.monotonic() - began)
        return taken

    def _taken(self, branch: Branch, step: int, before: Snapshot, taken: Snapshot, seconds: float) -> None:
        changed = between(self.tree, before.layer, taken.layer)
        self.journal.append(
            events.SnapshotTaken(
                branch=branch.name,
                step=step,
                image=taken.image,
                changes=changed[: events.MAX_CHANGES],
                changed=len(changed),
                size=sum(change.size for change in changed),
                seconds=seconds,
            )
        )

    async def _observe(self, branch: Branch, step: int, image: str, before: Report | None) -> Report:
        """Run the suite on a snapshot, every test in the journal as it ends."""

        def reported(result: TestResult) -> None:
            self.journal.append(
                events.TestReported(
                    branch=branch.name,
                    step=step,
                    id=result.id,
                    outcome=result.outcome,
                    seconds=result.seconds,
                    message=result.message,
                )
            )

        self.journal.append(events.SuiteStarted(branch=branch.name, step=step, image=image))
        report = await self.suite.run(image, on_result=reported)
        broken = report.broken(self.gold.baseline)
        self.journal.append(
            events.SuiteEnded(
                branch=branch.name,
                step=step,
                status=report.status,
                detail=report.detail,
                passed=len(self.gold.baseline) - len(broken),
                broken=len(broken),
                flips=flips(self.gold.baseline, before, report),
                seconds=report.seconds,
                errors=report.errors[: events.MAX_ERRORS],
            )
        )
        return report

    async def excuse(self, error: EngineError) -> None:
        """Return if a branch or a candidate is at fault: its container ended, or none starts from its image.

        Raises:
            EngineError: `error`, or that the engine does not answer.
        """
        if isinstance(error, DiskFull):
            raise error
        await self.engine.api("_ping")

    async def end(self) -> None:
        """Let go of what the session keeps ready."""
        await self.namespaces.close()
