"""What every format tells of a task beside the task itself: where it comes from and what was proven."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from engine import clean
from engine.tasks.model import Task

TAGS = ("environment-repair", "debugging")
AUTHOR = "cligym-tui"
CATEGORY = "environment-repair"
HINTS = "hints.json"
"""File with the instruction at every level, for who wants an easier task; clients do not read it."""

NOTED = ("minimised", "floor", "solved_by", "fingerprint")
"""Notes of the gates that are short enough for a line of the index."""

_PLACED = frozenset(
    """
    id gold instruction dockerfile contract tests solution families session branch step steps seed agent
    gates seconds created version context lines delta report notes hints
    """.split()  # noqa: SIM905 - a list of names is easier to read so
)
"""Fields of a task that have a place of their own below, or are files."""


def description(task: Task) -> str:
    """The task in a line, for lists."""
    return clean.line(
        f"Repair the environment of {task.gold.project} {task.gold.version} so that its tests pass."
    )


def metadata(task: Task) -> dict[str, Any]:
    """Where the task comes from and what was proven, for people and programs; fit for TOML."""
    gold = task.gold
    return {
        "version": task.version,
        "families": list(task.families),
        "f2p": len(task.f2p),
        "p2p": len(task.p2p),
        "commands": len(task.steps),
        "agent": task.agent,
        "seed": task.seed,
        "session": task.session,
        "branch": task.branch,
        "step": task.step,
        "created": datetime.fromtimestamp(task.created, UTC).replace(microsecond=0),
        "seconds": round(task.seconds, 3),
        "hints": ["none", *task.hints],
        **{name: task.notes[name] for name in NOTED if name in task.notes},
        **further(task),
        "gold": {
            "name": gold.name,
            "source": clean.line(gold.source),
            "project": clean.line(gold.project),
            "version": clean.line(gold.version),
            "image": gold.image,
            "tag": gold.tag,
            "base": gold.base_image,
            "python": gold.python,
        },
        "gates": [
            {
                "gate": gate.gate,
                "held": gate.held,
                "reason": clean.line(gate.reason),
                "seconds": round(gate.seconds, 3),
            }
            for gate in task.gates
        ],
    }


def further(task: Task) -> dict[str, Any]:
    """What else is known of the task: its other fields that say something, as plain values."""
    found = {name: getattr(task, name) for name in task.__struct_fields__ if name not in _PLACED}
    plain: dict[str, Any] = _tidy(msgspec.to_builtins(found))
    return plain


def _tidy(value: Any) -> Any:
    """Without what TOML cannot hold, and what says nothing."""
    if isinstance(value, dict):
        tidied = {str(key): _tidy(each) for key, each in value.items()}
        return {key: each for key, each in tidied.items() if each not in (None, "", [], {})}
    if isinstance(value, list | tuple):
        return [_tidy(each) for each in value if each is not None]
    return clean.block(value, 65536) if isinstance(value, str) else value


def hints(task: Task) -> bytes:
    """`hints.json`: the instruction by how much it gives away, in ASCII."""
    levels = {"none": task.instruction, **task.hints}
    return json.dumps(levels, indent=1).encode("ascii") + b"\n"


def proof(task: Task) -> bytes:
    """`proof.json`: the evidence of every gate and the session's steps, in ASCII."""
    document = {
        "task": task.id,
        "f2p": task.f2p,
        "p2p": task.p2p,
        "notes": task.notes,
        "steps": [{name: getattr(step, name) for name in step.__struct_fields__} for step in task.steps],
        "gates": [
            {
                "gate": gate.gate,
                "held": gate.held,
                "reason": gate.reason,
                "seconds": gate.seconds,
                "evidence": gate.evidence,
            }
            for gate in task.gates
        ],
        "about": metadata(task),
    }
    return json.dumps(document, indent=1, default=_plain).encode("ascii") + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return value.isoformat() if isinstance(value, datetime) else str(value)
