"""A session with an operator: branches side by side, each with its agent; modes, approvals, words and hands.

Lives on the engine's loop. What the operator wants arrives as method calls; what happens leaves as events.
"""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import re
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import commit
from engine.agents.model import Back, GiveUp, Nominate, Proposal, Steerable
from engine.errors import CligymError, LimitReached, ModelError, UsageError
from engine.exploration import Branch, Exploration, Moment
from engine.keyboard import Keyboard
from engine.proof.gate import Candidate
from engine.writer import Writer
from sessions import events, model
from sessions.errors import SessionsError

AUTO, CONFIRM, MANUAL = "auto", "confirm", "manual"
MODES = (AUTO, CONFIRM, MANUAL)

_COMPOUND = re.compile(r"[;&|<>$`\n(){}]")


def pattern_for(command: str) -> str:
    """What "allow such commands" would mean: the program and its first word, then anything.

    Empty for a command the shell would take apart: no pattern can say what such a one does.
    """
    words = command.split()
    if not words or _COMPOUND.search(command):
        return ""
    head = words[:2] if len(words) > 2 and not words[1].startswith(("-", "/")) else words[:1]
    return " ".join(head) + " *"


def allowed(command: str, patterns: set[str]) -> bool:
    """Whether one of the patterns allows the command; never one of several commands."""
    return not _COMPOUND.search(command) and any(fnmatch.fnmatchcase(command, one) for one in patterns)


@dataclass(frozen=True)
class Decision:
    """The operator's answer to a held step."""

    verdict: str
    command: str = ""
    reason: str = ""
    pattern: str = ""


