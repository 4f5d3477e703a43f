"""The program without a command, on a terminal: the home screen, and sessions that are started from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cligym_tui.exits import ExitCode
from cligym_tui.screen.run import run_home

if TYPE_CHECKING:
    import argparse

    from cligym_tui.screen.source import Live


def run(asked: argparse.Namespace) -> ExitCode:
    """Show it until the operator leaves."""
    return ExitCode(run_home(begin))


def begin(gold: str, mode: str = "confirm") -> Live:
    """Start a session; in the mode `confirm` every command waits for the operator.

    Raises:
        UsageError, GoldError, OutputError: it cannot begin.
    """
    # Only now is the engine needed.
    from cligym_tui.screen.config import load
    from engine.live import Live, Wanted

    live = Live(Wanted(gold, mode=mode, alone=load().self_contained))
    live.start()
    return live
