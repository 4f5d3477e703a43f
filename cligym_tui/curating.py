"""Curation from the command line: its rules, and a second grading of what was solved."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cligym_tui import output
from cligym_tui.exits import ExitCode
from engine.errors import UsageError
from sessions.curation.benchmarks import Benchmark, benchmark
from sessions.curation.curate import curate
from sessions.curation.rules import PRESETS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from sessions.trajectories.model import Trajectory


def curated(
    found: Sequence[Trajectory], asked: argparse.Namespace, verified: Mapping[str, float]
) -> list[Trajectory]:
    """The trajectories with the tags that the options ask for.

    Raises:
        UsageError: a file of prompts cannot be read.
    """
    if asked.curate == "none":
        return list(found)
    rules = replace(
        PRESETS[asked.curate],
        verified=verified,
        twice=asked.verified,
        per_task=asked.per_task or 0,
        per_project=asked.per_project or 0,
        benchmarks=tuple(_benchmark(Path(os.path.expanduser(each))) for each in asked.benchmarks),
    )
    return list(curate(found, rules))


def _benchmark(path: Path) -> Benchmark:
    try:
        return benchmark(path.name, path.read_text("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "name a file with prompts") from error


def verify(asked: argparse.Namespace) -> ExitCode:
    """Grade the solved repairs of sessions a second time; 0 when all of them earn 1."""
    from engine.repair.verify import verify as again
    from sessions.events import RepairVerified
    from sessions.journal import read
    from sessions.library import Library
    from sessions.repairs import rewards

    library = Library()
    found: dict[str, float] = {}
    for text in dict.fromkeys(asked.sessions):

        def tell(verified: RepairVerified, session: str = text) -> None:
            why = f": {verified.detail}" if verified.reward < 1 and verified.detail else ""
            if not asked.json:
                output.text(f"{session} {verified.branch} earns {verified.reward:g} again{why}")

        asyncio.run(again(text, tell))
        found |= rewards(read(library.journal_path(text)))
    if asked.json:
        output.json(found)
    return ExitCode.GOAL if all(reward >= 1 for reward in found.values()) else ExitCode.SHORT
