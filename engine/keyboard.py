"""The operator's hold on the shell of a branch: keys as they come, and what they changed as a step."""

from __future__ import annotations

from dataclasses import dataclass

from engine.agents.model import Feedback
from engine.exploration import Branch, Exploration
from sessions import events


@dataclass
class Keyboard:
    """One branch's. On the engine's loop."""

    exploration: Exploration
    branch: Branch
    taken: bool = False

    def take(self) -> None:
        """The operator has it from here on."""
        if not self.taken:
            self.taken = True
            self.branch.transcript.end()
            self._say(events.TakenOver(branch=self.branch.name))

    async def type(self, data: bytes) -> None:
        """Keys for the shell, if the operator has it."""
        if self.taken:
            # No command ends under a person's hands: what is printed from this key on has room of its own.
            self.branch.transcript.end()
            self._say(events.KeysTyped(branch=self.branch.name, data=data))
            await self.branch.shell.stand()
            await self.branch.shell.type(data)

    async def give_back(self) -> Feedback | None:
        """The operator is done: what the hands changed becomes a step; None when that is nothing.

        Raises:
            EngineError: the container is gone, or the engine fails.
        """
        if not self.taken:
            return None
        whole = await self.branch.shell.regain()
        self.branch.transcript.end()
        if not whole:
            text = "what still ran in the shell was ended"
            self._say(events.Remark(branch=self.branch.name, text=text, level="warning"))
        feedback = await self.exploration.adopt(self.branch)
        self.taken = False
        self._say(events.HandedBack(branch=self.branch.name, step=feedback.step if feedback else 0))
        return feedback

    async def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        if self.branch.shell.size != (rows, columns):
            await self.branch.shell.resize(rows, columns)
            self._say(events.ShellResized(branch=self.branch.name, rows=rows, columns=columns))

    def _say(self, event: events.Event) -> None:
        self.exploration.journal.append(event)
