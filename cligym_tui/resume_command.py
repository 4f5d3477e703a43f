"""`cligym-tui resume`: the screen on a session that was interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cligym_tui.exits import ExitCode
from cligym_tui.home_command import resume
from cligym_tui.screen.run import need_terminal, run_live

if TYPE_CHECKING:
    import argparse


def run(asked: argparse.Namespace) -> ExitCode:
    """Show it until the operator leaves, which ends the session.

    Raises:
        UsageError, GoldError, OutputError, SessionsError: it cannot go on.
    """
    need_terminal("`cligym-tui export` writes what was recorded without one")
    return ExitCode(run_live(resume(asked.session, asked)))
