"""The output directory: tasks appear in it whole, the index gets one line for each, nothing is overwritten.

OUT/harbor/<task-id>/    a task
OUT/gold/<name>/         what rebuilds the gold image the tasks stand on
OUT/index.jsonl          one JSON object for each task
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import OutputError, OutputFull

Files = Mapping[str, tuple[bytes, int]]
"""Content and mode by relative path."""

PARTIAL = ".partial"
"""Where directories are made; out of sight of clients, on the same filesystem."""
STALE = 3600.0
"""Seconds after which a half-made directory is nobody's."""


@contextmanager
def translated(out: Path) -> Iterator[None]:
    """Turn what the system says of a failed write below `out` into our typed errors."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputFull(
                f"no room left in {out}", "free space and run the same command again, or name another --out"
            ) from error
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write to {out}: {reason}", "name a writable directory with --out"
        ) from error


def prepare(out: str | os.PathLike[str]) -> Path:
    """The output directory, made if it is not there and found writable.

    Raises:
        OutputError: it is empty, no directory, or cannot be written.
        OutputFull: there is no room.
    """
    if not os.fspath(out).strip() or "\0" in os.fspath(out):
        raise OutputError("the output directory has no name", "name one with --out")
    path = Path(os.path.expanduser(out)).absolute()
    with translated(path):
        with contextlib.suppress(FileNotFoundError):
            (path / PARTIAL).stat()  # what cannot be a path leaves no first half of one
        for name in ("harbor", PARTIAL):
            (path / name).mkdir(parents=True, exist_ok=True)
        probe = path / PARTIAL / f"probe-{secrets.token_hex(4)}"
        try:
            probe.write_bytes(b"\0" * 4096)
        finally:
            probe.unlink(missing_ok=True)
    return path


def taken(out: Path) -> set[str]:
    """Ids of the tasks that are there."""
    with contextlib.suppress(FileNotFoundError):
        return {entry.name for entry in os.scandir(out / "harbor")}
    return set()


def write(out: Path, task_id: str, files: Files, line: Mapping[str, Any]) -> Path:
    """Make `OUT/harbor/<task_id>/` of `files` and append `line` to the index; the directory.

    Killed at any moment it leaves either no such directory or all of it; `reconcile` adds a line that is
    missing.

    Raises:
        OutputError: the directory exists, or cannot be written.
        OutputFull: there is no room.
    """
    target = out / "harbor" / task_id

    def fill(directory: Path) -> None:
        for name, (data, mode) in files.items():
            _write(directory / name, data, mode)

    if not _appear(out, target, fill):
        raise OutputError(f"{target} exists already", "name another --out, or move it away")
    append(out, line)
    return target


def stage(directory: Path, files: Files) -> Path:
    """Write `files` below `directory`, which is made; nothing here is atomic."""
    with translated(directory):
        for name, (data, mode) in files.items():
            _write(directory / name, data, mode)
        _settle(directory)
    return directory


def _appear(out: Path, target: Path, fill: Callable[[Path], None]) -> bool:
    """Make a directory whole; False when one of that name is there."""
    with translated(out):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = out / PARTIAL / f"{target.name}-{secrets.token_hex(4)}"
        try:
            partial.mkdir(parents=True)
            fill(partial)
            _settle(partial)
            os.rename(partial, target)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        _sync(target.parent)
    return True


def _settle(directory: Path) -> None:
    """Give directories a mode of their own, for they are copied into containers, and bring all to disk."""
    for folder, _, _ in os.walk(directory):
        os.chmod(folder, 0o755)
        _sync(Path(folder))


def _write(path: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(fd, "wb") as file:
        os.fchmod(fd, mode)
        file.write(data)
        file.flush()
        os.fsync(fd)


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def append(out: Path, line: Mapping[str, Any]) -> None:
    """Append one line to the index, safe against other processes and torn tails."""
    data = json.dumps(line, default=str).encode("ascii") + b"\n"
    with translated(out), open(out / "index.jsonl", "ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                data = b"\n" + data
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def index(out: Path) -> list[dict[str, Any]]:
    """The index's lines whose task is there, each task once, oldest first."""
    found: dict[str, dict[str, Any]] = {}
    present = taken(out)
    with translated(out), contextlib.suppress(FileNotFoundError), open(out / "index.jsonl", "rb") as file:
        for raw in file:
            try:
                line = json.loads(raw)
            except ValueError:
                continue  # a torn line of a killed process
            if isinstance(line, dict) and line.get("id") in present:
                found.setdefault(str(line["id"]), line)
    return list(found.values())


def reconcile(out: Path) -> list[dict[str, Any]]:
    """The index, after adding tasks that a killed process left without a line and clearing its remains."""
    for entry in _entries(out / PARTIAL):
        if time.time() - entry.stat(follow_symlinks=False).st_mtime > STALE:
            shutil.rmtree(entry.path, ignore_errors=True)
    known = {line["id"] for line in index(out)}
    for entry in sorted(_entries(out / "harbor"), key=lambda entry: entry.stat().st_mtime):
        if entry.name in known:
            continue
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            about = tomllib.loads(Path(entry.path, "task.toml").read_text())["metadata"]["cligym"]
            append(out, line_of(entry.name, about))
    return index(out)


def line_of(task_id: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """The index's line of a task, from the table `metadata.cligym` of its `task.toml`."""
    gold = about["gold"]
    facts = {key: value for key, value in about.items() if key not in ("gold", "gates")}
    return {
        "id": task_id,
        "path": f"harbor/{task_id}",
        **facts,
        "gold": gold["name"],
        "source": gold["source"],
        "image": gold["image"],
        "tag": gold["tag"],
        "gates": [gate["gate"] for gate in about["gates"] if gate["held"]],
    }


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError):
        return list(os.scandir(directory))
    return []


BUILD = """#!/bin/sh
# Builds the gold image under the name that the tasks' Dockerfiles use.
cd "$(dirname "$0")" && exec docker build -t "$(cat tag)" .
"""


def keep_gold(out: Path, name: str, image: str, source: Path, tag: str = "") -> Path:
    """Copy `source`, which rebuilds the gold image `image`, to `OUT/gold/<name>/`; where it lies.

    Another build of the same name that is there already stays, and this one goes beside it. `tag` is the
    image's name, by default that of every gold image.
    """
    short = image.removeprefix("sha256:")[:12]

    def fill(directory: Path) -> None:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                _write(directory / path.relative_to(source), path.read_bytes(), 0o644)
        _write(directory / "image", image.encode() + b"\n", 0o644)
        _write(directory / "tag", (tag or f"cligym-gold/{name}:{short}").encode() + b"\n", 0o644)
        _write(directory / "build.sh", BUILD.encode(), 0o755)

    for target in (out / "gold" / name, out / "gold" / f"{name}-{short}"):
        if _is_of(target, image) or _appear(out, target, fill) or _is_of(target, image):
            return target
    raise OutputError(f"{out / 'gold'} holds other builds of {name}", "name another --out")


def _is_of(target: Path, image: str) -> bool:
    with contextlib.suppress(OSError):
        return (target / "image").read_text().strip() == image
    return False
