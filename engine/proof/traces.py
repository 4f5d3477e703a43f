"""What an inversion leaves behind that is no damage: what a look around would find before any test is run.

Pure: from the gold filesystem and the delta to what has to be cleared away, and how.
"""

from __future__ import annotations

import fnmatch
import posixpath
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.sandbox.delta import Entry, Layer, Tree, below
from engine.sandbox.layers import overlaid

HISTORY = (
    ".*_history", ".history", ".lesshst", ".viminfo", ".wget-hsts", ".node_repl_history", ".xonsh*",
)  # fmt: skip
BACKUPS = (
    "*~", "*.bak", "*.bak[0-9]", "*.backup", "*.orig", "*.old", "*.save", "*.rej", ".*.sw[a-p]", "[#]*[#]",
    "*.dpkg-old", "*.dpkg-dist", "*.dpkg-bak", "*.dpkg-tmp", "*.dpkg-new", "*.ucf-old", "*-old",
    "passwd-", "group-", "shadow-", "gshadow-", "subuid-", "subgid-",
)  # fmt: skip
"""Of editors, of package tools and of people; patterns of file names."""
KEPT = ("/var/cache", "/root/.cache", "/home/*/.cache", "/opt/conda/pkgs", "/tmp/pip-*", "/var/tmp/pip-*")
"""Directories in which package tools keep the originals."""
LOGS = ("/var/log",)


@dataclass(frozen=True)
class Traces:
    """What is to be cleared away."""

    remove: tuple[str, ...] = ()
    shorten: dict[str, int] = field(default_factory=dict)
    """Logs that have grown, and how long they were."""

    def script(self) -> str:
        """Commands that do it; empty when there is nothing to do."""
        lines = [f"truncate -s {size} -- {shlex.quote(path)}" for path, size in sorted(self.shorten.items())]
        if self.remove:
            lines.append(shlex.join(["rm", "-rf", "--", *self.remove]))
        return "\n".join(lines)


def traces(tree: Tree, delta: Layer) -> Traces:
    """Histories, backups, caches, longer logs, and bytecode of sources that are not what they were.

    Only what the delta added or whose content it changed: modes and owners may be the damage itself.
    """
    remove, shorten = set(stale(tree, delta)), {}
    for path, entry in delta.items():
        was = tree.get(path)
        if entry is None or (was is not None and (was.what, was.digest, was.target) == _content(entry)):
            continue
        if entry.what == "dir" and was is not None:
            continue
        if _inside(path, LOGS):
            if was is not None and was.what == entry.what == "file" and entry.size > was.size:
                shorten[path] = was.size
            else:
                remove.add(path)
        elif _inside(path, KEPT) or _named(posixpath.basename(path)):
            remove.add(path)
    return Traces(tuple(sorted(_topmost(remove))), shorten)


def stale(tree: Tree, delta: Layer) -> Iterator[str]:
    """Gold's bytecode of modules that are gone or hold something else: it can be run, and read back."""
    hurt = {
        path
        for path, entry in delta.items()
        if path.endswith(".py")
        and path in tree
        and (entry is None or _content(entry)[1] != tree[path].digest)
    }
    if not hurt:
        return
    for path in overlaid(tree, delta):
        if path.endswith((".pyc", ".pyo")) and _source(path) in hurt and path in tree:
            yield path


def _source(bytecode: str) -> str:
    """The module that `.../__pycache__/name.cpython-311.opt-1.pyc` or `.../name.pyc` was made of."""
    directory, name = posixpath.split(bytecode)
    folder = posixpath.dirname(directory) if posixpath.basename(directory) == "__pycache__" else directory
    return posixpath.join(folder, name.split(".", 1)[0] + ".py")


def _content(entry: Entry) -> tuple[str, str, str]:
    return entry.what, entry.digest, entry.target


def _named(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in (*HISTORY, *BACKUPS))


def _inside(path: str, places: tuple[str, ...]) -> bool:
    """Whether `path` lies below one of the places; a place may be a pattern."""
    for place in places:
        depth = place.count("/") + 1
        if fnmatch.fnmatchcase("/".join(path.split("/")[:depth]), place):
            return True
    return False


def _topmost(paths: set[str]) -> set[str]:
    return {path for path in paths if not any(below(path, other) for other in paths)}
