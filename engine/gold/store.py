"""Gold environments on disk: `<state>/golds/<name>/` with what they are and what rebuilds them.

Each directory has `gold.json`, the recipe `gold.toml`, `context/` (the image's Dockerfile with all it needs)
and `blobs/`. `CLIGYM_STATE` takes the place of the user's state directory.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from engine.errors import GoldBroken, GoldError, OutputError, OutputFull, UsageError
from engine.gold import recipe as recipes
from engine.gold.model import Gold
from sessions.blobs import Blobs
from sessions.library import state_dir

MAX_NAME = 64
# What the engine takes for a part of an image's name, too.
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*")


class GoldUnknown(UsageError):
    """No gold environment has this name."""


def valid_name(name: str) -> str:
    """`name`, if it can name a gold environment.

    Raises:
        UsageError: it cannot.
    """
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        shown = name if len(name) <= 80 else f"{name[:77]}..."
        raise UsageError(
            f"{shown!r} cannot be the name of a gold environment",
            f"lower case letters and digits, with single '.', '_' or '-' between them, at most {MAX_NAME}",
        )
    return name


def suggested_name(text: str) -> str:
    """A valid name like `text`."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:MAX_NAME].strip("-")
    return name or "gold"


def root() -> Path:
    """The directory all gold environments are in; it may not exist yet."""
    return state_dir() / "golds"


def path(name: str) -> Path:
    """The directory of a gold environment that is there.

    Raises:
        UsageError: such a name cannot be.
        GoldUnknown: there is none; the hint lists those there are.
    """
    found = root() / valid_name(name)
    if not (found / "gold.json").is_file():
        there = names()
        hint = f"there are: {', '.join(there)}" if there else "make one with `cligym-tui gold build SOURCE`"
        raise GoldUnknown(f"there is no gold environment {name!r}", hint[:500])
    return found


def load(name: str) -> Gold:
    """One gold environment.

    Raises:
        UsageError, GoldUnknown: as `path`.
        GoldBroken: its record is damaged.
    """
    record = path(name) / "gold.json"
    try:
        return msgspec.json.decode(record.read_bytes(), type=Gold)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise GoldBroken(f"{record} cannot be read: {error}", "build the gold environment again") from error


def names() -> tuple[str, ...]:
    """Names of all of them, sorted."""
    try:
        found = sorted(entry.name for entry in os.scandir(root()) if entry.is_dir())
    except OSError:
        return ()
    return tuple(name for name in found if _NAME.fullmatch(name) and (root() / name / "gold.json").is_file())


def listed() -> tuple[Gold, ...]:
    """All that can be read, by name."""
    found = []
    for name in names():
        with contextlib.suppress(GoldError):
            found.append(load(name))
    return tuple(found)


def blobs(name: str) -> Blobs:
    """The large data a gold environment refers to by digest; raises as `path`."""
    return Blobs(path(name) / "blobs")


def context(name: str) -> Path:
    """The directory that rebuilds the image; raises as `path`."""
    return path(name) / "context"


def save(gold: Gold, files: Mapping[str, bytes], large: Iterable[bytes] = ()) -> Path:
    """Keep a gold environment, in the place of an earlier one of its name; its directory.

    Args:
        gold: what it is.
        files: what rebuilds the image, by path below `context/`.
        large: contents of the blobs it refers to.

    Raises:
        OutputError, OutputFull, StorageFull, StorageUnwritable: it could not be kept; an earlier one is
            as it was.
    """
    target = root() / valid_name(gold.name)
    try:
        root().mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = Path(tempfile.mkdtemp(dir=root(), prefix=".new-"))
    except OSError as error:
        raise unwritable(target, error) from error
    try:
        write_files(temporary / "context", files)
        (temporary / recipes.FILE).write_text(recipes.write(gold.recipe), encoding="utf-8")
        keeper = Blobs(temporary / "blobs")
        for data in large:
            keeper.put(data)
        with (temporary / "gold.json").open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(gold), indent=1))
            file.flush()
            os.fsync(file.fileno())
        _swap(temporary, target)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _swap(new: Path, target: Path) -> None:
    """Put a directory in the place of another, which stays where that cannot be."""
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=".old-"))
    earlier = old / "gold"
    try:
        if target.exists():
            target.rename(earlier)
        new.rename(target)
    except OSError:
        if earlier.exists():
            earlier.rename(target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def remove(name: str) -> Gold | None:
    """Forget a gold environment; what it was, as far as that can be read. Its image stays.

    Raises:
        UsageError, GoldUnknown: as `path`.
        OutputError: the directory cannot be removed.
    """
    directory = path(name)
    gold = None
    with contextlib.suppress(GoldError):
        gold = load(name)
    try:
        shutil.rmtree(directory)
    except OSError as error:
        raise unwritable(directory, error) from error
    return gold


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Files below a directory, by relative path; raises `OSError`."""
    for name, data in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def read_files(directory: Path) -> dict[str, bytes]:
    """What `write_files` wrote; raises `OSError`."""
    found = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            found[path.relative_to(directory).as_posix()] = path.read_bytes()
    return found


def unwritable(path: Path, error: OSError) -> OutputError:
    """The typed form of a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputFull(f"no room left to write {path}", "free some space, then run the same command again")
    reason = error.strerror or str(error)
    return OutputError(
        f"cannot write {path}: {reason}", "make it writable, or set CLIGYM_STATE to a directory that is"
    )
