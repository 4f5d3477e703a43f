"""Garbage on the engine and in the state directory: what no living session owns, and only what is ours.

What goes is decided at once from a listing (`garbage`, pure), and then removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiodocker
import msgspec
from aiodocker.volumes import DockerVolume

from engine.errors import EngineError
from engine.gold import store
from engine.repair import standing
from engine.sandbox import tools
from engine.sandbox.client import Engine, translated
from engine.sandbox.container import LABEL
from engine.sandbox.tools import VOLUMES, WHOLE
from sessions.library import Library
from sessions.lock import alive
from sessions.owner import owner_alive
from sessions.summary import JOURNAL_NAME

CONTAINER, IMAGE, VOLUME, FILES = "container", "image", "volume", "files"
YOUNG = 600.0
"""Seconds for which a thing that names no owner is left alone: somebody may be at work on it."""
DAY = 86400.0
"""Seconds for which a volume stays unused: an earlier version of the program may still count on it; and an
image without a name or a label: somebody may yet give it one."""

Listed = Mapping[str, Any]
"""One container, image or volume, as the Engine API lists it."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can go."""

    kind: str
    """`container`, `image`, `volume` or `files`."""
    id: str
    """The engine's id or name; of files, the path."""
    what: str = ""
    """What it was made for: `branch`, `suite`, `proof`, `tools`, ..."""
    session: str = ""
    size: int = 0
    """Bytes of its own, where that is known."""
    prune: bool = True
    """Of an image: whether nameless images it was built from may go with it."""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What a collection removed, or would remove."""

    removed: tuple[Item, ...] = ()
    kept: tuple[tuple[Item, str], ...] = ()
    """What could not be removed, and why."""

    @property
    def size(self) -> int:
        """Bytes freed, as far as that is known."""
        return sum(item.size for item in self.removed)


@dataclass(frozen=True)
class Listing:
    """Everything on an engine: others' things too, for ours may be in use by them."""

    containers: tuple[Listed, ...] = ()
    images: tuple[Listed, ...] = ()
    volumes: tuple[Listed, ...] = ()
    tools: str = ""
    """The volume this version of the program uses."""


@dataclass(frozen=True)
class Owners:
    """Who is alive. The owner of a thing is the process its labels name, or who holds its session's lock."""

    token: Callable[[str], bool]
    session: Callable[[str], bool]
    host: str = field(default_factory=socket.gethostname)

    def own(self, labels: Mapping[str, str]) -> bool:
        """Whether a living process owns a thing with these labels.

        One of another machine, or of another container, cannot be looked up from here: it counts as alive.
        """
        if labels.get("cligym.host", self.host) != self.host:
            return True
        return self.token(labels.get("cligym.owner", "")) or self.session(labels.get("cligym.session", ""))


async def find(engine: Engine) -> tuple[Item, ...]:
    """What may go.

    Raises:
        EngineError: the engine does not answer.
    """
    library = Library()
    owners = Owners(owner_alive, library.alive)
    found = garbage(await _listing(engine), owners, time.time())
    left = await asyncio.to_thread(lambda: tuple(_unfinished(library, time.time())))
    return (*found, *left)


async def remove(engine: Engine, items: tuple[Item, ...]) -> Swept:
    """Remove what `find` found, in its order. What is in use by now is kept."""
    removed, kept = [], []
    for item in items:
        reason = await _remove(engine, item)
        if reason:
            kept.append((item, reason))
        else:
            removed.append(item)
    return Swept(removed=tuple(removed), kept=tuple(kept))


def garbage(listing: Listing, owners: Owners, now: float) -> tuple[Item, ...]:
    """What of a listing is ours and nobody's: containers, then images with the youngest generation first.

    Args:
        listing: all there is.
        owners: who is alive.
        now: wall clock, seconds since the epoch.
    """
    containers = tuple(_containers(listing, owners, now))
    going = {item.id for item in containers}
    staying = [each for each in listing.containers if each["Id"] not in going]
    mounted = {mount.get("Name") for each in staying for mount in each.get("Mounts") or ()}
    used = {each.get("ImageID") for each in staying}
    return (*containers, *_images(listing, owners, used, now), *_volumes(listing, mounted, now))


def _labels(thing: Listed) -> dict[str, str]:
    labels = thing.get("Labels") or {}
    return {name: value for name, value in labels.items() if name == LABEL or name.startswith(f"{LABEL}.")}


def _containers(listing: Listing, owners: Owners, now: float) -> Iterator[Item]:
    for each in listing.containers:
        labels = _labels(each)
        # Labels come down from an image to whatever is started from it, also by others: by our volume we
        # know what we started ourselves.
        volumes = [str(mount.get("Name")) for mount in each.get("Mounts") or ()]
        ours = LABEL in labels and any(name.startswith(VOLUMES) for name in volumes)
        young = "cligym.owner" not in labels and now - float(each.get("Created") or 0) < YOUNG
        if ours and not young and not owners.own(labels):
            yield Item(
                kind=CONTAINER, id=each["Id"], what=labels[LABEL], session=labels.get("cligym.session", "")
            )


