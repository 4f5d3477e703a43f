"""Self-contained tasks: the Dockerfile begins at gold's base image, and what gold is made of lies beside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from engine.errors import GoldBroken
from engine.tasks.model import Task


def parts(context: Path) -> dict[str, bytes]:
    """The files that rebuild a gold image, by relative path.

    Raises:
        GoldBroken: they cannot be read.
    """
    try:
        found = {
            path.relative_to(context).as_posix(): path.read_bytes()
            for path in sorted(context.rglob("*"))
            if path.is_file()
        }
        found["Dockerfile"].decode()
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise GoldBroken(
            f"what rebuilds the gold image is incomplete: {context}", "build it again"
        ) from error
    return found


def standing(task: Task, gold: Mapping[str, bytes]) -> Task:
    """The task with `gold`, what rebuilds its gold image, in the place of that image."""
    beside = dict(gold)
    made = beside.pop("Dockerfile").decode()
    _, _, inversion = task.dockerfile.partition("\n")
    return replace(task, dockerfile=f"{made.rstrip()}\n\n{inversion}", context=beside)
