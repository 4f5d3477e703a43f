"""The reference solution: undo a candidate's delta, path by path, with gold's own bytes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from engine.sandbox.delta import Entry, Layer, Tree, below
from engine.sandbox.layers import overlaid
from engine.sandbox.tools import busybox_path

SYSTEM = (
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libx32",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/local/lib",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
)
"""Where the tools that a solution would use lie, and what they need to start."""


_ROOT = Entry("dir", 0o755)


@dataclass(frozen=True, slots=True)
class Mend:
    """What undoing a delta takes."""

    remove: tuple[str, ...]
    """Paths to remove first, with all below: added ones and those whose type changed."""
    restore: tuple[str, ...]
    """Paths whose bytes gold has to give, directories with all below."""
    metadata: Mapping[str, Entry]
    """Paths whose content is right and whose owner or mode is not, with what they were."""
    attributes: Mapping[str, Entry]
    """Restored paths with extended attributes."""
    static: bool
    """Whether the tools of the broken container cannot be relied on."""


def plan(tree: Tree, delta: Layer) -> Mend:
    """How to get from `tree` with `delta` on top back to `tree`."""
    after = overlaid(tree, delta)
    remove, restore, metadata = set(), set(), {}
    for path in _touched(tree, delta):
        # A tar need not name its root; whatever it says of it, `/` is never added.
        was, now = tree.get(path, _ROOT if path == "/" else None), after.get(path)
        if was is None:
            if now is not None:
                remove.add(path)
        elif now is None:
            restore.add(path)
        elif was.what != now.what:
            remove.add(path)
            restore.add(path)
        elif was.what == "dir" or (was.what == "file" and _content(was) == _content(now)):
            if not was.same(now):
                metadata[path] = was
        elif not was.same(now, times=True):
            restore.add(path)
    top = _topmost(path for path in restore if tree[path].what == "dir")
    restore = {path for path in restore if path in top or not _inside(path, top)}
    return Mend(
        remove=tuple(sorted(_topmost(remove))),
        restore=tuple(sorted(restore)),
        metadata=dict(sorted(metadata.items())),
        attributes={
            path: entry
            for path, entry in tree.items()
            if entry.xattrs and (path in restore or path in metadata or _inside(path, top))
        },
        static=any(_system(path) for path in delta),
    )


def _system(path: str) -> bool:
    if path.startswith("/usr/lib/python"):
        return False
    return any(path == place or below(path, place) for place in SYSTEM)


def _touched(tree: Tree, delta: Layer) -> Iterable[str]:
    """Paths whose state the delta may have changed: its own, and what was below a directory that went."""
    gone = {
        path
        for path, entry in delta.items()
        if path in tree and tree[path].what == "dir" and (entry is None or entry.what != "dir")
    }
    hidden = [path for path in tree if _inside(path, gone)] if gone else []
    return sorted({*delta, *hidden})


def _content(entry: Entry) -> tuple[str, int]:
    return entry.digest, entry.mtime


def _topmost(paths: Iterable[str]) -> set[str]:
    chosen = set(paths)
    return {path for path in chosen if not _inside(path, chosen)}


def _inside(path: str, directories: set[str]) -> bool:
    while path not in ("/", ""):
        path = posixpath.dirname(path)
        if path in directories:
            return True
    return False


def solution(mend: Mend, gold: bytes) -> dict[str, bytes]:
    """The files of a task's `solution/`, by name; `gold` is the tar of `mend.restore`.

    Raises:
        EngineError: the delta calls for a static busybox and this machine has none.
    """
    package = files("engine.tasks")
    made = {
        "solve.sh": package.joinpath("solve.sh").read_bytes(),
        "remove.list": _list(mend.remove),
        "metadata.list": _list(_groups(mend.metadata)),
    }
    if mend.restore:
        made["gold.tar"] = gold
    if mend.attributes:
        made["attributes.list"] = _list(_attributes(mend.attributes))
    if mend.static:
        made["busybox"] = busybox_path().read_bytes()
    return made


def _groups(metadata: Mapping[str, Entry]) -> Sequence[str]:
    """`mode owner count` and the paths it is about, for each mode and owner."""
    groups: dict[tuple[str, str], list[str]] = {}
    for path, entry in metadata.items():
        # Five digits: with fewer, GNU chmod leaves a directory's special bits alone.
        groups.setdefault((f"{entry.mode:05o}", f"{entry.uid}:{entry.gid}"), []).append(path)
    flat: list[str] = []
    for (mode, owner), paths in sorted(groups.items()):
        for start in range(0, len(paths), 500):
            batch = paths[start : start + 500]
            flat += [mode, owner, str(len(batch)), *batch]
    return flat


def _attributes(entries: Mapping[str, Entry]) -> Sequence[str]:
    """`path name hex-value` for each attribute."""
    return [
        part
        for path, entry in sorted(entries.items())
        for name, value in sorted(entry.xattrs.items())
        for part in (path, name, value.hex())
    ]


def _list(items: Iterable[str]) -> bytes:
    """Items ended by NUL, which no path holds."""
    return b"".join(item.encode("utf-8", "surrogateescape") + b"\0" for item in items)
