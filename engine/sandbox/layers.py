"""What one layer holds, read from its tar or, on the engine's own machine, from overlay2's directory."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from typing import IO, Literal

from engine.sandbox.delta import Entry, Layer, Tree

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
"""Marks of removal in a layer's tar. Source: the OCI image specification, "Whiteouts"."""

_CAPABILITY = "security.capability"
"""The one extended attribute that images carry."""

Raw = tuple[str, Entry | None]
"""A path with its entry; None is a whiteout, and a path ending in `/` with None an opaque directory."""


def sha256(file: IO[bytes]) -> str:
    """The digest of what is left of a file, in hexadecimal."""
    digest = hashlib.sha256()
    while data := file.read(1 << 20):
        digest.update(data)
    return digest.hexdigest()


def path_of(name: str) -> str:
    """The absolute path of a tar member's name."""
    return "/" + name.strip("/").removeprefix("./").strip("/") if name not in (".", "./", "") else "/"


def from_tar(stream: IO[bytes], kinds: Literal["r|", "r:", "r:*"] = "r|") -> Iterator[Raw]:
    """The entries of a layer's or a filesystem's tar, in its order; hard links as the files they are."""
    seen: dict[str, Entry] = {}
    with tarfile.open(fileobj=stream, mode=kinds, errors="surrogateescape") as tar:
        for member in tar:
            path = path_of(member.name)
            directory, _, base = path.rpartition("/")
            if base == OPAQUE:
                yield f"{directory}/", None
            elif base.startswith(WHITEOUT):
                yield f"{directory}/{base[len(WHITEOUT) :]}", None
            else:
                entry = _entry(tar, member, seen)
                seen[path] = entry
                yield path, entry


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo, seen: dict[str, Entry]) -> Entry:
    if member.islnk():
        linked = seen.get(path_of(member.linkname))
        if linked is not None:
            return linked
    capability = member.pax_headers.get(f"SCHILY.xattr.{_CAPABILITY}")
    xattrs = {_CAPABILITY: capability.encode("utf-8", "surrogateescape")} if capability else {}
    mode, uid, gid = member.mode & 0o7777, member.uid, member.gid
    if member.isreg():
        file = tar.extractfile(member)
        assert file is not None
        digest = sha256(file)
        return Entry(
            "file",
            mode,
            uid,
            gid,
            size=member.size,
            digest=digest,
            mtime=max(0, int(member.mtime)),
            xattrs=xattrs,
        )
    if member.isdir():
        return Entry("dir", mode, uid, gid)
    if member.issym():
        return Entry("symlink", 0o777, uid, gid, target=member.linkname)
    return Entry("other", mode, uid, gid)


def from_directory(root: str) -> Iterator[Raw]:
    """The entries of an overlay2 `diff` directory. Needs root. Source: the kernel's overlayfs.rst."""
    for directory, names, files in os.walk(root):
        for name in sorted([*names, *files]):
            full = os.path.join(directory, name)
            try:
                info = os.lstat(full)
            except FileNotFoundError:
                continue  # written to at this moment
            path = full[len(root) :]
            if stat.S_ISCHR(info.st_mode) and info.st_rdev == 0:
                yield path, None
                continue
            if stat.S_ISDIR(info.st_mode) and _xattr(full, "trusted.overlay.opaque") == b"y":
                yield f"{path}/", None
            yield path, _host_entry(full, info)


def _host_entry(full: str, info: os.stat_result) -> Entry:
    mode, uid, gid = stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid
    if stat.S_ISREG(info.st_mode):
        with open(full, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        capability = _xattr(full, _CAPABILITY)
        xattrs = {_CAPABILITY: capability} if capability else {}
        return Entry(
            "file",
            mode,
            uid,
            gid,
            size=info.st_size,
            digest=digest,
            mtime=max(0, info.st_mtime_ns // 10**9),
            xattrs=xattrs,
        )
    if stat.S_ISDIR(info.st_mode):
        return Entry("dir", mode, uid, gid)
    if stat.S_ISLNK(info.st_mode):
        return Entry("symlink", 0o777, uid, gid, target=os.readlink(full))
    return Entry("other", mode, uid, gid)


def _xattr(path: str, name: str) -> bytes:
    try:
        return os.getxattr(path, name, follow_symlinks=False)
    except OSError:
        return b""


def fingerprint(root: str) -> str:
    """A digest that changes with anything below an overlay2 directory: no clock can hide it."""
    digest = hashlib.blake2b(digest_size=16)
    pending = [root]
    while pending:
        directory = pending.pop()
        try:
            with os.scandir(directory) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except FileNotFoundError:
            continue
        for entry in entries:
            try:
                info = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            digest.update(
                f"{entry.path}\0{info.st_ino}\0{info.st_ctime_ns}\0{info.st_mode}\n".encode(errors="replace")
            )
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
    info = os.lstat(root)
    digest.update(f"{info.st_mode}\0{info.st_uid}\0{info.st_gid}".encode())
    return digest.hexdigest()


def layer(raw: Iterable[Raw], lower: Tree) -> Layer:
    """The raw entries as a layer over `lower`: opaque directories become removals of what they hide."""
    listed: dict[str, Entry | None] = {}
    opaque: set[str] = set()
    for path, entry in raw:
        if path.endswith("/") and entry is None and path != "/":
            opaque.add(path.rstrip("/"))
        else:
            listed[path] = entry
    if opaque:
        for path in lower:
            if path not in listed and _inside(path, opaque):
                listed[path] = None
    return listed


def overlaid(tree: Tree, upper: Layer) -> Tree:
    """The filesystem that `upper` makes of `tree`."""
    if not upper:
        return tree
    result = dict(tree)
    cut = [path for path, entry in upper.items() if entry is None or entry.what != "dir"]
    gone = {path for path in cut if path in tree and tree[path].what == "dir"}
    if gone:
        result = {path: entry for path, entry in result.items() if not _inside(path, gone)}
    for path, entry in upper.items():
        if entry is None:
            result.pop(path, None)
        else:
            result[path] = entry
    return result


def against(tree: Tree, now: Tree, *, times: bool = False) -> Layer:
    """What makes `now` of `tree`, and nothing that does not: the inverse of `overlaid`.

    With `times`, a regular file's mtime counts.
    """
    result: dict[str, Entry | None] = {}
    for path in tree:
        if path not in now:
            directory = path.rpartition("/")[0]
            if not directory or (directory in now and now[directory].what == "dir"):
                result[path] = None  # else the end of its directory says it
    for path, entry in now.items():
        was = tree.get(path)
        if was is not entry and (was is None or not entry.same(was, times=times)):
            result[path] = entry
    return result


def _inside(path: str, directories: set[str]) -> bool:
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        if path in directories:
            return True
    return False
