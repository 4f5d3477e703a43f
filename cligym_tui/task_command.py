"""`task check`, `list` and `show`: exported tasks, from their directories alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cligym_tui import diagnostics, output
from cligym_tui.exits import ExitCode
from cligym_tui.wording import number, table
from engine import clean
from engine.errors import UsageError
from engine.tasks import exported

if TYPE_CHECKING:
    import argparse

    from engine.proof.gate import Verdict
    from engine.repair.figures import Difficulty
    from engine.tasks.exported import Exported


def run(asked: argparse.Namespace) -> ExitCode:
    """Do the action that was asked for."""
    return {"check": _check, "list": _list, "show": _show}[asked.action](asked)


def _check(asked: argparse.Namespace) -> ExitCode:
    found = exported.read(Path(os.path.expanduser(asked.directory)))

    def say(verdict: Verdict) -> None:
        if not asked.json:
            output.text("\n".join(_lines(verdict)))

    verdicts = asyncio.run(_verdicts(found, say))
    held = all(verdict.held for verdict in verdicts)
    if asked.json:
        # Evidence is what a container said, and may hold what JSON's encoder does not take.
        output.text(_json(found, verdicts, held))
    else:
        fell = sum(not verdict.held for verdict in verdicts)
        word = "holds" if held else f"does not hold: {number(fell, 'gate')} of {len(verdicts)} fell"
        output.text(f"{clean.line(found.directory.name, 200)} {word}")
    return ExitCode.GOAL if held else ExitCode.SHORT


async def _verdicts(found: Exported, say: Callable[[Verdict], None]) -> list[Verdict]:
    from engine.check import check
    from engine.sandbox.client import connect

    async with connect() as engine:
        return await check(engine, found, say)


def _lines(verdict: Verdict) -> list[str]:
    mark = "✔ held" if verdict.held else "✘ fell"
    lines = [f"{mark}  {verdict.gate:10} {clean.line(verdict.reason, 300)}  ({verdict.seconds:.1f} s)"]
    files = verdict.evidence.get("files")
    if isinstance(files, dict) and len(files) > 1:
        lines += [f"{'':18}{clean.line(f'{name} {why}', 300)}" for name, why in files.items()]
    return lines


def _json(found: Exported, verdicts: Sequence[Verdict], held: bool) -> str:
    import dataclasses
    import json

    told = {
        "task": found.directory.name,
        "directory": str(found.directory),
        "format": found.form,
        "held": held,
        "gates": [dataclasses.asdict(verdict) for verdict in verdicts],
    }
    return json.dumps(told, indent=2, default=str)


def _list(asked: argparse.Namespace) -> ExitCode:
    from engine.tasks.output import index

    out = Path(os.path.expanduser(asked.directory))
    if not out.is_dir():
        raise UsageError(f"there is no directory {out}", "name the one that was given with --out")
    lines = index(out)
    if asked.json:
        output.json(lines)
    elif lines:
        rows = [
            (
                str(line["id"]),
                " ".join(map(str, line.get("families") or ())),
                str(line.get("f2p", "")),
                str(line.get("p2p", "")),
                str(line.get("gold", "")),
                str(line.get("created", ""))[:16],
            )
            for line in lines
        ]
        output.text(table(("TASK", "FAMILIES", "F2P", "P2P", "GOLD", "MADE"), rows))
    else:
        diagnostics.note(f"no tasks in {out}")
    return ExitCode.GOAL


def _show(asked: argparse.Namespace) -> ExitCode:
    found = exported.read(Path(os.path.expanduser(asked.directory)))
    told = found.proof()
    tried = _difficulties(found)
    if asked.json:
        import json

        import msgspec

        told["repairs"] = msgspec.to_builtins(tried)
        output.text(json.dumps(told, indent=2))
        return ExitCode.GOAL
    about = told["about"]
    gold = about.pop("gold", {})
    gates = about.pop("gates", [])
    rows = [("format", found.form), *((name, _text(value)) for name, value in about.items())]
    rows += [(f"gold {name}", _text(value)) for name, value in gold.items()]
    rows += [("broke" if not number else "", test) for number, test in enumerate(told["f2p"][:10])]
    rows += [("command", str(step.get("command", ""))) for step in told["steps"]]
    rows += [(gate["gate"], gate["reason"]) for gate in gates]
    rows += [(f"{each.model or each.solver}, hint {each.hint}", _tried(each)) for each in tried]
    output.text(table((found.directory.name, ""), [row for row in rows if row[1]]))
    return ExitCode.GOAL


def _difficulties(found: Exported) -> Sequence[Difficulty]:
    """What solvers made of the task as it is, in the collection it lies in."""
    from engine.repair import results
    from engine.repair.environment import digest
    from engine.repair.figures import difficulties

    if found.broken():
        return ()
    attempts = results.read(results.collection(found.directory))
    return difficulties(results.of(attempts, found.directory.name, digest(found)))


def _tried(each: Difficulty) -> str:
    """One solver's figures in a line."""
    solved = f"solved {each.solved} of {each.attempts}: {each.band or 'not tried'}"
    shares = "".join(f", pass@{one.k} {one.value:.2f} ({one.low:.2f}-{one.high:.2f})" for one in each.passes)
    return f"{solved}{shares}, {each.steps:g} steps, {each.tokens:.0f} tokens"


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
