"""`cligym-tui open`: the screen on a new session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cligym_tui.exits import ExitCode
from cligym_tui.home_command import begin
from cligym_tui.screen.run import need_terminal, run_live

if TYPE_CHECKING:
    import argparse


def run(asked: argparse.Namespace) -> ExitCode:
    """Show it until the operator leaves, which ends the session.

    Raises:
        UsageError, GoldError, OutputError: it cannot begin.
    """
    need_terminal("`cligym-tui --auto GOLD` works without one")
    return ExitCode(run_live(begin(asked.gold, asked.agent, asked.mode, asked)))
