"""`OUT/gold/<name>/`: what rebuilds the gold image that tasks stand on, kept beside them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from engine.errors import OutputError
from engine.tasks.output import appear, put

OURS = frozenset({"image", "tag", "build.sh"})
"""Files that are not for the build."""

BUILD = """#!/bin/sh
# Builds the gold image under the name that the tasks' Dockerfiles use.
cd "$(dirname "$0")" && exec docker build -t "$(cat tag)" .
"""


def keep(out: Path, name: str, image: str, source: Path, tag: str = "") -> Path:
    """Copy `source`, which rebuilds the gold image `image`, to `OUT/gold/<name>/`; where it lies.

    Another build of the same name that is there already stays, and this one goes beside it. `tag` is the
    image's name, by default that of every gold image.
    """
    short = image.removeprefix("sha256:")[:12]

    def fill(directory: Path) -> None:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                put(directory / path.relative_to(source), path.read_bytes(), 0o644)
        put(directory / "image", image.encode() + b"\n", 0o644)
        put(directory / "tag", (tag or f"cligym-gold/{name}:{short}").encode() + b"\n", 0o644)
        put(directory / "build.sh", BUILD.encode(), 0o755)

    for target in (out / "gold" / name, out / "gold" / f"{name}-{short}"):
        if _is_of(target, image) or appear(out, target, fill) or _is_of(target, image):
            return target
    raise OutputError(f"{out / 'gold'} holds other builds of {name}", "name another --out")


def _is_of(target: Path, image: str) -> bool:
    with contextlib.suppress(OSError):
        return (target / "image").read_text().strip() == image
    return False


def find(out: Path, image: str) -> Path | None:
    """Where `out` keeps what rebuilds the gold image `image`."""
    return next((path for path in sorted((out / "gold").glob("*")) if _is_of(path, image)), None)


def context(kept: Path) -> dict[str, bytes]:
    """The files to build it from, by relative path."""
    return {
        path.relative_to(kept).as_posix(): path.read_bytes()
        for path in sorted(kept.rglob("*"))
        if path.is_file() and path.relative_to(kept).as_posix() not in OURS
    }
