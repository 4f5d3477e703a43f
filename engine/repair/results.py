"""`repairs.jsonl`: every attempt at the tasks of a collection; and `repairs.json`, what they say together.

Both lie beside the tasks' folders, for a task's own directory is sealed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from engine.repair.figures import Difficulty, difficulties
from engine.tasks import output
from sessions.repairs import Attempted

FILE = "repairs.jsonl"
FIGURES = "repairs.json"


def collection(directory: Path) -> Path:
    """The directory that holds the tasks' folders, for a task's directory."""
    directory = directory.absolute()
    inside = directory.parent.name in output.FOLDERS
    return directory.parent.parent if inside else directory.parent


def record(out: Path, attempted: Attempted) -> None:
    """Append one attempt.

    Raises:
        OutputError, OutputFull: it cannot be written.
    """
    output.append(out, msgspec.to_builtins(attempted), FILE)


def read(out: Path) -> tuple[Attempted, ...]:
    """All attempts, oldest first; lines that are none are passed over."""
    found = []
    with output.translated(out), contextlib.suppress(FileNotFoundError):
        for line in (out / FILE).read_bytes().splitlines():
            with contextlib.suppress(msgspec.DecodeError):
                found.append(msgspec.json.decode(line, type=Attempted))
    return tuple(found)


def of(attempts: Iterable[Attempted], task: str, digest: str) -> tuple[Attempted, ...]:
    """Those at one task as it is now."""
    return tuple(each for each in attempts if (each.task, each.digest) == (task, digest))


def summarise(out: Path) -> tuple[Difficulty, ...]:
    """Write `repairs.json` anew from all attempts; what it says.

    Raises:
        OutputError, OutputFull: it cannot be written.
    """
    with output.translated(out), output.locked(out):
        found = difficulties(read(out))
        fresh = out / f".{FIGURES}.{os.getpid()}"
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
        fresh.replace(out / FIGURES)
    return found
