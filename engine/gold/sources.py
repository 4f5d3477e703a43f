"""Where a project comes from: each kind of source knows its label and how to get the files."""

from __future__ import annotations

import asyncio
import io
import os
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.errors import UsageError
from engine.gold import archives, cache, recipe, tree, wheels
from engine.gold.builder import Builder
from engine.gold.requirements import normalise

_RELEASE = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*==\s*([A-Za-z0-9][A-Za-z0-9.!+_-]*)")
_MAX_VCS = 256 << 20


class Source(Protocol):
    """One kind of place."""

    @property
    def label(self) -> str:
        """What the gold environment says it was built from."""

    @property
    def name(self) -> str:
        """A name for the gold environment, if nobody gives one; maybe not a valid one."""

    @property
    def version(self) -> str:
        """The version, as far as the source says one."""

    async def files(self, builder: Builder) -> tree.ProjectTree:
        """The project's files; raises `GoldError`."""

    def vcs(self) -> bytes:
        """A tar of version control's files, for building only; empty without."""

    def recipe(self) -> Path | None:
        """The `gold.toml` that comes with it."""


@dataclass(frozen=True)
class Directory:
    """A directory of this machine."""

    path: Path

    @property
    def label(self) -> str:
        """Its absolute path."""
        return str(self.path)

    @property
    def name(self) -> str:
        """Its last part."""
        return self.path.name

    @property
    def version(self) -> str:
        """Nothing: only the project's metadata knows."""
        return ""

    async def files(self, builder: Builder) -> tree.ProjectTree:
        """The files of the directory; see `engine.gold.tree.from_directory`."""
        return await asyncio.to_thread(tree.from_directory, self.path)

    def recipe(self) -> Path | None:
        """The one at its top."""
        path = self.path / recipe.FILE
        return path if path.is_file() else None

    def vcs(self) -> bytes:
        """`.git`, when it is a directory of reasonable size."""
        git = self.path / ".git"
        if (
            not git.is_dir()
            or sum(file.stat().st_size for file in git.rglob("*") if file.is_file()) > _MAX_VCS
        ):
            return b""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", errors="surrogateescape") as tar:
            tar.add(git, ".git", filter=_as_root)
        return buffer.getvalue()


def _as_root(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    info.uid = info.gid = 0
    # A repository's hooks and settings may name programs; building needs its history alone.
    return None if info.name.startswith(".git/hooks/") else info


@dataclass(frozen=True)
class Sdist:
    """A source distribution of the package index the host uses."""

    project: str
    release: str

    @property
    def label(self) -> str:
        """`name==version`."""
        return f"{self.project}=={self.release}"

    @property
    def name(self) -> str:
        """The project's."""
        return self.project

    @property
    def version(self) -> str:
        """The release's."""
        return self.release

    async def files(self, builder: Builder) -> tree.ProjectTree:
        """The files of the archive, fetched once."""
        data = cache.sdist(self.project, self.release)
        if data is None:
            builder.say(f"fetching {self.label}")
            data = await wheels.fetch_sdist(builder, self.project, self.release)
            cache.keep_sdist(self.project, self.release, data)
        return await asyncio.to_thread(archives.from_archive, data, self.label)

    def recipe(self) -> Path | None:
        """None: a recipe is this user's, not the author's."""
        return None

    def vcs(self) -> bytes:
        """Nothing: a source distribution carries its version."""
        return b""


def resolve(text: str) -> Source:
    """The source a person means.

    Raises:
        UsageError: it is none that is known.
    """
    # os.path has an answer, too, for what the system takes for no path at all.
    path = Path(os.path.expanduser(text))
    if text and os.path.isdir(path):
        return Directory(path.resolve())
    if match := _RELEASE.fullmatch(text.strip()):
        return Sdist(normalise(match[1]), match[2])
    shown = repr(text if len(text) <= 80 else f"{text[:77]}...")
    if re.match(r"(?:git\+|[a-z]+://|git@)", text) or text.endswith(".git"):
        raise UsageError(f"{shown}: addresses cannot be a source yet", "clone it, and give the directory")
    if os.path.exists(path):
        raise UsageError(f"{shown} is not a directory", "unpack it, and give the directory")
    if re.fullmatch(r"[A-Za-z0-9._-]+", text) and "/" not in text:
        hint = f"for a source distribution, say which: {text[:77]}==VERSION"
        raise UsageError(f"there is no directory {shown}", hint)
    raise UsageError(f"there is no directory {shown}", "SOURCE is a directory, or NAME==VERSION")
