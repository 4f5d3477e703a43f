"""Modules outside the project: standard library and installed packages, as in gold or of another version.

`engine.tasks.trust` describes gold with the same functions, so that both sides mean the same files.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

CODE = (".py", ".so", ".pyc", ".pyo", ".pyd")
HARNESS = frozenset(
    {"pytest", "_pytest", "pluggy", "iniconfig", "packaging", "exceptiongroup", "tomli", "py.py", "py"}
)
"""What reads the tests and reports on them: no other version will do, for it could report anything."""
SITES = ("site-packages", "dist-packages")


class State(NamedTuple):
    """One importable name of a directory of modules."""

    code: str
    """sha256 over all its code."""
    caches: str
    """sha256 over all its bytecode caches."""
    size: int
    """Bytes of its code."""


def state(files: Iterable[tuple[str, str, int]]) -> State:
    """What tells a name's files, `path mark size` below the directory, from any other."""
    code, caches, size = hashlib.sha256(), hashlib.sha256(), 0
    for path, mark, length in sorted(files):
        line = f"{path}\0{mark}\0".encode("utf-8", "surrogateescape")
        if cached(path):
            caches.update(line)
        else:
            code.update(line)
            size += length
    return State(code.hexdigest(), caches.hexdigest(), size)


def cached(path: str) -> bool:
    """Whether Python takes this file for a cache of another."""
    return "__pycache__" in path.split("/")


def counts(path: str) -> bool:
    """Whether a file below a directory of modules can be imported from it."""
    parts = path.split("/")
    if parts[0] in SITES or not parts[-1].endswith(CODE):
        return False
    *folders, name = parts
    stem = name.split(".", 1)[0]
    return all(part.isidentifier() for part in folders) and (stem.isidentifier() or cached(path))


def check(contract: dict[str, Any], here: str) -> Iterator[str]:
    """What can be imported beside the project is gold's, or another version of an installed package."""
    from .files import mark

    for directory, known in contract["packages"].items():
        found = _found(directory, mark)
        library = os.path.basename(directory) not in SITES
        originals = {was[0] for was in known.values()}
        for name in sorted({*known, *found}):
            was, files = known.get(name), found.get(name, [])
            now = state(files)
            if was is None and not now.size:
                _forget(directory, files)
            elif was is None or now.code != was[0]:
                _forget(directory, files)
                if was is None and now.code in originals:
                    continue  # a copy under another name
                if library or name in HARNESS:
                    yield f"{directory}/{name} {'was added' if was is None else 'is not as it was'}"
                elif files or was is None:
                    yield from _other(directory, name, files, contract, was)
            elif now.caches != was[1]:
                _forget(directory, files)


def _found(directory: str, mark: Any) -> dict[str, list[tuple[str, str, int]]]:
    found: dict[str, list[tuple[str, str, int]]] = {}
    for at, folders, names in os.walk(directory):
        inside = os.path.relpath(at, directory)
        for name in list(folders):
            path = os.path.join(at, name)
            if os.path.islink(path):
                names.append(name)
        for name in names:
            full = os.path.join(at, name)
            path = os.path.normpath(os.path.join(inside, name))
            link = os.path.islink(full)
            if counts(path) or (link and os.path.isdir(full) and counts(f"{path}/x.py")):
                size = 0 if link else os.lstat(full).st_size
                found.setdefault(path.split("/")[0], []).append((path, mark(full), size))
    return found


def _forget(directory: str, files: Iterable[tuple[str, str, int]]) -> None:
    """Bytecode that is not gold's may say anything; without it Python reads the source."""
    for path, _, _ in files:
        if cached(path):
            os.unlink(os.path.join(directory, path))


def _other(
    directory: str,
    name: str,
    files: list[tuple[str, str, int]],
    contract: dict[str, Any],
    was: Any,
) -> Iterator[str]:
    """Another version is whole, as its installer recorded it, and no stub of what was there."""
    where = f"{directory}/{name}"
    owner, record = _record(directory, name)
    if not owner:
        yield f"{where} is of no installed package" if was is None else f"{where} is not as it was"
    elif f"{directory}/{owner}" in contract["installed"]:
        yield f"{where} is not as its package {owner} has it"
    elif was is not None and 2 * state(files).size < was[2]:
        yield f"{where} is a stub"
    for path, mark, _ in files:
        if owner and not cached(path) and record.get(path) != mark:
            yield f"{directory}/{path} is not as {owner} recorded it"
            return


def _record(directory: str, name: str) -> tuple[str, Mapping[str, str]]:
    """The package that says it installed `name`, and its files with their sha256."""
    for info in sorted(os.listdir(directory)):
        if not re.fullmatch(r"[\w.]+-[\w.+!]+\.dist-info", info):
            continue
        try:
            with open(os.path.join(directory, info, "RECORD"), newline="", encoding="utf-8") as file:
                rows = [row for row in csv.reader(file) if len(row) == 3]
        except (OSError, ValueError, csv.Error):
            continue
        if any(row[0].split("/")[0] == name for row in rows):
            return info, {row[0]: _hex(row[1]) for row in rows}
    return "", {}


def _hex(recorded: str) -> str:
    kind, _, digest = recorded.partition("=")
    try:
        return base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4)).hex() if kind == "sha256" else ""
    except ValueError:
        return ""


def plugins(contract: dict[str, Any], here: str) -> Iterator[str]:
    """No package announces a plugin of pytest that gold did not have."""
    from .files import mark

    for directory in {*contract["packages"], *contract["roots"]}:
        for at, folders, names in os.walk(directory):
            if at != directory:
                folders.clear()
            else:
                folders[:] = [name for name in folders if name.endswith((".dist-info", ".egg-info", ".egg"))]
            path = os.path.join(at, "entry_points.txt")
            if "entry_points.txt" in names and mark(path) != contract["plugins"].get(path, "none"):
                with open(path, "rb") as file:
                    if b"pytest11" in file.read():
                        yield f"{path} announces a plugin"


def caches(contract: dict[str, Any], here: str) -> Iterator[str]:
    """Forget bytecode of the project's that gold did not have; yields what cannot be forgotten."""
    from .files import mark

    for root in contract["roots"]:
        for at, folders, names in os.walk(root):
            path = os.path.join(at, "__pycache__")
            if "__pycache__" in folders and os.path.islink(path):
                os.unlink(path)
            for name in names:
                path = os.path.join(at, name)
                if cached(path) and mark(path) != contract["caches"].get(path, "none"):
                    try:
                        os.unlink(path)
                    except OSError as error:
                        yield f"{path} cannot be removed: {error.strerror}"
