"""Bytes of the gold image's files, fetched from a container of it and packed for a task."""

from __future__ import annotations

import asyncio
import io
import posixpath
import tarfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence

from engine.errors import EngineError
from engine.sandbox.delta import Tree, below

Get = Callable[[str], Awaitable[bytes]]
"""A tar of one path of a gold container, named by its last component: `Sandbox.get`."""

TOGETHER = 12
"""Files of one directory at which the whole directory is fetched instead."""
AT_ONCE = 4
"""Requests under way at a time."""


async def archive(get: Get, tree: Tree, paths: Iterable[str], first: Sequence[tarfile.TarInfo] = ()) -> bytes:
    """A tar of `paths`, a directory with all below it, named relative to `/`, as they are in gold.

    The entries `first`, of directories, come before them. In GNU format, which busybox reads as well;
    extended attributes are not in it.

    Raises:
        EngineError: the container does not have one of them as `tree` says.
    """
    wanted = frozenset(paths)
    fetched: dict[str, tuple[tarfile.TarInfo, bytes]] = {}
    slots = asyncio.Semaphore(AT_ONCE)

    async def fetch(path: str) -> None:
        async with slots:
            data = await get(path)
        await asyncio.to_thread(_unpack, data, path, wanted, fetched)

    async with asyncio.TaskGroup() as group:
        for path in requests(tree, wanted):
            group.create_task(fetch(path))
    if missing := wanted - fetched.keys():
        raise EngineError(f"the gold container has no {min(missing)}", "build the gold environment again")
    return pack([*((info, b"") for info in first), *(fetched[path] for path in sorted(fetched))])


def requests(tree: Tree, wanted: Iterable[str]) -> list[str]:
    """The paths to ask for so that `wanted` comes in few answers."""
    files = [path for path in wanted if tree[path].what != "dir"]
    crowd = Counter(posixpath.dirname(path) for path in files)
    asked = {path for path in wanted if tree[path].what == "dir"}
    for path in files:
        folder = posixpath.dirname(path)
        asked.add(folder if crowd[folder] > TOGETHER and folder != "/" else path)
    return sorted(path for path in asked if not any(below(path, other) for other in asked if other != "/"))


def _unpack(
    data: bytes, path: str, wanted: frozenset[str], into: dict[str, tuple[tarfile.TarInfo, bytes]]
) -> None:
    parent = posixpath.dirname(path)
    found: dict[str, tuple[tarfile.TarInfo, bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as tar:
        for member in tar:
            name = posixpath.normpath(posixpath.join(parent, member.name))
            content = b""
            if member.islnk():
                first = found[posixpath.normpath(posixpath.join(parent, member.linkname))]
                member.type, member.size, content = tarfile.REGTYPE, first[0].size, first[1]
            elif member.isreg():
                file = tar.extractfile(member)
                assert file is not None
                content = file.read()
            found[name] = (member, content)
    for name, (member, content) in found.items():
        if _covered(name, wanted):
            into[name] = (_plain(member, name), content)


def _covered(path: str, wanted: frozenset[str]) -> bool:
    while path not in wanted:
        if path == "/":
            return False
        path = posixpath.dirname(path)
    return True


def _plain(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path.lstrip("/"))
    info.type, info.mode, info.size = member.type, member.mode & 0o7777, member.size
    info.uid, info.gid, info.mtime = member.uid, member.gid, int(member.mtime)
    info.linkname, info.devmajor, info.devminor = member.linkname, member.devmajor, member.devminor
    return info


def folders(tree: Tree, paths: Iterable[str], roots: Sequence[str]) -> list[tarfile.TarInfo]:
    """Entries of the directories that lead from `roots` to `paths`, from the top down."""
    found = set()
    for path in paths:
        while any(below(path := posixpath.dirname(path), root) or path == root for root in roots):
            found.add(path)
    infos = []
    for path in sorted(found):
        info = tarfile.TarInfo(path.lstrip("/"))
        entry = tree[path]
        info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, entry.mode, entry.uid, entry.gid
        infos.append(info)
    return infos


def pack(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar of `members`."""
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, errors="surrogateescape", encoding="utf-8"
    ) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
