"""Paths of a filesystem that is known only by its entries."""

from __future__ import annotations

import posixpath

from engine.sandbox.delta import Entry, Tree


def mark(entry: Entry) -> str:
    """What tells a file's content, or a link's target, from any other."""
    return entry.digest or f"-> {entry.target}"


def ancestors(directory: str) -> tuple[str, ...]:
    """`directory` and all above it, up to `/`."""
    found = [posixpath.normpath(directory)]
    while found[-1] != "/":
        found.append(posixpath.dirname(found[-1]))
    return tuple(found)


def resolve(tree: Tree, path: str) -> str:
    """Where `path` leads once every link on the way is followed; `path` itself when that is nowhere."""
    pending, at = [part for part in path.split("/") if part][::-1], "/"
    for _ in range(200):
        if not pending:
            return at
        part = pending.pop()
        if part == "..":
            at = posixpath.dirname(at)
            continue
        step = posixpath.join(at, part)
        entry = tree.get(step)
        if entry is not None and entry.what == "symlink":
            if entry.target.startswith("/"):
                at = "/"
            pending += [part for part in entry.target.split("/") if part not in ("", ".")][::-1]
        else:
            at = step
    return path
