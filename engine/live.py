"""A session at work with an operator: the catalogue or models on its branches, and every wish there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.apart import Apart
from engine.cast import Cast, models, saboteurs
from engine.commit import program_version
from engine.exploration import Exploration
from engine.gold import large, store
from engine.interrupted import go_on, take_up
from engine.ledger import Budget
from engine.models.reach import Minds, reach
from engine.sandbox.client import connect
from engine.supervision import AUTO, Decision, Supervisor
from engine.tasks import output
from sessions import events
from sessions.state import fold


@dataclass(frozen=True)
class Wanted:
    """What a session with an operator begins with."""

    gold: str
    agent: str = "saboteur"
    seed: int = 0
    mode: str = AUTO
    limit: int = 30
    """Steps of one branch after which its agent rests."""
    out: Path = Path("tasks")
    alone: bool = False
    """Whether tasks stand on no gold image but on what that is made from."""
    minds: Minds | None = None
    """The models, for an agent that is one."""
    budget: Budget = field(default_factory=Budget)
    max_steps: int | None = None
    """Commands of a model in the whole session."""
    again: str = ""
    """The session to go on with, whose gold environment and agent these are; empty for a new one."""


class Live(Apart[Supervisor]):
    """One session. Its methods may be called from any thread and return at once."""

    def __init__(self, wanted: Wanted) -> None:
        """Check what can be checked and write the session's first event; nothing runs yet.

        Raises:
            UsageError, GoldError, OutputError: it cannot begin.
            SessionsError: the session that is to go on cannot be read, or is live.
        """
        self.wanted = wanted
        self.gold = store.load(wanted.gold)
        self.out = output.prepare(wanted.out)
        self.limit = wanted.limit
        self.budget = wanted.budget
        self._reached = reach(wanted.minds, wanted.budget) if wanted.minds else None
        session, happened = take_up(wanted.again, self.gold) if wanted.again else (None, [])
        super().__init__(session, happened)
        if happened:
            self.wanted = replace(wanted, seed=fold(happened).seed)
        self._happened = [event for event in happened if not isinstance(event, events.ShellOutput)]

    # Wishes.

    def set_mode(self, mode: str) -> None:
        """See `Supervisor.set_mode`."""
        self._call(lambda to: to.set_mode(mode))

    def decide(
        self, branch: str, step: int, verdict: str, command: str = "", reason: str = "", pattern: str = ""
    ) -> None:
        """Answer a held step: `approved`, `pattern`, `edited` or `denied`."""
        self._call(lambda to: to.decide(branch, step, Decision(verdict, command, reason, pattern)))

    def guide(self, branch: str, text: str, interrupt: bool = False) -> None:
        """Words for the branch's agent."""
        self._call(lambda to: to.guide(branch, text, interrupt=interrupt))

    def pause(self, branch: str, paused: bool) -> None:
        """Begin nothing new after this step, or go on."""
        self._call(lambda to: to.pause(branch, paused))

    def interrupt(self, branch: str) -> None:
        """End the running command."""
        self._call(lambda to: to.interrupt(branch))

    def label(self, branch: str, title: str, note: str) -> None:
        """Give the branch a title and a note."""
        self._call(lambda to: to.label(branch, title, note))

    def commit(self, branch: str, step: int, minimise: bool = True) -> None:
        """Prove a step and write the task, by default without commands that no test felt."""
        self._call(lambda to: to.commit(branch, step, minimise=minimise))

    def add_branch(self) -> None:
        """Another branch from gold."""
        self.wish(lambda to: to.add())

    def fork(self, branch: str, step: int) -> None:
        """Another branch from a step of this one."""
        self.wish(lambda to: to.add(branch, step))

    def discard(self, branch: str) -> None:
        """End a branch."""
        self.wish(lambda to: to.discard(branch))

    def take_over(self, branch: str) -> None:
        """The keyboard, please."""
        self.wish(lambda to: to.take_over(branch))

    def type(self, branch: str, data: bytes) -> None:
        """Keys for the shell of a branch that was taken over, in order."""
        self.wish(lambda to: to.type(branch, data))

    def hand_back(self, branch: str) -> None:
        """Done with the keyboard."""
        self.wish(lambda to: to.hand_back(branch))

    def resize(self, branch: str, rows: int, columns: int) -> None:
        """Give the branch's terminal another size."""
        self.wish(lambda to: to.resize(branch, rows, columns))

    def _call(self, wish: Callable[[Supervisor], None]) -> None:
        async def done(to: Supervisor) -> None:
            wish(to)

        self.wish(done)

    # The engine's thread.

    def outcome(self) -> str:
        """The operator decides when it has come to its goal."""
        return "goal"

    async def work(self) -> None:
        """Open the first branch and do what is wished; proofs under way come to their end."""
        gold = self.gold
        self._session.journal.append(self._beginning())
        async with connect() as engine, self._cast() as cast:
            exploration = Exploration(engine, gold, large.tree(gold), self._session.journal, self.session)
            await exploration.prepare()
            supervisor = Supervisor(
                exploration,
                cast.new,
                self.out,
                self.wanted.seed,
                self.limit,
                alone=self.wanted.alone,
                writer=cast.writer,
                unheard=self.fail,
            )
            try:
                if self._happened:
                    # Many branches take a minute, and those that are back already are at work.
                    await self.serve(supervisor, beside=go_on(supervisor, cast, self._happened))
                else:
                    supervisor.set_mode(self.wanted.mode)
                    await supervisor.add()
                    await self.serve(supervisor)
            finally:
                await asyncio.shield(supervisor.end())

    def _beginning(self) -> events.Event:
        if self._happened:
            state = fold(self._happened)
            return events.SessionResumed(
                abandoned=tuple(name for name, branch in state.branches.items() if branch.open)
            )
        return events.SessionStarted(
            session=self.session,
            gold=self.gold.name,
            image=self.gold.image,
            agent=self.wanted.agent,
            seed=self.wanted.seed,
            version=program_version(),
            tests=self.gold.baseline,
        )

    @asynccontextmanager
    async def _cast(self) -> AsyncIterator[Cast]:
        """Who works on the branches."""
        wanted, note = self.wanted, self._session.journal.append
        if wanted.minds is None or self._reached is None:
            yield saboteurs(self.gold, wanted.seed, self._happened)
            return
        async with aclosing(self._reached) as reached:
            service = reached.service(note)
            reached.purse.recall(self._happened)
            service.recall(self._happened)
            yield models(
                self.gold, wanted.seed, service, wanted.minds, self.out, wanted.max_steps, self._happened
            )