@dataclass
class Lane:
    """A branch with its agent and what the operator wants of it."""

    keyboard: Keyboard
    agent: Steerable
    paused: str = ""
    """Why nothing new begins, see `BranchPaused.reason`; empty while it goes on."""
    wants_hands: bool = False
    held: asyncio.Future[Decision] | None = None
    step: int = 0
    """The held step."""
    words: list[tuple[int, str]] = field(default_factory=list)
    """Guidance not yet delivered."""
    given: int = 0
    kept: int = 0
    """The last step that the operator's own hands made: nobody goes back before it."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    put: tuple[int, Nominate] = (-1, Nominate())
    """The step the agent put forward last, and what it said of it."""
    closing: bool = False
    """Whether its container is on its way out, which nobody is to interrupt."""

    @property
    def branch(self) -> Branch:
        """Its branch."""
        return self.keyboard.branch


@dataclass
class Supervisor:
    """Everything an operator can do with one session."""

    exploration: Exploration
    agent: Callable[[str], Steerable]
    """Makes the agent of a branch from gold, given its name."""
    out: Path
    seed: int = 0
    limit: int = 30
    """Steps of one branch after which its agent rests."""
    mode: str = AUTO
    alone: bool = False
    """Whether its tasks stand on no gold image."""
    writer: Writer | None = None
    """Who says what a task's statement says; nobody for our own words."""
    unheard: Callable[[BaseException], None] = lambda error: None
    """Told why something ended when the journal does not take that, or nobody foresaw it."""
    lanes: dict[str, Lane] = field(default_factory=dict)
    """Branches that have a container."""
    ended: dict[str, Lane] = field(default_factory=dict)
    """Those whose container is gone; what their snapshots hold can be forked and committed all the same."""
    patterns: set[str] = field(default_factory=set)
    _proofs: set[asyncio.Task[None]] = field(default_factory=set)
    _opened: int = 0

    # What the operator does. Everything returns at once, or as soon as a branch has its container.

    def set_mode(self, mode: str) -> None:
        """From now on decide so; what is held stays held, but in `auto` goes."""
        if mode not in MODES:
            raise UsageError(f"there is no mode {mode}")
        self.mode = mode
        self._say(events.ModeChanged(mode=mode))
        for lane in self.lanes.values():
            if mode == AUTO and lane.held is not None:
                self.decide(lane.branch.name, lane.step, Decision("approved"))
            lane.moved.set()

    async def add(self, parent: str = "", step: int = 0) -> None:
        """Open a branch from gold, or from a step of another, with an agent that knows what that one knew."""
        origin = self._known(parent) if parent else None
        self._opened += 1
        name = f"b{self._opened}"
        agent = origin.agent.forked(name, step) if origin else self.agent(name)
        branch = await self.exploration.open(name, origin.branch if origin else None, step)
        self._begin(Lane(Keyboard(self.exploration, branch), agent))

    def recall(self, names: Iterable[str]) -> None:
        """Give none of these names to another branch: an earlier process did, also to some that are over."""
        numbers = [int(name[1:]) for name in names if name[1:].isdecimal()]
        self._opened = max(self._opened, *numbers, 0)

    async def again(self, known: model.Branch, past: Sequence[Moment], agent: Steerable) -> None:
        """Have a branch of an earlier process go on from where it stood.

        Raises:
            EngineError: its container or shell fails.
        """
        last = max(known.steps, default=0)
        self._say(events.ShellOutput(branch=known.id, step=last, data=b"\r\n"))  # its shell is a new one
        branch = await self.exploration.open(known.id, past=past)
        branch.steps = last
        words = [(one.number, one.text) for one in known.guidance if not one.delivered]
        given = max((one.number for one in known.guidance), default=0)
        try:
            await branch.shell.resize(known.rows, known.columns)
            if known.taken:
                self._say(events.HandedBack(branch=known.id))
            await self.exploration.retest(branch)
        except BaseException:
            await asyncio.shield(self.exploration.close(branch, "abandoned"))
            raise
        keyboard = Keyboard(self.exploration, branch)
        self._begin(Lane(keyboard, agent, paused=known.paused, words=words, given=given))

    def _begin(self, lane: Lane) -> None:
        name = lane.branch.name
        self.lanes[name] = lane
        lane.task = asyncio.create_task(self._drive(lane), name=f"branch {name}")
        lane.task.add_done_callback(self._told)

    def decide(self, branch: str, step: int, decision: Decision) -> None:
        """Answer a held step; an answer to another one is too late and does nothing."""
        lane = self.lanes.get(branch)
        if lane and lane.held is not None and lane.step == step and not lane.held.done():
            lane.held.set_result(decision)

    def guide(self, branch: str, text: str, *, interrupt: bool = False) -> None:
        """Words for the agent, delivered before its next proposal; with `interrupt`, that is now."""
        lane = self._lane(branch)
        lane.given += 1
        lane.words.append((lane.given, text))
        self._say(events.GuidanceGiven(branch=branch, number=lane.given, text=text))
        if lane.held is not None:
            # Words while a command waits are the answer to it.
            self.decide(branch, lane.step, Decision("denied", reason=""))
        if interrupt:
            lane.branch.shell.interrupt()
        if lane.paused in ("idle", "nominated"):
            self._pause(lane, "")
        lane.moved.set()

    def pause(self, branch: str, paused: bool) -> None:
        """Begin nothing new after this step, or go on."""
        self._pause(self._lane(branch), "operator" if paused else "")

    def interrupt(self, branch: str) -> None:
        """End the running command."""
        self._lane(branch).branch.shell.interrupt()

    def label(self, branch: str, title: str, note: str) -> None:
        """Give the branch a title and a note."""
        self._say(events.BranchLabelled(branch=branch, title=title[:80], note=note[:2000]))

    async def take_over(self, branch: str) -> None:
        """The operator gets the keyboard as soon as the present step is over."""
        lane = self._lane(branch)
        lane.wants_hands = True
        if lane.held is not None:
            self.decide(branch, lane.step, Decision("denied", reason="the operator takes over"))
        lane.moved.set()

    async def type(self, branch: str, data: bytes) -> None:
        """Keys for the shell of a branch that was taken over."""
        await self._lane(branch).keyboard.type(data)

    async def hand_back(self, branch: str) -> None:
        """The operator is done: what the hands changed becomes a step, and the agent is told."""
        lane = self._lane(branch)
        lane.wants_hands = False
        feedback = await lane.keyboard.give_back()
        if feedback:
            lane.kept = feedback.step
            lane.agent.told(feedback.changed, feedback.broken)
        lane.moved.set()

    async def resize(self, branch: str, rows: int, columns: int) -> None:
        """Give the branch's terminal another size."""
        await self._lane(branch).keyboard.resize(rows, columns)

    def commit(self, branch: str, step: int, *, minimise: bool = True) -> None:
        """Put a step forward and prove it, minimised or with all commands; if it holds, write the task."""
        lane = self._known(branch)
        at, put = lane.put
        said = put if lane.branch.at(step).step == at else Nominate()
        candidate = self.exploration.nominate(lane.branch, step, "operator", said)
        if candidate is None:
            self._warn(branch, "nothing is broken at this step")
            return
        task = asyncio.create_task(
            self._prove(lambda: self._commit(candidate, minimise)), name=f"proof {branch}"
        )
        self._proofs.add(task)
        task.add_done_callback(self._proofs.discard)
        task.add_done_callback(self._told)

    async def discard(self, branch: str) -> None:
        """End a branch; its steps stay in the journal."""
        lane = self._lane(branch)
        if lane.task is not None:
            if not lane.closing:
                lane.task.cancel()
            await asyncio.gather(lane.task, return_exceptions=True)
        self._retire(lane)

    async def end(self) -> None:
        """Let the proofs under way come to an end, then close all branches."""
        if self._proofs:
            await asyncio.gather(*self._proofs, return_exceptions=True)
        while self.lanes:
            await self.discard(next(iter(self.lanes)))
        await self.exploration.end()

    # What happens by itself.

    async def _drive(self, lane: Lane) -> None:
        """A branch's course: words, a proposal, the operator's leave, the step; again."""
        outcome, detail = "discarded", ""
        try:
            while True:
                await self._clear_to_go(lane)
                self._deliver(lane)
                if lane.branch.steps >= self.limit:
                    self._pause(lane, "limit")
                    continue
                match await self._proposed(lane):
                    case Proposal() as proposal:
                        await self._step(lane, proposal)
                    case Nominate() as put:
                        self._put(lane, put)
                    case GiveUp(reason=reason):
                        self._remark(lane.branch.name, f"{lane.agent.name} rests: {reason}")
                        self._pause(lane, "idle")
                    case Back() as back:
                        if await self._back(lane, back):
                            outcome, detail = "left", back.reason
                            return
                    case None:
                        continue
        except (CligymError, SessionsError) as error:
            outcome, detail = "failed", str(error)
            self._last_word(lane.branch.name, f"the branch ended: {error}")
        finally:
            lane.closing = True
            try:
                with contextlib.suppress(SessionsError):
                    await asyncio.shield(self.exploration.close(lane.branch, outcome, detail))
            finally:
                self._retire(lane)

    def _put(self, lane: Lane, put: Nominate) -> None:
        """The agent is content with a step; whether it is proven is the operator's to say."""
        name, step = lane.branch.name, lane.branch.at(put.step or lane.branch.steps).step
        lane.put = (step, put)
        what = f"step {step}" if step else "what it began with"
        self._remark(name, f"{lane.agent.name} puts {what} forward: {put.intent or put.reason}")
        self._pause(lane, "nominated")

    async def _back(self, lane: Lane, back: Back) -> bool:
        """Go on from an earlier step on a fork, where nobody decides; whether that was done."""
        name = lane.branch.name
        if self.mode != AUTO or lane.paused or lane.wants_hands or lane.words:
            self._remark(name, f"{back.reason}: u goes back before the last step")
            return False
        step = max(back.step, lane.kept)
        self._remark(name, f"back to step {step}: {back.reason}")
        await self.add(name, step)
        self._retire(lane)
        return True

    def _retire(self, lane: Lane) -> None:
        self.ended[lane.branch.name] = lane
        self.lanes.pop(lane.branch.name, None)

    async def _proposed(self, lane: Lane) -> Proposal | Nominate | GiveUp | Back | None:
        """What the agent wants to do next; None when it cannot say, and the branch waits for better times."""
        try:
            return await lane.agent.propose()
        except (LimitReached, ModelError) as error:
            self._warn(lane.branch.name, f"{lane.agent.name} rests: {error}")
            self._pause(lane, "limit" if isinstance(error, LimitReached) else "idle")
            return None

    async def _clear_to_go(self, lane: Lane) -> None:
        while True:
            lane.moved.clear()
            if lane.wants_hands:
                lane.keyboard.take()
            free = not lane.keyboard.taken and not lane.wants_hands and self.mode != MANUAL
            if free and not lane.paused:
                return
            await lane.moved.wait()

    def _deliver(self, lane: Lane) -> None:
        words, lane.words = lane.words, []
        for number, text in words:
            understood = lane.agent.guide(text)
            self._say(events.GuidanceDelivered(branch=lane.branch.name, number=number, understood=understood))

    async def _step(self, lane: Lane, proposal: Proposal) -> None:
        branch = lane.branch
        step = self.exploration.propose(branch, proposal)
        if self.mode == CONFIRM:
            decision = await self._asked(lane, step, proposal.command)
            if decision.verdict == "denied":
                lane.agent.denied(decision.reason)
                return
            if decision.verdict == "edited" and decision.command.strip():
                proposal = Proposal(decision.command, proposal.origin, None, proposal.intent)
        lane.agent.observe(await self.exploration.perform(branch, step, proposal))

    async def _asked(self, lane: Lane, step: int, command: str) -> Decision:
        """The operator's leave for a command: given before by a pattern, or waited for."""
        name = lane.branch.name
        if allowed(command, self.patterns):
            decision = Decision("approved")
        else:
            lane.held, lane.step = asyncio.get_running_loop().create_future(), step
            self._say(events.StepHeld(branch=name, step=step, pattern=pattern_for(command)))
            try:
                decision = await lane.held
            finally:
                lane.held = None
        if decision.verdict == "pattern" and decision.pattern:
            self.patterns.add(decision.pattern)
        self._say(
            events.StepDecided(
                branch=name,
                step=step,
                verdict=decision.verdict,
                command=decision.command,
                reason=decision.reason,
                pattern=decision.pattern,
            )
        )
        return decision

    async def _commit(self, candidate: Candidate, minimise: bool) -> None:
        task = await commit.proven(
            self.exploration,
            candidate,
            self.seed,
            time.monotonic(),
            out=self.out,
            minimise=minimise,
            alone=self.alone,
            writer=self.writer,
        )
        if task is not None:
            commit.publish(self.exploration, task, self.out)

    async def _prove(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except (CligymError, SessionsError) as error:
            self._last_word("", f"the proof could not be finished: {error}")

    def _told(self, ended: asyncio.Task[None]) -> None:
        """A mistake of ours is not to end as if the operator had wished it."""
        if not ended.cancelled() and (error := ended.exception()) is not None:
            self.unheard(error)

    def _pause(self, lane: Lane, reason: str) -> None:
        if lane.paused != reason:
            lane.paused = reason
            self._say(events.BranchPaused(branch=lane.branch.name, paused=bool(reason), reason=reason))
        lane.moved.set()

    def _lane(self, branch: str) -> Lane:
        lane = self.lanes.get(branch)
        if lane is None:
            raise UsageError(f"there is no open branch {branch}")
        return lane

    def _known(self, branch: str) -> Lane:
        lane = self.lanes.get(branch) or self.ended.get(branch)
        if lane is None:
            raise UsageError(f"there is no branch {branch}")
        return lane

    def _last_word(self, branch: str, text: str) -> None:
        try:
            self._warn(branch, text)
        except SessionsError as error:  # perhaps it was the journal that failed before
            self.unheard(error)

    def _warn(self, branch: str, text: str) -> None:
        self._remark(branch, text, "warning")

    def _remark(self, branch: str, text: str, level: str = "info") -> None:
        self._say(events.Remark(branch=branch, text=text, level=level))

    def _say(self, event: events.Event) -> None:
        self.exploration.journal.append(event)
