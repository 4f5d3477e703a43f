"""`replay`: a recorded session on the screen, without an engine and without a key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cligym_tui.demo import DEMO
from cligym_tui.exits import ExitCode
from cligym_tui.screen.run import run_replay
from sessions.library import Library

if TYPE_CHECKING:
    import argparse


def run(asked: argparse.Namespace) -> ExitCode:
    """Show it until the operator has seen enough."""
    return ExitCode(run_replay(journal(asked.session), asked.at, asked.speed))


def journal(text: str) -> Path:
    """The journal that is meant: the demo, a file, or that of a session whose id begins so.

    Raises:
        NameUnsafe, SessionUnknown, SessionAmbiguous: it is neither.
    """
    if text == "demo":
        return DEMO
    path = Path(text)
    if path.is_dir():
        path /= "events.jsonl"
    return path if path.is_file() else Library().journal_path(text)
