"""`gold build`, `list`, `show` and `remove`: gold environments from the command line."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cligym_tui import diagnostics, output
from cligym_tui.exits import ExitCode
from cligym_tui.wording import day, number, table
from engine.errors import EngineError
from engine.gold import store

if TYPE_CHECKING:
    import argparse

    from engine.gold.model import Gold

_SLOW = 30.0
"""Seconds of a suite with which tasks take long to prove."""
_SHOWN = 10
"""Quarantined tests listed in text; JSON has them all."""


def run(asked: argparse.Namespace) -> ExitCode:
    """Do the action that was asked for."""
    return {"build": _build, "list": _list, "show": _show, "remove": _remove}[asked.action](asked)


def _build(asked: argparse.Namespace) -> ExitCode:
    gold = asyncio.run(_built(asked))
    if asked.json:
        output.json(gold)
    else:
        output.text(f"{gold.name}: {_tests(gold)}, image {gold.tag}")
        diagnostics.note(f"next: cligym-tui --auto {gold.name}")
        if gold.suite_seconds > _SLOW:
            diagnostics.note(
                f"its tests take {gold.suite_seconds:.0f} s, and some forty runs of them prove one task: "
                "fewer tests, by test_args in gold.toml, make more tasks"
            )
    return ExitCode.GOAL


async def _built(asked: argparse.Namespace) -> Gold:
    from engine.gold.build import build
    from engine.sandbox.client import connect

    recipe = Path(os.path.expanduser(asked.recipe)) if asked.recipe else None
    async with connect() as engine:
        return await build(
            engine,
            asked.source,
            name=asked.name or "",
            recipe_path=recipe,
            progress=diagnostics.note,
            fresh=asked.fresh,
        )


def _list(asked: argparse.Namespace) -> ExitCode:
    golds = store.listed()
    readable = {gold.name for gold in golds}
    for name in store.names():
        if name not in readable:
            diagnostics.warning(f"the gold environment {name} cannot be read", "build it again")
    if asked.json:
        output.json(golds)
    elif golds:
        rows = [
            (
                gold.name,
                gold.version,
                str(len(gold.baseline)),
                f"{gold.suite_seconds:.1f} s",
                day(gold.created),
                gold.source,
            )
            for gold in golds
        ]
        output.text(table(("NAME", "VERSION", "TESTS", "SUITE", "BUILT", "SOURCE"), rows))
    else:
        diagnostics.note("no gold environments yet: make one with `cligym-tui gold build SOURCE`")
    return ExitCode.GOAL


def _show(asked: argparse.Namespace) -> ExitCode:
    gold = store.load(asked.name)
    if asked.json:
        output.json(gold)
        return ExitCode.GOAL
    user = gold.test.user
    rows = [
        ("project", f"{gold.project} {gold.version}"),
        ("source", gold.source),
        ("built", day(gold.created)),
        ("image", gold.tag),
        ("", gold.image),
        ("tests", f"{_tests(gold)}, {gold.suite_seconds:.1f} s, run as {user} in {gold.test.cwd}"),
        ("arguments", " ".join(gold.test.args)),
        ("protected", " ".join(gold.recipe.protected)),
        ("installed", number(len(gold.versions), "distribution")),
        ("directory", str(store.path(gold.name))),
    ]
    left_out = list(gold.quarantined.items())
    rows += [("quarantined", f"{test}: {reason}") for test, reason in left_out[:_SHOWN]]
    if len(left_out) > _SHOWN:
        rows.append(("", f"and {len(left_out) - _SHOWN} more, see --json"))
    output.text(table((gold.name, ""), [row for row in rows if row[1]]))
    return ExitCode.GOAL


def _tests(gold: Gold) -> str:
    left_out = f", {len(gold.quarantined)} quarantined" if gold.quarantined else ""
    return f"{number(len(gold.baseline), 'test')}{left_out}"


def _remove(asked: argparse.Namespace) -> ExitCode:
    gold = store.remove(asked.name)
    if gold is None:
        diagnostics.warning(f"the record of {asked.name} was damaged: its image stays", "see `docker images`")
        return ExitCode.GOAL
    try:
        asyncio.run(_remove_image(gold.tag))
    except EngineError as error:
        diagnostics.warning(f"the image {gold.tag} stays: {error}", error.hint)
    diagnostics.note(f"removed {gold.name}")
    return ExitCode.GOAL


async def _remove_image(tag: str) -> None:
    from engine.sandbox import images
    from engine.sandbox.client import connect

    async with connect() as engine:
        await images.remove(engine, tag)
        if await images.exists(engine, tag):
            raise EngineError("it is in use", f"run `cligym-tui gc`, then `docker rmi {tag}`")
