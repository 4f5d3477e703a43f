"""What was fetched and built before, so that the same gold environment is quick to build again.

A cache and nothing more: every entry may be deleted at any time, and whatever cannot be read is built anew.
It lies in the user's cache directory, or in `cache/` of `CLIGYM_STATE`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import msgspec
import platformdirs

from engine.gold.model import Recipe
from engine.gold.store import read_files, write_files
from sessions.library import STATE_VARIABLE, state_dir

FORMAT = 2
"""Raised when the way images are made changes what they hold."""
MAX_BYTES = 6 << 30
"""Bytes of all entries; the ones not used for longest go first."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One image that was built, before anything was observed in it."""

    image: str
    """Image id; the engine may have lost it."""
    recipe: Recipe
    project: str = ""
    version: str = ""
    python: str = ""
    """The base image's Python, `3.11`."""
    metadata: str = ""
    """The project's METADATA."""
    remarks: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    """What was added after a look at the tests' complaints, whether or not it helped."""
    stalled: dict[str, str] = {}
    """Tests that `recipe` leaves out because they hang or end the run, with the reason."""


def root() -> Path:
    """The directory of the cache; it may not exist yet."""
    return (
        state_dir() / "cache"
        if os.environ.get(STATE_VARIABLE)
        else Path(platformdirs.user_cache_dir("cligym"))
    )


def key(*parts: object) -> str:
    """A name for what is made from exactly these parts."""
    return hashlib.sha256(msgspec.json.encode([FORMAT, *parts], order="deterministic")).hexdigest()[:40]


def digest(data: bytes) -> str:
    """The name a blob of these bytes has."""
    return hashlib.sha256(data).hexdigest()


def _sdist_path(name: str, version: str) -> Path:
    return root() / "sdists" / f"{key('sdist', name, version)}.tar.gz"


def sdist(name: str, version: str) -> bytes | None:
    """A source distribution that was fetched before."""
    try:
        return _sdist_path(name, version).read_bytes()
    except OSError:
        return None


def keep_sdist(name: str, version: str, data: bytes) -> None:
    """Keep a source distribution; a cache that cannot be written is no error."""
    path = _sdist_path(name, version)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(data)
        temporary.rename(path)


def load(name: str) -> tuple[Made, dict[str, bytes]] | None:
    """What was made under this key, with the context that makes it again."""
    path = root() / "builds" / name
    try:
        made = msgspec.json.decode((path / "made.json").read_bytes(), type=Made)
        parts = read_files(path / "context")
        os.utime(path)
    except (OSError, msgspec.MsgspecError):
        return None
    return (made, parts) if "Dockerfile" in parts else None


def keep(name: str, made: Made, parts: dict[str, bytes]) -> None:
    """Keep what was made, in the place of what had this key before."""
    builds = root() / "builds"
    with contextlib.suppress(OSError):
        builds.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=builds, prefix=".new-"))
        try:
            write_files(temporary / "context", parts)
            (temporary / "made.json").write_bytes(msgspec.json.encode(made))
            shutil.rmtree(builds / name, ignore_errors=True)
            temporary.rename(builds / name)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        _shrink(builds)


def _shrink(builds: Path) -> None:
    entries = [entry for entry in builds.iterdir() if entry.is_dir()]
    sizes = {
        entry: sum(file.stat().st_size for file in entry.rglob("*") if file.is_file()) for entry in entries
    }
    excess = sum(sizes.values()) - MAX_BYTES
    for entry in sorted(entries, key=lambda entry: entry.stat().st_mtime):
        if excess <= 0:
            return
        excess -= sizes[entry]
        shutil.rmtree(entry, ignore_errors=True)
