"""Modules outside the project: the standard library and the installed packages.

`engine.tasks.trust` describes gold with the same functions, so that both sides mean the same files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .files import mark
from .fresh import began, fresh

CODE = (".py", ".so", ".pyc", ".pyo", ".pyd")
INSTALLERS = frozenset({"pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack"})
"""What a new virtual environment may do without."""
EXTENSIONS = "lib-dynload"
"""The part of a standard library that is on the search path, too."""
SITES = ("site-packages", "dist-packages")
METADATA = (".dist-info", ".egg-info", ".egg")
"""How directories end in which packages announce things, in letters of either case."""


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
    for path, digest, length in sorted(files):
        line = f"{path}\0{digest}\0".encode("utf-8", "surrogateescape")
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
    *folders, name = parts[1:] if parts[0] == EXTENSIONS else parts
    stem = name.split(".", 1)[0]
    return all(part.isidentifier() for part in folders) and (stem.isidentifier() or cached(path))


def check(contract: dict[str, Any], here: str) -> Iterator[str]:
    """What can be imported beside the project is gold's, version for version; what was added is taken away.

    Only what the image itself had more than gold stays: it may be the damage.
    """
    start = began(here)
    for directory, known in contract["packages"].items():
        found = _found(directory, start)
        for name in sorted({*known, *found}):
            was, (changed, paths) = known.get(name), found.get(name, (True, []))
            if not changed:
                continue
            if was is None:
                yield from _take_away(os.path.join(directory, name))
                continue
            files = [_described(directory, path) for path in paths]
            now = state(files)
            if now.code != was[0] and (files or name not in INSTALLERS):
                yield f"{directory}/{name} is not as it was"
            elif now.caches != was[1]:
                for path, _, _ in files:
                    if cached(path):  # may say anything; without it Python reads the source
                        yield from _take_away(os.path.join(directory, path))


def _take_away(path: str) -> Iterator[str]:
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            for at, folders, names in os.walk(path, topdown=False):
                for name in (*names, *folders):
                    each = os.path.join(at, name)
                    os.unlink(each) if os.path.islink(each) or not os.path.isdir(each) else os.rmdir(each)
            os.rmdir(path)
        else:
            os.unlink(path)
    except OSError as error:
        yield f"{path} cannot be removed: {error.strerror}"


def _found(directory: str, start: float) -> dict[str, tuple[bool, list[str]]]:
    """By name, whether any of it was written since `start`, and what it consists of."""
    found: dict[str, tuple[bool, list[str]]] = {}
    for at, folders, names in os.walk(directory):
        inside = os.path.relpath(at, directory)
        links = [name for name in folders if os.path.islink(os.path.join(at, name))]
        younger = inside != "." and fresh(at, start)
        for name in (*names, *links):
            path = os.path.normpath(os.path.join(inside, name))
            if counts(path) or (name in links and counts(f"{path}/x.py")):
                top = path.split("/")[0]
                changed, paths = found.setdefault(top, (False, []))
                paths.append(path)
                if younger or (not changed and fresh(os.path.join(at, name), start)):
                    found[top] = (True, paths)
        top = inside.split("/")[0]
        if younger and top in found:
            found[top] = (True, found[top][1])
    return found


def _described(directory: str, path: str) -> tuple[str, str, int]:
    full = os.path.join(directory, path)
    return path, mark(full), 0 if os.path.islink(full) else os.lstat(full).st_size


def plugins(contract: dict[str, Any], here: str) -> Iterator[str]:
    """No package announces a plugin of pytest that gold did not have.

    Nor by a link, which may lead another process, or another user, elsewhere than it leads here.
    """
    start = began(here)
    for folder in _announcing(contract):
        path = os.path.join(folder, "entry_points.txt")
        if os.path.islink(folder) and fresh(folder, start):
            yield f"{folder} is a link"
        elif os.path.lexists(path) and mark(path) != contract["plugins"].get(path, "none"):
            if os.path.islink(path) or not os.path.isfile(path):
                yield f"{path} is no file"
                continue
            with open(path, "rb") as file:
                if b"pytest11" in file.read():
                    yield f"{path} announces a plugin"


def _announcing(contract: dict[str, Any]) -> Iterator[str]:
    """Directories of metadata where modules are looked up, links to such among them."""
    for place in (*contract["packages"], os.path.join(contract["library"], EXTENSIONS)):
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if name.lower().endswith(METADATA):
                yield os.path.join(place, name)
                yield os.path.join(place, name, "EGG-INFO")
    for root in contract["roots"]:  # the path may lead to any directory of the project
        for at, folders, _ in os.walk(root):
            for name in folders:
                if name.lower().endswith((*METADATA, "egg-info")):
                    yield os.path.join(at, name)


def caches(contract: dict[str, Any], here: str) -> Iterator[str]:
    """Forget bytecode of the project's that gold did not have; yields what cannot be forgotten."""
    for root in contract["roots"]:
        for at, folders, names in os.walk(root):
            links = [name for name in folders if os.path.islink(os.path.join(at, name))]
            for name in (*names, *links):  # a link to a directory can be imported
                path = os.path.join(at, name)
                if cached(path) and mark(path) != contract["caches"].get(path, "none"):
                    yield from _take_away(path)
