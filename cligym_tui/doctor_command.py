"""`doctor`: what was checked on this machine, and what to do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cligym_tui import output
from cligym_tui.exits import ExitCode
from engine import clean, doctor

if TYPE_CHECKING:
    import argparse

_GLYPHS = {doctor.OK: "✔", doctor.WARN: "!", doctor.FAIL: "✘"}


def run(asked: argparse.Namespace) -> ExitCode:
    """Check, and say; 3 when something must be mended."""
    checks = asyncio.run(doctor.examine())
    healthy = doctor.healthy(checks)
    if asked.json:
        output.json({"healthy": healthy, "checks": checks})
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            output.text(
                f"{_GLYPHS[check.status]} {check.status:4}  {check.name:{width}}  {clean.line(check.found)}"
            )
            if check.advice:
                output.text(f"{'':{width + 10}}{clean.line(check.advice)}")
    return ExitCode.GOAL if healthy else ExitCode.DOCKER
