"""The solver that knows: it runs the task's own solution, as a client's oracle does."""

from __future__ import annotations

from engine.repair.solver import Feedback, GiveUp, Proposal, Submit

NAME = "oracle"
COMMAND = "(/solution/solve.sh) 2>&1"


class Oracle:
    """One command, then it submits."""

    name = NAME

    def __init__(self, solution: bytes) -> None:
        self.brings = solution
        self._done = False

    async def propose(self) -> Proposal | Submit | GiveUp:
        """The solution, once."""
        if self._done:
            return Submit()
        self._done = True
        return Proposal(COMMAND, NAME, intent="the reference solution")

    def observe(self, feedback: Feedback) -> None:
        """Whatever it was, the grader will say."""
