"""Snapshots: a sandbox's filesystem as an image, taken only when something changed, with what changed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Protocol

import msgspec

from engine.errors import EngineError
from engine.sandbox import images
from engine.sandbox.client import Engine, translated
from engine.sandbox.delta import Layer, Tree
from engine.sandbox.layers import Raw, against, fingerprint, from_directory, from_tar, layer, overlaid
from engine.sandbox.manifest import managed
from engine.sandbox.sandbox import Sandbox
from engine.sandbox.squash import squash
from sessions.events import Change

DEPTH = 100
"""Layers an image may have before it is squashed: at the engine's own limit of 125 a commit fails."""


@dataclass(frozen=True)
class Snapshot:
    """An image of the session with everything it changed of gold."""

    image: str
    layer: Layer = field(default_factory=dict)
    """The effective delta against gold."""


class Reader(Protocol):
    """How an engine's layers are looked at."""

    async def changed(self, sandbox: Sandbox) -> bool:
        """Whether the filesystem may have changed since the last call; True when that is not known."""

    async def above(self, image: str, count: int) -> list[list[Raw]]:
        """The entries of an image's `count` uppermost layers, lowest first."""


class HostReader:
    """Reads overlay2's directories: two milliseconds, and no clock of a program's fools it. Needs root."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._upper: dict[str, str] = {}
        self._seen: dict[str, str] = {}

    @staticmethod
    def possible(engine: Engine) -> bool:
        """Whether this process can read what the engine writes."""
        return (
            engine.local
            and engine.plain_layers
            and os.access(f"{engine.data_root}/overlay2", os.R_OK | os.X_OK)
        )

    async def changed(self, sandbox: Sandbox) -> bool:
        """Compare inode change times with those of the last call."""
        upper = self._upper.get(sandbox.id)
        if upper is None:
            known = await self.engine.api(f"containers/{sandbox.id}/json")
            upper = self._upper[sandbox.id] = str(known["GraphDriver"]["Data"]["UpperDir"])
        with _readable("what the sandbox changed"):
            now = await asyncio.to_thread(fingerprint, upper)
        before, self._seen[sandbox.id] = self._seen.get(sandbox.id), now
        return before != now

    async def above(self, image: str, count: int) -> list[list[Raw]]:
        """Walk the layers' directories."""
        known = await images.inspect(self.engine, image)
        if known is None:
            raise EngineError(f"the snapshot {image} is not on the engine")
        data = known["GraphDriver"]["Data"]
        directories = [str(data["UpperDir"]), *str(data.get("LowerDir") or "").split(":")][:count]

        def walk() -> list[list[Raw]]:
            return [list(from_directory(directory)) for directory in reversed(directories)]

        with _readable("a layer"):
            return await asyncio.to_thread(walk)


@contextlib.contextmanager
def _readable(what: str) -> Iterator[None]:
    """Too deep a path, or one that changes while it is read, ends a branch and not the session."""
    try:
        yield
    except OSError as error:
        raise EngineError(f"{what} cannot be read: {error.strerror}") from error


class SavedReader:
    """Reads layers through the API, for engines elsewhere: right, and as slow as exporting the image."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def changed(self, sandbox: Sandbox) -> bool:
        """Not known without a commit, whose layer digest tells."""
        return True

    async def above(self, image: str, count: int) -> list[list[Raw]]:
        """Save the image and parse its last layers."""
        with tempfile.TemporaryFile() as spool:
            with translated(f"reading the snapshot {image}"):
                async with self.engine.answer(f"images/{image}/get") as response:
                    async for chunk in response.content.iter_chunked(1 << 20):
                        spool.write(chunk)
            spool.seek(0)
            return await asyncio.to_thread(_last_layers, spool, count)


def _last_layers(spool: IO[bytes], count: int) -> list[list[Raw]]:
    found = []
    with tarfile.open(fileobj=spool) as outer:
        listing = outer.extractfile("manifest.json")
        assert listing is not None
        names = msgspec.json.decode(listing.read())[0]["Layers"]
        for name in names[len(names) - count :]:
            member = outer.getmember(name)
            if member.issym():  # older engines link equal layers
                name = os.path.normpath(os.path.join(os.path.dirname(name), member.linkname))
            file = outer.extractfile(name)
            assert file is not None
            found.append(list(from_tar(file, "r:*")))
    return found


def reader(engine: Engine) -> Reader:
    """The best way to look at this engine's layers."""
    return HostReader(engine) if HostReader.possible(engine) else SavedReader(engine)


