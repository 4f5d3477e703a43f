"""The program without a command, on a terminal: the home screen, and sessions that are started from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cligym_tui import model_arguments
from cligym_tui.exits import ExitCode
from cligym_tui.screen.run import run_home

if TYPE_CHECKING:
    import argparse

    from cligym_tui.screen.source import Live
    from engine.live import Wanted


def run(asked: argparse.Namespace) -> ExitCode:
    """Show it until the operator leaves."""
    from cligym_tui.screen.home import Starts

    return ExitCode(run_home(Starts(begin, resume)))


def begin(
    gold: str, agent: str = "saboteur", mode: str = "confirm", asked: argparse.Namespace | None = None
) -> Live:
    """Start a session; in the mode `confirm` every command waits for the operator.

    Args:
        gold: the environment's name.
        agent: who breaks it.
        mode: what the operator decides.
        asked: options about models and `--out`, where there is a command line.

    Raises:
        UsageError, GoldError, OutputError: it cannot begin; or options of models are given to an agent that
            is none.
    """
    # Only now is the engine needed.
    from engine.live import Wanted

    return _live(Wanted(gold, agent, mode=mode), asked)


def resume(session: str, asked: argparse.Namespace | None = None) -> Live:
    """Go on with a session that was interrupted.

    Args:
        session: its id or the beginning of it.
        asked: as for `begin`.

    Raises:
        UsageError, GoldError, OutputError, SessionsError: it cannot go on; or options as for `begin`.
    """
    from engine.live import Wanted
    from sessions.journal import read
    from sessions.library import Library

    library = Library()
    found = library.summary(session)
    if found.state in ("damaged", "newer"):
        # Reading it says what is wrong.
        for _ in read(library.journal_path(found.id)):
            pass
    return _live(Wanted(found.gold, found.agent, again=found.id), asked)


def _live(wanted: Wanted, asked: argparse.Namespace | None) -> Live:
    from cligym_tui.screen.config import load
    from engine.live import Live

    wanted = replace(
        wanted,
        out=Path(asked.out) if asked else wanted.out,
        alone=load().self_contained,
        minds=model_arguments.minds(wanted.agent, asked),
        budget=model_arguments.budget(asked),
        max_steps=asked.max_steps if asked else None,
    )
    live = Live(wanted)
    live.start()
    return live