def _images(listing: Listing, owners: Owners, used: set[str | None], now: float) -> list[Item]:
    known = {str(each["Id"]): each for each in listing.images}
    found: dict[str, Item] = {}
    needed: set[str] = set()
    for ident, each in known.items():
        labels, above = _labels(each), tuple(_ancestors(each, known))
        named = next((image for image in above if _named(image)), None)
        # What has a name is a gold environment or somebody's own; and what somebody builds on a gold image
        # inherits its labels.
        ours = LABEL in labels and not _named(each) and (named is None or labels != _labels(named))
        ours = ours or _cut_short(each, named, now)
        if not ours or ident in used or owners.own(labels):
            needed.update(str(image["Id"]) for image in above)
            continue
        found[ident] = Item(
            kind=IMAGE,
            id=ident,
            what=labels.get(LABEL, "build"),
            session=labels.get("cligym.session", ""),
            size=_own_size(each, known),
            prune=not any(owners.own(_labels(image)) for image in above if not _named(image)),
        )
    depth = {ident: len(tuple(_ancestors(known[ident], known))) for ident in found}
    return [found[ident] for ident in sorted(found, key=lambda ident: -depth[ident]) if ident not in needed]


def _cut_short(image: Listed, named: Listed | None, now: float) -> bool:
    """Whether an image is what a build on a gold image was at when its process was killed.

    Only the last step of a build carries labels.
    """
    on_gold = named is not None and any(
        str(tag).startswith("cligym-gold/") for tag in named.get("RepoTags") or ()
    )
    old = now - float(image.get("Created") or now) > DAY
    return on_gold and old and not _labels(image) and not _named(image)


def _named(image: Listed) -> bool:
    return any(tag != "<none>:<none>" for tag in image.get("RepoTags") or ())


def _ancestors(image: Listed, known: Mapping[str, Listed]) -> Iterator[Listed]:
    seen = set()
    while (parent := known.get(str(image.get("ParentId")))) is not None and parent["Id"] not in seen:
        seen.add(parent["Id"])
        yield parent
        image = parent


def _own_size(image: Listed, known: Mapping[str, Listed]) -> int:
    parent = known.get(str(image.get("ParentId")))
    return max(0, int(image.get("Size") or 0) - int(parent.get("Size") or 0)) if parent else 0


def _volumes(listing: Listing, mounted: set[str | None], now: float) -> Iterator[Item]:
    ours = {
        str(each["Name"]): now - _time(str(each.get("CreatedAt")))
        for each in listing.volumes
        if LABEL in _labels(each) and str(each["Name"]).startswith(VOLUMES)
    }
    spared = {listing.tools, *mounted} | {name.removesuffix(WHOLE) for name, age in ours.items() if age < DAY}
    # The mark that says a volume is whole goes before the volume itself.
    for name in sorted(ours, key=lambda name: (name.removesuffix(WHOLE), not name.endswith(WHOLE))):
        if name.removesuffix(WHOLE) not in spared:
            yield Item(kind=VOLUME, id=name, what="tools")


def _time(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def current_tools() -> str:
    """Name of the volume this version uses; empty when its contents are not all on this machine."""
    try:
        return tools.volume()
    except EngineError:
        return ""


async def _listing(engine: Engine) -> Listing:
    current = await asyncio.to_thread(current_tools)
    return Listing(
        containers=tuple(await engine.api("containers/json", params={"all": "true"})),
        images=tuple(await engine.api("images/json", params={"all": "true"})),
        # Without a name to spare none can be judged.
        volumes=tuple((await engine.api("volumes")).get("Volumes") or ()) if current else (),
        tools=current,
    )


def _unfinished(library: Library, now: float) -> Iterator[Item]:
    """Directories that a process began and never finished."""
    for path in _old_directories(library.root, now):
        if not (path / JOURNAL_NAME).exists() and not library.alive(path.name):
            yield Item(kind=FILES, id=str(path), what="session", session=path.name)
    for path in _old_directories(store.root(), now):
        if path.name.startswith((".new-", ".old-")) and not _only_copy(path):
            yield Item(kind=FILES, id=str(path), what="gold")
    for path in _old_directories(standing.root(), now):
        if not (path / standing.MARK).exists() and not alive(path):
            yield Item(kind=FILES, id=str(path), what="repairs")


def _old_directories(root: Path, now: float) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for path in sorted(root.iterdir()):
            if path.is_dir() and not path.is_symlink() and now - path.stat().st_mtime > YOUNG:
                yield path


def _only_copy(path: Path) -> bool:
    """Whether a directory holds what was moved away for a new gold environment that never came."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        name = msgspec.json.decode((path / "gold" / "gold.json").read_bytes())["name"]
        return name not in store.names()
    return False


async def _remove(engine: Engine, item: Item) -> str:
    """Remove one thing; why not, or nothing."""
    docker = engine.docker
    try:
        with translated(f"removing the {item.kind} {item.id}"):
            match item.kind:
                case "container":
                    await docker.containers.container(item.id).delete(force=True, v=True)
                case "image":
                    await docker.images.delete(item.id, force=False, noprune=not item.prune)
                case "volume":
                    await DockerVolume(docker, item.id).delete()
                case _:
                    await asyncio.to_thread(shutil.rmtree, item.id)
    except EngineError as error:
        cause = error.__cause__
        if not isinstance(cause, aiodocker.DockerError):
            raise
        # 404: gone by itself. 409: being removed already, or in use since it was listed.
        gone = cause.status == 404 or (cause.status == 409 and "already in progress" in str(cause.message))
        return "" if gone else str(cause.message)
    except OSError as error:
        return error.strerror or str(error)
    return ""
