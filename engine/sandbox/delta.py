"""What differs between two filesystems: the entries of a layer, folded and compared."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sessions.events import Change


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One path as it is: enough to tell whether two are the same and to put one back."""

    what: str
    """`file`, `dir`, `symlink`, `hardlink` or `other`."""
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    digest: str = ""
    """sha256 of a regular file's content."""
    target: str = ""
    """Where a symbolic link points."""
    mtime: int = 0
    """Seconds; told apart only for regular files, whose bytecode and build tools look at it.

    Nothing before 1970: the engine writes no such time into a layer's files."""
    xattrs: dict[str, bytes] = {}

    def same(self, other: Entry, *, times: bool = False) -> bool:
        """Whether nothing a program can see differs; with `times`, a regular file's mtime counts."""
        mine, theirs = (msgspec.structs.replace(entry, mtime=0) for entry in (self, other))
        if mine != theirs:
            return False
        return not (times and self.what == "file" and self.mtime != other.mtime)


Tree = Mapping[str, Entry]
"""A whole filesystem, absolute path -> entry."""

Layer = Mapping[str, Entry | None]
"""What sits on top of a tree: path -> its new entry, or None where it was removed.

Removal of a directory is one None for the directory; everything below it goes with it.
"""


def below(path: str, ancestor: str) -> bool:
    """Whether `path` lies strictly inside the directory `ancestor`."""
    return path.startswith(ancestor.rstrip("/") + "/")


def effective(tree: Tree, layer: Layer, *, times: bool = False) -> Layer:
    """The part of `layer` that really changes `tree`: copies without a change and dead removals go."""
    result: dict[str, Entry | None] = {}
    for path, entry in layer.items():
        was = tree.get(path)
        if entry is None:
            if was is not None:
                result[path] = None
        elif was is None or not entry.same(was, times=times):
            result[path] = entry
    return result


def changes(tree: Tree, layer: Layer) -> tuple[Change, ...]:
    """`layer` as the changes a person reads, by path."""
    listed = []
    for path in sorted(layer):
        entry, was = layer[path], tree.get(path)
        if entry is None:
            listed.append(Change(path, "removed", was.what if was else "file"))
        else:
            listed.append(Change(path, "changed" if was else "added", entry.what, entry.size))
    return tuple(listed)
