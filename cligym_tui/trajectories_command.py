"""`trajectories list`, `export` and `verify`: what agents did in recorded sessions, as conversations."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from cligym_tui import diagnostics, output
from cligym_tui.curating import curated, verify
from cligym_tui.exits import ExitCode
from cligym_tui.replay_command import journal
from cligym_tui.wording import number, span, table
from engine.errors import CligymError, OutputError, UsageError
from sessions.exports import dataset
from sessions.journal import read
from sessions.repairs import rewards
from sessions.trajectories.choice import ALL, Chosen, choose
from sessions.trajectories.fold import trajectories

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from sessions.trajectories.model import Trajectory


def run(asked: argparse.Namespace) -> ExitCode:
    """Do the action that was asked for.

    Raises:
        NameUnsafe, SessionUnknown, SessionAmbiguous: there is no such session.
        JournalUnreadable, JournalCorrupt, JournalNewer: a journal cannot be read.
        UsageError: nobody did anything in them; or `--out` is in use.
        OutputError: `--out` cannot be written.
    """
    if asked.action == "verify":
        return verify(asked)
    found = _found(asked)
    return _list(found, asked) if asked.action == "list" else _export(found, asked)


def _found(asked: argparse.Namespace) -> list[Trajectory]:
    """The trajectories of the sessions, with what curation says of them."""
    paths = dict.fromkeys(journal(text).resolve() for text in asked.sessions)
    found: dict[str, Trajectory] = {}
    verified: dict[str, float] = {}
    for path in paths:
        verified |= rewards(read(path))
        for each in trajectories(read(path)):
            if each.id in found:
                diagnostics.warning(f"{path} repeats {each.id}: it is taken once")
            found.setdefault(each.id, each)
    return curated(list(found.values()), asked, verified)


def _list(found: Sequence[Trajectory], asked: argparse.Namespace) -> ExitCode:
    chosen = choose(found, view=ALL)
    if asked.json:
        output.json([dataset.about(each) for each in chosen])
    elif found:
        heads = ("TRAJECTORY", "PROJECT", "AGENT", "REWARD", "STEPS", "LASTED", "TASK", "TAGS")
        output.text(table(heads, [_row(each) for each in found]))
    else:
        diagnostics.note("nobody did anything in these sessions")
    return ExitCode.GOAL


def _row(each: Trajectory) -> tuple[str, ...]:
    return (
        each.id,
        each.project,
        each.model or each.agent,
        "unknown" if each.reward is None else f"{each.reward:g}",
        str(each.steps),
        span(each.seconds),
        each.task,
        ", ".join(tag.name for tag in each.tags),
    )


def _export(found: Sequence[Trajectory], asked: argparse.Namespace) -> ExitCode:
    out = Path(os.path.expanduser(asked.directory))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already", "name a directory that is new or empty with --out")
    if not found:
        raise UsageError("nobody did anything in these sessions", "`cligym-tui sessions` lists what there is")
    chosen = choose(found, view=asked.view, share=asked.split, keep_tagged=asked.keep_tagged)
    if not any(each.split for each in chosen):
        raise CligymError(
            f"of {number(len(found), 'trajectory', 'trajectories')} none is left: {_why(chosen)}",
            "--view all takes failures, --keep-tagged what curation advises against",
        )
    _write(out, dataset.files(chosen, asked.kind, view=asked.view, with_pairs=asked.pairs))
    for split in ("train", "test"):
        count = sum(each.split == split for each in chosen)
        diagnostics.note(f"{split}: {number(count, 'trajectory', 'trajectories')}")
    if why := _why(chosen):
        diagnostics.note(f"left out: {why}")
    output.text(str(out))
    return ExitCode.GOAL


def _why(chosen: Iterable[Chosen]) -> str:
    counts = Counter(each.left_out for each in chosen if each.left_out)
    return ", ".join(f"{count} because {reason}" for reason, count in counts.most_common())


def _write(out: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a directory that appears when it is whole."""
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name[:80]}.", dir=out.absolute().parent))
        try:
            for name, content in files:
                path = partial / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            partial.chmod(0o755)
            partial.rename(out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"cannot write {out}: {error.strerror or error}",
            "name a directory that can be written with --out",
        ) from error
