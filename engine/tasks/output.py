"""The output directory: tasks appear in it whole, the index gets one line for each, nothing is overwritten.

OUT/harbor/<task-id>/             a task
OUT/terminal-bench/<task-id>/     the same task in the other format
OUT/gold/<name>/                  what rebuilds the gold image the tasks stand on
OUT/index.jsonl                   one JSON object for each task
OUT/repairs.jsonl                 one for each repair of them that was tried, `engine.repair.results`

A task's directories are made together in `.partial`; one rename decides that they are to be, and after it
whoever comes by finishes what was left undone.
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
READY = ".ready"
"""Ends the name of a directory in it that holds a task's directories, whole, each named by its format."""
FOLDERS = ("terminal-bench", "harbor")
"""Of the formats. A task is there when the last one has it."""
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
        for name in (*FOLDERS, PARTIAL):
            (path / name).mkdir(parents=True, exist_ok=True)
        probe = path / PARTIAL / f"probe-{secrets.token_hex(4)}"
        try:
            probe.write_bytes(b"\0" * 4096)
        finally:
            probe.unlink(missing_ok=True)
    return path


def taken(out: Path) -> set[str]:
    """Ids of the tasks that are there."""
    return {entry.name for entry in _entries(out / "harbor")}


def used(out: Path) -> set[str]:
    """Ids that no new task may have."""
    return {entry.name for folder in FOLDERS for entry in _entries(out / folder)}


def write(out: Path, task_id: str, made: Mapping[str, Files], line: Mapping[str, Any]) -> Path:
    """Make `OUT/<format>/<task_id>/` for each format's files and append `line` to the index.

    Killed at any moment it leaves either none of it or what `reconcile` completes: directories are whole
    always, and a line that is missing is added.

    Returns:
        Its directory in Harbor's format.

    Raises:
        OutputError: a directory exists, or cannot be written.
        OutputFull: there is no room.
    """
    for folder in FOLDERS:
        if os.path.lexists(target := out / folder / task_id):
            raise OutputError(f"{target} exists already", "name another --out, or move it away")

    def fill(directory: Path) -> None:
        for folder, files in made.items():
            for name, (data, mode) in files.items():
                put(directory / folder / name, data, mode)

    ready = out / PARTIAL / f"{task_id}{READY}"
    if not appear(out, ready, fill):
        raise OutputError(f"{ready} exists already", "run the same command again")
    with translated(out):
        _place(out, ready)
    append(out, line)
    return out / "harbor" / task_id


def _place(out: Path, ready: Path) -> None:
    """Move a task's directories to where they belong; another process may be at the same."""
    task_id = ready.name.removesuffix(READY)
    for folder in FOLDERS:
        (out / folder).mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            try:
                os.rename(ready / folder, out / folder / task_id)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
        _sync(out / folder)
    shutil.rmtree(ready, ignore_errors=True)


def stage(directory: Path, files: Files) -> Path:
    """Write `files` below `directory`, which is made; nothing here is atomic."""
    with translated(directory):
        for name, (data, mode) in files.items():
            put(directory / name, data, mode)
        _settle(directory)
    return directory


def appear(out: Path, target: Path, fill: Callable[[Path], None]) -> bool:
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


def put(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is not there, with its mode, and bring it to disk."""
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


def append(out: Path, line: Mapping[str, Any], name: str = "index.jsonl") -> None:
    """Append one line to the index, or to another such file, safe against processes and torn tails."""
    data = json.dumps(line, default=str).encode("ascii") + b"\n"
    with translated(out), open(out / name, "ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                data = b"\n" + data
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold an output directory against other processes, while a file in it is rewritten as a whole."""
    fd = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


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
            if isinstance(line, dict) and isinstance(line.get("id"), str) and line["id"] in present:
                found.setdefault(line["id"], line)
    return list(found.values())


def reconcile(out: Path) -> list[dict[str, Any]]:
    """The index, after finishing what a killed process left: directories, lines, and clearing its remains."""
    for entry in _entries(out / PARTIAL):
        if entry.name.endswith(READY):
            with translated(out):
                _place(out, Path(entry.path))
        elif time.time() - _changed(entry) > STALE:
            shutil.rmtree(entry.path, ignore_errors=True)
    known = {line["id"] for line in index(out)}
    for entry in sorted(_entries(out / "harbor"), key=_changed):
        if entry.name in known:
            continue
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
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


def _changed(entry: os.DirEntry[str]) -> float:
    """When; now for what another process has just removed."""
    with contextlib.suppress(FileNotFoundError):
        return entry.stat(follow_symlinks=False).st_mtime
    return time.time()


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError):
        return list(os.scandir(directory))
    return []
