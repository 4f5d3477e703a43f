"""A project's files, taken from where they are into one clean and deterministic archive."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import stat
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.errors import GoldError

MAX_BYTES = 512 << 20
"""Bytes of all files together."""
MAX_FILES = 100_000
MAX_TEXT = 1 << 20
"""Bytes of a file that is read to learn something from it."""

VCS = frozenset({".git", ".hg", ".svn", ".bzr", "_darcs", "CVS"})
_CACHES = frozenset(
    {
        "__pycache__",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".hypothesis",
        ".tox",
        ".nox",
        ".eggs",
        ".ipynb_checkpoints",
        "node_modules",
        "htmlcov",
    }
)
_SUFFIXES = (".pyc", ".pyo", ".egg-info", ".egg")


@dataclass(frozen=True, slots=True)
class Member:
    """One file or symbolic link."""

    data: bytes = b""
    target: str = ""
    """Where a symbolic link points; empty for a file."""
    executable: bool = False
    mtime: int = 0
    """Seconds since the epoch."""


def packed(path: str) -> bool:
    """Whether a path is setuptools' list of a source distribution's files."""
    return bool(re.fullmatch(r"(?:[^/]+/)?[^/]+\.egg-info/SOURCES\.txt", path))


def unwanted(path: PurePosixPath) -> bool:
    """Whether a path is version control's, a cache's or a build's, not the project's."""
    if path.name in VCS or path.name in _CACHES or path.name.endswith(_SUFFIXES):
        return True
    return path.name.startswith(".coverage.") or path.name == ".coverage"


class ProjectTree(Mapping[str, Member]):
    """The project's files by relative path, sorted; directories exist through what is in them."""

    def __init__(self, members: Mapping[str, Member], packed: Mapping[str, Member] | None = None) -> None:
        self._members = dict(sorted(members.items()))
        self.packed = packed or {}
        """setuptools' own list of what it packed, for building alone: of a project whose data files were
        chosen by version control, nothing else knows them any more."""

    def __getitem__(self, path: str) -> Member:
        return self._members[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def text(self, path: str) -> str:
        """A file as text, undecodable bytes replaced; empty when there is none or it is too long."""
        member = self._members.get(path)
        if member is None or len(member.data) > MAX_TEXT:
            return ""
        return member.data.decode("utf-8", "replace")

    def directories(self) -> frozenset[str]:
        """Every directory that holds something, without the root."""
        found = set()
        for path in self._members:
            for parent in PurePosixPath(path).parents:
                found.add(str(parent))
        return frozenset(found - {"."})

    @property
    def digest(self) -> str:
        """Digest of names, contents and executable bits; times do not count."""
        digest = hashlib.sha256()
        for path, member in (*self._members.items(), *sorted(self.packed.items())):
            head = f"{path}\0{member.target}\0{int(member.executable)}\0{len(member.data)}\0"
            digest.update(head.encode("utf-8", "surrogateescape") + member.data)
        return digest.hexdigest()

    @property
    def newest(self) -> int:
        """The newest file's time, seconds since the epoch."""
        return max((member.mtime for member in self._members.values()), default=0)

    def with_members(self, more: Mapping[str, Member]) -> ProjectTree:
        """The tree with more files in it."""
        return ProjectTree({**self._members, **more})

    def tar(self, uid: int = 0) -> bytes:
        """The files and their directories as a tar; the same tree gives the same bytes."""
        buffer = io.BytesIO()
        with tarfile.open(
            fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape"
        ) as tar:
            for directory in sorted(self.directories()):
                info = tarfile.TarInfo(directory)
                info.type, info.mode, info.uid, info.gid, info.mtime = (
                    tarfile.DIRTYPE,
                    0o755,
                    uid,
                    uid,
                    self.newest,
                )
                tar.addfile(info)
            for path, member in self._members.items():
                info = tarfile.TarInfo(path)
                info.uid, info.gid, info.mtime = uid, uid, member.mtime
                if member.target:
                    info.type, info.linkname, info.mode = tarfile.SYMTYPE, member.target, 0o777
                else:
                    info.mode = 0o755 if member.executable else 0o644
                    info.size = len(member.data)
                tar.addfile(info, io.BytesIO(member.data))
        return buffer.getvalue()


def from_directory(root: Path) -> ProjectTree:
    """The files of a directory: what git would take if it is a checkout, else all but caches and builds.

    Symbolic links stay links and are never followed; sockets, pipes and devices are left out.

    Raises:
        GoldError: it cannot be read, or is too large.
    """
    wanted = _tracked(root)
    members: dict[str, Member] = {}
    total = 0
    for path in _walk(root, wanted):
        full = root / path
        try:
            info = full.lstat()
            if stat.S_ISLNK(info.st_mode):
                member = Member(target=os.readlink(full), mtime=int(info.st_mtime))
            elif stat.S_ISREG(info.st_mode):
                total += info.st_size
                check_size(root, total, len(members))
                executable = bool(info.st_mode & 0o111)
                member = Member(full.read_bytes(), "", executable, int(info.st_mtime))
            else:
                continue
        except FileNotFoundError:
            continue  # git lists what was deleted, and the directory may be in use
        except OSError as error:
            raise GoldError(
                f"{full} cannot be read: {error.strerror}", "mend its permissions, or remove it"
            ) from error
        members[path] = member
    return ProjectTree(members, _lists(root) if "PKG-INFO" in members else {})


def _lists(root: Path) -> dict[str, Member]:
    """The lists of setuptools in a source distribution that was unpacked."""
    found = {}
    for pattern in ("*.egg-info/SOURCES.txt", "*/*.egg-info/SOURCES.txt"):
        for path in root.glob(pattern):
            with contextlib.suppress(OSError):
                found[str(path.relative_to(root))] = Member(path.read_bytes())
    return found


def check_size(what: object, size: int, count: int) -> None:
    """Raise `GoldError` for a project of more bytes or files than one is taken with."""
    if size > MAX_BYTES or count > MAX_FILES:
        raise GoldError(
            f"{what} has more than {MAX_BYTES >> 20} MiB or {MAX_FILES} files",
            "give a clean checkout of the project",
        )


def _tracked(root: Path) -> frozenset[str] | None:
    """What git lists (tracked, and new but not ignored), or None where git has no say."""
    if not any((place / ".git").exists() for place in (root, *root.resolve().parents)):
        return None
    # A repository's own settings name programs for git to run; these two are the ones ls-files heeds.
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "ls-files"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        listed = subprocess.run(
            [*command, "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            env=environment,
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return frozenset(os.fsdecode(name).rstrip("/") for name in listed.split(b"\0") if name) or None


def _walk(root: Path, wanted: frozenset[str] | None) -> Iterator[str]:
    """Relative paths of files and links; a directory that `wanted` names (a submodule) counts whole."""
    parents = None
    if wanted is not None:
        parents = {str(parent) for name in wanted for parent in PurePosixPath(name).parents}
    pending = [("", wanted is None)]
    while pending:
        directory, whole = pending.pop()
        try:
            with os.scandir(root / directory) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise GoldError(
                f"{root / directory} cannot be read: {error.strerror}", "mend its permissions, or remove it"
            ) from error
        for entry in entries:
            path = f"{directory}/{entry.name}" if directory else entry.name
            if unwanted(PurePosixPath(path)):
                continue
            taken = whole or wanted is None or path in wanted
            if entry.is_dir(follow_symlinks=False):
                if (taken or parents is None or path in parents) and not _built(Path(entry.path), directory):
                    pending.append((path, taken))
            elif taken:
                yield path


def _built(path: Path, directory: str) -> bool:
    """Whether a directory is a virtual environment, or setuptools' or a packager's output."""
    if (path / "pyvenv.cfg").exists():
        return True
    if directory or path.name not in ("build", "dist"):
        return False
    names = os.listdir(path)
    outputs = ("bdist.", "lib", "temp.", "scripts-") if path.name == "build" else ()
    archives = (".whl", ".tar.gz", ".zip")
    return bool(names) and all(name.startswith(outputs) or name.endswith(archives) for name in names)
