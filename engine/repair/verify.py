"""Grade a solved repair a second time: its commands in a fresh container, with nobody to help them.

What was luck, a leftover of the first container, or the work of something that ran beside it shows here.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec.structs import replace

from engine.errors import CligymError
from engine.exploration import Exploration
from engine.repair import oracle
from engine.repair.attempt import Allowance, Attempt
from engine.repair.environment import Environment, built, whole
from engine.repair.run import COMMAND_SECONDS
from engine.repair.solver import Feedback, GiveUp, Proposal, Submit
from engine.sandbox.client import Engine, connect
from sessions import events
from sessions.journal import Journal, read
from sessions.library import Library
from sessions.lineage import lineage
from sessions.repairs import SOLVED, rewards
from sessions.state import State, fold


class Again:
    """The solver that repeats: commands one after the other, whatever they say."""

    name = "again"

    def __init__(self, commands: Iterable[str], brings: bytes = b"") -> None:
        self.brings = brings
        self._left = list(commands)

    async def propose(self) -> Proposal | Submit | GiveUp:
        """The next command."""
        return Proposal(self._left.pop(0), self.name) if self._left else Submit()

    def observe(self, feedback: Feedback) -> None:
        """It does not look."""


async def verify(
    session: str, watch: Callable[[events.RepairVerified], None] = lambda verified: None
) -> list[events.RepairVerified]:
    """Verify the solved repairs of a session that were not yet, and write that into its journal.

    Raises:
        SessionUnknown, SessionAmbiguous, JournalLocked: it cannot be written to.
        UsageError, Fell: its task is not there any more as it was.
        EngineError: the engine fails.
    """
    library = Library()
    happened = list(read(library.journal_path(session)))
    state, known = fold(happened), rewards(happened)
    wanted = [
        repair
        for repair in state.repairs.values()
        if repair.outcome == SOLVED and f"{state.session}-{repair.branch}" not in known
    ]
    made: list[events.RepairVerified] = []
    if not wanted:
        return made
    with library.open(session) as held:
        async with connect() as engine, built(engine, whole(Path(wanted[0].path)), held.id) as environment:
            for repair in wanted:
                graded = await _again(engine, environment, state, repair.branch, held.id)
                verified = events.RepairVerified(
                    branch=repair.branch,
                    reward=graded.reward,
                    detail=graded.detail,
                    seconds=graded.seconds,
                )
                held.journal.append(verified)
                made.append(verified)
                watch(verified)
    return made


async def _again(
    engine: Engine, environment: Environment, state: State, branch: str, session: str
) -> events.RepairGraded:
    steps = [step for step in lineage(state, branch) if step.started]
    brings = environment.solution if any(step.origin == oracle.NAME for step in steps) else b""
    graded: list[events.RepairGraded] = []

    def take(event: events.Event) -> None:
        if isinstance(event, events.RepairGraded):
            graded.append(event)

    with tempfile.TemporaryDirectory() as scratch, Journal(Path(scratch) / "events.jsonl") as journal:
        journal.subscribe(take)
        gold = replace(environment.task.gold, image=environment.image)
        exploration = Exploration(
            engine,
            gold,
            environment.tree,
            journal,
            session,
            command_timeout=COMMAND_SECONDS,
            repairs=True,
        )
        try:
            commands = [step.command for step in steps]
            attempt = Attempt(
                exploration,
                environment,
                lambda: Again(commands, brings),
                branch,
                allowance=Allowance(steps=len(steps) + 1),
                solver=Again.name,
            )
            await attempt.run()
        finally:
            with contextlib.suppress(CligymError):
                await exploration.end()
    return graded[-1]
