"""A person as solver: a task's container in the hands of somebody at a screen.

What is typed goes to the shell as it comes; every time the keyboard is given back, what it changed becomes a
step. Submitting has the container graded where it stands, and ends the session.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from engine.apart import Apart
from engine.exploration import Exploration
from engine.keyboard import Keyboard
from engine.repair import results
from engine.repair.attempt import Attempt, given
from engine.repair.environment import begun, built, digest, whole
from engine.sandbox.client import connect
from sessions.repairs import GAVE_UP, SOLVED, UNSOLVED, Tally

OPERATOR = "operator"
BRANCH = "r1"


@dataclass
class Desk:
    """The container a person works in, and what grades it; on the engine's loop."""

    keyboard: Keyboard
    attempt: Attempt
    graded: bool = False

    async def grade(self, ended: str) -> None:
        """Have it graded as it is; `ended` is said of it when it is not repaired."""
        await self.keyboard.give_back()
        await self.attempt.grade(self.keyboard.branch, ended)
        self.graded = True


class Hands(Apart[Desk]):
    """One attempt of a person's. Its methods may be called from any thread and return at once."""

    def __init__(self, directory: Path, hint: str = "none") -> None:
        """Check what can be checked; nothing runs yet.

        Raises:
            UsageError: there is no task, or it was changed since it was proven.
        """
        self._found, self._hint = whole(directory), hint
        super().__init__()
        self._tally = Tally()
        self._session.journal.subscribe(self._tally.take)

    @property
    def solved(self) -> bool:
        """Whether the grader took it."""
        made = self._tally.repair(BRANCH)
        return made is not None and made.outcome == SOLVED

    # Wishes.

    def take_over(self, branch: str) -> None:
        """The keyboard, please."""

        async def taken(at: Desk) -> None:
            at.keyboard.take()

        self.wish(taken)

    def type(self, branch: str, data: bytes) -> None:
        """Keys for the shell, in order."""
        self.wish(lambda at: at.keyboard.type(data))

    def hand_back(self, branch: str) -> None:
        """Done with the keyboard."""

        async def given(at: Desk) -> None:
            await at.keyboard.give_back()

        self.wish(given)

    def resize(self, branch: str, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        self.wish(lambda at: at.keyboard.resize(rows, columns))

    def submit(self) -> None:
        """Have it graded."""
        self._graded(UNSOLVED)

    def give_up(self) -> None:
        """Have it graded all the same, and say that it was given up."""
        self._graded(GAVE_UP)

    def _graded(self, ended: str) -> None:
        async def graded(at: Desk) -> None:
            await at.grade(ended)
            self.ending.set()

        self.wish(graded)

    # The engine's thread.

    def outcome(self) -> str:
        """Whether it is repaired."""
        return "goal" if self.solved else "short"

    def record(self) -> None:
        """Keep a finished attempt beside the task."""
        made = self._tally.repair(BRANCH)
        if made is not None and made.outcome:
            out = results.collection(self._found.directory)
            results.record(out, replace(made, digest=digest(self._found)))
            results.summarise(out)

    async def work(self) -> None:
        """Build the task, open its container, and do what is wished until it is graded."""
        journal, found = self._session.journal, self._found
        journal.append(begun(found, self.session, OPERATOR))
        # Before the task is built, so that the screen knows what this is about.
        journal.append(given(found.task(), found.directory, BRANCH, OPERATOR, self._hint))
        async with connect() as engine, built(engine, found, self.session) as environment:
            gold = environment.task.gold
            exploration = Exploration(
                engine,
                replace(gold, image=environment.image),
                environment.tree,
                journal,
                self.session,
                repairs=True,
            )
            attempt = Attempt(exploration, environment, None, BRANCH)
            try:
                branch = await exploration.open(BRANCH)
                desk = Desk(Keyboard(exploration, branch), attempt)
                try:
                    desk.keyboard.take()
                    await self.serve(desk, lambda: branch.sandbox.lost)
                finally:
                    outcome = "graded" if desk.graded else "abandoned"
                    await asyncio.shield(exploration.close(branch, outcome))
            finally:
                await asyncio.shield(exploration.end())
