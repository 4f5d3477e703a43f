"""The program without a command, on a terminal: the home screen, and sessions that are started from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cligym_tui import model_arguments
from cligym_tui.exits import ExitCode
from cligym_tui.screen.run import run_home

if TYPE_CHECKING:
    import argparse

    from cligym_tui.screen.source import Live


def run(asked: argparse.Namespace) -> ExitCode:
    """Show it until the operator leaves."""
    return ExitCode(run_home(begin))


def begin(
    gold: str, agent: str = "saboteur", mode: str = "confirm", asked: argparse.Namespace | None = None
) -> Live:
    """Start a session; in the mode `confirm` every command waits for the operator.

    Args:
        gold: the environment's name.
        agent: who breaks it.
        mode: what the operator decides.
        asked: options about models, where a command line has them.

    Raises:
        UsageError, GoldError, OutputError: it cannot begin.
    """
    # Only now is the engine needed.
    from cligym_tui.screen.config import load
    from engine.live import Live, Wanted

    wanted = Wanted(gold, agent, mode=mode, alone=load().self_contained)
    if agent == "claude":
        wanted = replace(
            wanted,
            minds=model_arguments.minds(agent, asked),
            budget=model_arguments.budget(asked),
            max_steps=asked.max_steps if asked else None,
        )
    live = Live(wanted)
    live.start()
    return live