@dataclass
class Snapshots:
    """Takes the snapshots of a session's branches."""

    engine: Engine
    image: str
    """The gold image, on which all of them stand."""
    gold: Tree
    """Its filesystem."""
    reader: Reader
    depth: int = DEPTH
    """Layers at which an image is squashed."""
    _layers: dict[str, list[str]] = field(default_factory=dict)
    """Layer digests of the images sandboxes were started from."""
    _top: dict[str, str] = field(default_factory=dict)
    """Digest of the last layer committed from each sandbox."""

    async def begin(self, sandbox: Sandbox) -> None:
        """Take note of a new sandbox as unchanged."""
        await self.reader.changed(sandbox)

    async def take(
        self, sandbox: Sandbox, base: Snapshot, last: Snapshot, *, pause: bool = False
    ) -> Snapshot | None:
        """Commit `sandbox` if it differs from its `last` snapshot; None when nothing did.

        `base` is the snapshot it was started from. With `pause`, its processes stand still meanwhile: for
        when something in it still writes.

        Raises:
            DiskFull: no room for the layer.
            EngineError: the engine refused, or the container is gone.
        """
        if not await self.reader.changed(sandbox):
            return None
        if base.image not in self._layers:
            self._layers[base.image] = await images.layers(self.engine, base.image)
        below = self._layers[base.image]
        image = await sandbox.commit(pause=pause)
        digests = await images.layers(self.engine, image)
        added = digests[len(below) :]
        digest = added[-1] if added else ""
        delta = last.layer
        if self._top.get(sandbox.id, "") != digest:
            self._top[sandbox.id] = digest
            delta = await self._delta(image, base, len(added))
        if delta == last.layer:
            # Its parent is somebody's snapshot still, whether or not a container runs from it.
            await images.remove(self.engine, image, parents=False)
            return None
        return Snapshot(await self._shallow(image, len(digests)), delta)

    async def known(self, image: str) -> Snapshot:
        """A snapshot of an earlier process, read from the engine.

        Raises:
            EngineError: it is not there any more, or stands on another gold image.
        """
        below, digests = [await images.layers(self.engine, one) for one in (self.image, image)]
        if digests[: len(below)] != below:
            raise EngineError(f"the snapshot {image} does not stand on the gold image")
        return Snapshot(image, await self._delta(image, Snapshot(self.image), len(digests) - len(below)))

    async def _delta(self, image: str, base: Snapshot, added: int) -> Layer:
        now = overlaid(self.gold, base.layer)
        for top in await self.reader.above(image, added) if added else ():
            now = overlaid(now, layer([each for each in top if not managed(each[0].rstrip("/"))], now))
        return against(self.gold, now, times=True)

    async def _shallow(self, image: str, depth: int) -> str:
        if self.image not in self._layers:
            self._layers[self.image] = await images.layers(self.engine, self.image)
        if depth < self.depth or depth <= len(self._layers[self.image]) + 1:
            return image
        squashed = await squash(self.engine, image, self.image, self.gold)
        await images.remove(self.engine, image, parents=False)
        return squashed


def between(gold: Tree, before: Layer, after: Layer) -> tuple[Change, ...]:
    """What one step changed: the difference of two deltas against gold, by path."""
    was, now = overlaid(gold, before), overlaid(gold, after)
    paths = sorted({*before, *after})
    found = []
    for path in paths:
        old, new = was.get(path), now.get(path)
        if new is None and old is not None:
            found.append(Change(path, "removed", old.what))
        elif new is not None and (old is None or not new.same(old, times=True)):
            found.append(Change(path, "changed" if old else "added", new.what, new.size))
    return tuple(found)
