"""The solver that does not look: one repair after the other that needs no diagnosis, until the tests pass."""

from __future__ import annotations

import shlex

from engine.gold.model import TestCommand
from engine.proof.trivial import kinds
from engine.repair.solver import Feedback, GiveUp, Proposal, Submit

NAME = "baseline"


def suite(test: TestCommand) -> str:
    """The command with which a person at a root shell runs the gold tests."""
    run = f"cd {shlex.quote(test.cwd)} && {shlex.join([test.python, '-m', 'pytest', '-q', '-x', *test.args])}"
    if test.user == "root":
        return f"/bin/bash -lc {shlex.quote(run)}"
    become = ["setpriv", f"--reuid={test.user}", f"--regid={test.user}", "--init-groups"]
    home = f"HOME=/home/{test.user}"
    return shlex.join([*become, "env", home, f"USER={test.user}", "/bin/bash", "-lc", run])


class Baseline:
    """Tries, runs the tests, tries the next; submits as soon as they pass, gives up when nothing is left.

    What mends modes and owners comes before what replaces files: of those the last ones can make a container
    worse than it was.
    """

    name = NAME
    brings = b""

    def __init__(self, test: TestCommand) -> None:
        self._suite = suite(test)
        self._left = [each for kind in reversed(kinds(test)) for each in kind.items()]
        self._tested = False
        self._passed = False

    async def propose(self) -> Proposal | Submit | GiveUp:
        """A repair, and after each the tests."""
        if self._passed:
            return Submit("the tests pass")
        if self._tested:
            if not self._left:
                return GiveUp("no repair without a look mends it")
            name, script = self._left.pop(0)
            self._tested = False
            return Proposal(script, NAME, intent=name)
        self._tested = True
        return Proposal(self._suite, NAME, intent="do the tests pass?")

    def observe(self, feedback: Feedback) -> None:
        """Of the tests, whether they passed."""
        self._passed = self._tested and feedback.exit_code == 0
