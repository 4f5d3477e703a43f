"""Checks of the container's files against the contract. Each yields one line for every finding."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from typing import Any

IGNORED = frozenset({"__pycache__", "build", "dist", "node_modules", "venv"})
"""Directories, beside hidden ones, in which installing a project may leave copies of its modules.

Such copies are taken away before the tests run: these names can be imported like any other, and where the
project says itself what pytest leaves out, hidden directories may be searched for tests."""
MODULES = (".py", ".pyc", ".pyo", ".so", ".pth")
CONFIGS = frozenset(
    {
        "pytest.ini",
        ".pytest.ini",
        "pytest.toml",
        ".pytest.toml",
        "tox.ini",
        "setup.cfg",
        "pyproject.toml",
        "conftest.py",
    }
)
HOOKS = ("sitecustomize", "usercustomize")


def mark(path: str) -> str:
    """sha256 of a regular file, `-> target` of a link, empty for anything else or nothing."""
    try:
        info = os.lstat(path)
        if stat.S_ISLNK(info.st_mode):
            return "-> " + os.readlink(path)
        if not stat.S_ISREG(info.st_mode):
            return ""
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                digest.update(chunk)
        return digest.hexdigest()
    except OSError:
        return ""


def restore_tests(contract: dict[str, Any], here: str) -> Iterator[str]:
    """Put the project's tests back where their content differs; what is as it was keeps mode and owner."""
    wanted = {path for path in contract["tests"] if mark(path) != contract["files"][path]}
    if not wanted:
        return
    with tarfile.open(os.path.join(here, "tests.tar"), errors="surrogateescape") as tar:
        for member in tar:
            path = "/" + member.name
            try:
                if path in wanted:
                    _put(tar, member, path)
                elif member.isdir() and not os.path.lexists(path):
                    os.mkdir(path)
                    os.chown(path, member.uid, member.gid)
                    os.chmod(path, member.mode & 0o7777)
            except OSError as error:
                yield f"{path} cannot be put back: {error.strerror}"
                return


def _put(tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
    directory = os.path.dirname(path)
    if os.path.realpath(directory) != directory:
        raise NotADirectoryError(20, "its directory is a link")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    if member.issym():
        os.symlink(member.linkname, path)
    else:
        source = tar.extractfile(member)
        assert source is not None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            for chunk in iter(lambda: source.read(1 << 20), b""):
                file.write(chunk)
        os.chmod(path, member.mode & 0o7777)
        os.utime(path, (member.mtime, member.mtime))
    os.chown(path, member.uid, member.gid, follow_symlinks=False)


def sources(contract: dict[str, Any], here: str) -> Iterator[str]:
    """Every protected file is what it was."""
    for path, was in contract["files"].items():
        if mark(path) != was:
            yield f"{path} was {'changed' if os.path.lexists(path) else 'removed'}"


def additions(contract: dict[str, Any], here: str) -> Iterator[str]:
    """No module lies among the protected files that was not there."""
    for root in contract["roots"]:
        for directory, names, found in os.walk(root):
            names[:] = [name for name in names if name not in IGNORED and not name.startswith(".")]
            paths = [os.path.join(directory, name) for name in found if name.endswith(MODULES)]
            paths += [path for name in names if os.path.islink(path := os.path.join(directory, name))]
            for path in paths:
                if path not in contract["files"]:
                    yield f"{path} was added"


def copies(contract: dict[str, Any], here: str) -> Iterator[str]:
    """Modules that installing the project may have left are taken away; yields what cannot be."""
    for root in contract["roots"]:
        for at, folders, _ in os.walk(root):
            for name in sorted(folders):
                if name != "__pycache__" and (name in IGNORED or name.startswith(".")):
                    folders.remove(name)
                    yield from _emptied(os.path.join(at, name), contract["files"])


def _emptied(directory: str, known: dict[str, str]) -> Iterator[str]:
    """Take every module and every link that is not in `known` out of a directory."""
    if os.path.islink(directory):
        if directory not in known:
            os.unlink(directory)
        return
    for at, folders, names in os.walk(directory):
        links = [name for name in folders if os.path.islink(os.path.join(at, name))]
        for name in (*links, *(name for name in names if name.endswith(MODULES))):
            path = os.path.join(at, name)
            if path not in known:
                try:
                    os.unlink(path)
                except OSError as error:
                    yield f"{path} cannot be removed: {error.strerror}"


def configuration(contract: dict[str, Any], here: str) -> Iterator[str]:
    """No configuration of pytest was added, beside the tests or in any directory above."""
    known = {**contract["files"], **contract["configs"]}
    above = list(contract["above"])
    real = os.path.realpath(above[0])  # a project that was moved and linked to has others above it, too
    while (real := os.path.dirname(real)) not in above:
        above.append(real)
    for directory in above:
        for name in sorted(CONFIGS):
            path = os.path.join(directory, name)
            if os.path.lexists(path) and mark(path) != known.get(path, ""):
                yield f"{path} was {'changed' if path in known else 'added'}"
    for root in contract["roots"]:
        for directory, _, found in os.walk(root):
            for name in CONFIGS.intersection(found):
                path = os.path.join(directory, name)
                if path not in known and not name.endswith(".py") and directory not in contract["above"]:
                    yield f"{path} was added"


def strangers(contract: dict[str, Any], collected: Iterable[str]) -> Iterator[str]:
    """No test is of a file that was not there: pytest runs the examples of a text as it runs all others."""
    gold = {*contract["f2p"], *contract["p2p"]}
    roots = tuple(root.rstrip("/") + "/" for root in contract["roots"])
    one = contract["f2p"][0].split("::", 1)[0]
    for top in contract["above"]:
        if os.path.normpath(os.path.join(top, one)) in contract["files"]:  # what names are relative to
            for name in sorted({test.split("::", 1)[0] for test in collected if test not in gold}):
                path = os.path.normpath(os.path.join(top, name))
                if path.startswith(roots) and path not in contract["files"]:
                    yield f"{path} has tests and was not there"
            return


def start_up(contract: dict[str, Any], here: str) -> Iterator[str]:
    """Interpreters run nothing at start-up, and look for modules nowhere, that they did not."""
    sites = {os.path.realpath(found) for pattern in contract["sites"] for found in glob.glob(pattern)}
    for directory in sorted(sites):
        try:
            names = sorted(os.listdir(directory))
        except OSError:
            continue
        for name in names:
            path = os.path.join(directory, name)
            if (name.endswith(".pth") or name.startswith(HOOKS)) and mark(path) != contract["hooks"].get(
                path
            ):
                yield f"{path} is a start-up hook that was not there"
    for path, was in contract["hooks"].items():
        if "customize" in path and os.path.lexists(path) and mark(path) != was:
            yield f"{path} is a start-up hook that was changed"
