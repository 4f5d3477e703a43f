"""File times that give the damage away: what was written since gold was made is otherwise found at once."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Mapping
from datetime import datetime

from engine.errors import EngineError
from engine.proof.workbench import Workbench
from engine.sandbox import images, tools
from engine.sandbox.delta import Layer, Tree
from engine.sandbox.sandbox import Sandbox

_MARK = "/dev/.since"
_FIND = f'{tools.BUSYBOX} touch -d "@$1" {_MARK} && exec {tools.BUSYBOX} find / -xdev -newer {_MARK} -print0'
_STAT = "exec xargs -0r stat --printf '%.9Y %n\\0' --"
MOST = 4 << 20
"""Bytes of a listing."""


async def made_at(bench: Workbench) -> int:
    """When the gold image was made, in seconds since the epoch, rounded up."""
    known = await images.inspect(bench.engine, bench.candidate.gold.image)
    if known is None:
        raise EngineError("the gold image is not on the engine")
    # Nine digits of a second, where this Python reads six.
    text = str(known["Created"]).split(".", 1)[0].removesuffix("Z")
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) + 1


async def later(sandbox: Sandbox, since: int) -> set[str]:
    """Every path that was written after `since`, those included that each container has anew."""
    ran = await sandbox.exec([tools.BUSYBOX, "sh", "-c", _FIND, "sh", str(since)], timeout=120, keep=MOST)
    return {each.decode("utf-8", "surrogateescape") for each in ran.stdout.split(b"\0") if each}


async def known_times(sandbox: Sandbox, paths: Iterable[str]) -> dict[str, str]:
    """When each path was written, as `touch -d @` takes it; `sandbox` is one of gold, whose tools work."""
    wanted = "\0".join(sorted(paths)).encode("utf-8", "surrogateescape")
    ran = await sandbox.exec(["/bin/bash", "-c", _STAT], timeout=60, stdin=wanted, keep=MOST)
    found = {}
    for each in ran.stdout.decode("utf-8", "surrogateescape").split("\0"):
        when, _, path = each.partition(" ")
        if path:
            found[path] = when
    return found


def ancestors(paths: Iterable[str]) -> set[str]:
    """The paths and all directories above them."""
    found: set[str] = set()
    for path in paths:
        while path not in found:
            found.add(path)
            path = posixpath.dirname(path)
    return found


def script(late: Iterable[str], times: Mapping[str, str], tree: Tree, delta: Layer) -> str:
    """Commands that give the paths in `late` such times as gold has there; empty when there is none.

    What holds something else of the same size as in gold gets a second more: with gold's own time and size,
    bytecode made of it meanwhile would pass for the original's. What is new gets its newest neighbour's.
    """
    late = sorted(path for path in late if path.isprintable())
    newest = _newest(tree, {posixpath.dirname(path) for path in late})
    groups: dict[str, list[str]] = {}
    for path in late:
        folder = posixpath.dirname(path)
        when = times.get(path) or newest.get(folder) or _above(folder, times)
        was, now = tree.get(path), delta.get(path)
        if was is not None and now is not None and now.digest != was.digest and now.size == was.size:
            seconds, _, rest = when.partition(".")
            when = f"{int(seconds) + 1}.{rest}"
        if when:
            groups.setdefault(when, []).append(path)
    return "\n".join(
        shlex.join(["touch", "-h", "-c", "-d", f"@{when}", "--", *paths]) for when, paths in groups.items()
    )


def _newest(tree: Tree, folders: set[str]) -> dict[str, str]:
    """The newest file of gold in each of the folders that has one."""
    found: dict[str, int] = {}
    for path, entry in tree.items():
        if entry.what == "file" and (folder := posixpath.dirname(path)) in folders:
            found[folder] = max(found.get(folder, 0), entry.mtime)
    return {folder: f"{mtime}.0" for folder, mtime in found.items()}


def _above(folder: str, times: Mapping[str, str]) -> str:
    while folder not in times and folder != "/":
        folder = posixpath.dirname(folder)
    return times.get(folder, "")
