"""The archive of a source distribution as a project's files."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath

from engine.errors import GoldError
from engine.gold.tree import Member, ProjectTree, check_size, packed, unwanted


def from_archive(data: bytes, label: str) -> ProjectTree:
    """The files of a source distribution's archive, a tar or a zip, without its one top directory.

    Names that climb out of the archive, hard links and special files are left out.

    Raises:
        GoldError: it is neither, or is too large.
    """
    members: dict[str, Member] = {}
    lists: dict[str, Member] = {}
    total = 0
    try:
        for name, size, read in _zipped(data) if data.startswith(b"PK") else _tarred(data):
            parts = PurePosixPath(name.lstrip("/")).parts[1:]
            path = PurePosixPath(*parts)
            listed = packed(str(path))
            if not parts or ".." in parts or (any(map(unwanted, [path, *path.parents])) and not listed):
                continue
            total += size
            check_size(label, total, len(members))
            into = lists if listed else members
            into[str(path)] = read()
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise GoldError(f"{label} is not a readable archive: {reason}", "fetch it again") from error
    return ProjectTree(members, lists)


_Entry = tuple[str, int, Callable[[], Member]]
"""Name in an archive, size, and how to read it, at once or never."""


def _tarred(data: bytes) -> Iterator[_Entry]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:*", errors="surrogateescape") as tar:
        for info in tar:
            if info.isreg() or info.issym():
                yield info.name, info.size, partial(_untarred, tar, info)


def _untarred(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    if info.issym():
        return Member(target=info.linkname, mtime=int(info.mtime))
    file = tar.extractfile(info)
    return Member(file.read() if file else b"", "", bool(info.mode & 0o111), int(info.mtime))


def _zipped(data: bytes) -> Iterator[_Entry]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        for info in file.infolist():
            if not info.is_dir():
                yield info.filename, info.file_size, partial(_unzipped, file, info)


def _unzipped(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    mtime = int(datetime(*info.date_time, tzinfo=UTC).timestamp())
    return Member(file.read(info), "", bool(info.external_attr >> 16 & 0o111), mtime)
