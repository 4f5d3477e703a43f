"""`gc`: remove what no living session owns, and say what that was."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from cligym_tui import diagnostics, output
from cligym_tui.exits import ExitCode
from cligym_tui.wording import number, size
from engine import gc

if TYPE_CHECKING:
    import argparse


def run(asked: argparse.Namespace) -> ExitCode:
    """Collect the garbage, or with `--dry-run` list it."""
    swept = asyncio.run(_swept(asked.dry_run))
    if asked.json:
        output.json(
            {"dry_run": asked.dry_run, "bytes": swept.size, "removed": swept.removed, "kept": swept.kept}
        )
        return ExitCode.GOAL
    if asked.dry_run:
        for item in swept.removed:
            session = f" of session {item.session}" if item.session else ""
            output.text(f"{item.kind} {_short(item)} ({item.what}){session}")
    output.text(("would remove " if asked.dry_run else "removed ") + _summary(swept))
    for item, reason in swept.kept:
        diagnostics.warning(f"{item.kind} {_short(item)} stays: {reason}")
    return ExitCode.GOAL


async def _swept(dry_run: bool) -> gc.Swept:
    from engine.sandbox.client import connect

    async with connect() as engine:
        found = await gc.find(engine)
        return gc.Swept(removed=found) if dry_run else await gc.remove(engine, found)


def _short(item: gc.Item) -> str:
    return item.id.removeprefix("sha256:")[:12] if item.kind in (gc.CONTAINER, gc.IMAGE) else item.id


def _summary(swept: gc.Swept) -> str:
    if not swept.removed:
        return "nothing"
    counts = Counter(item.kind for item in swept.removed)
    names = {
        gc.CONTAINER: "container",
        gc.IMAGE: "image",
        gc.VOLUME: "volume",
        gc.FILES: "unfinished directory",
    }
    many = {gc.FILES: "unfinished directories"}
    parts = [number(counts[kind], name, many.get(kind, "")) for kind, name in names.items() if counts[kind]]
    return f"{', '.join(parts)}; {size(swept.size)}"
