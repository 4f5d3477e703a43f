"""`report OUT`: the page and the card of an output directory, written anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cligym_tui import output
from cligym_tui.exits import ExitCode
from engine import clean
from engine.errors import UsageError
from engine.report.write import write

if TYPE_CHECKING:
    import argparse


def run(asked: argparse.Namespace) -> ExitCode:
    """Write them, and say where they are."""
    out = Path(os.path.expanduser(asked.directory))
    if not (out / "harbor").is_dir():
        raise UsageError(f"there are no tasks in {out}", "name the directory that was given with --out")
    for path in write(out):
        output.text(clean.line(str(path)))
    return ExitCode.GOAL
