"""Snapshots: a sandbox's filesystem as an image, taken only when something changed, with what changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.errors import EngineError
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.delta import Layer, Tree
from engine.sandbox.layers import against, overlaid
from engine.sandbox.manifest import stacked
from engine.sandbox.readers import Reader
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
    _stands: dict[str, str] = field(default_factory=dict)
    """The snapshot each sandbox was the same as when its reader was last asked; nothing while in doubt."""
    _top: dict[str, tuple[str, Layer]] = field(default_factory=dict)
    """Digest of the last layer committed from each sandbox, and what that came to."""

    async def begin(self, sandbox: Sandbox) -> None:
        """Take note of a new sandbox as unchanged."""
        await self.reader.changed(sandbox)
        self._stands[sandbox.id] = sandbox.image

    async def take(
        self, sandbox: Sandbox, base: Snapshot, last: Snapshot, *, pause: bool = False
    ) -> Snapshot | None:
        """Commit `sandbox` if it differs from its `last` snapshot; None when nothing did.

        `base` is the snapshot it was started from. With `pause`, its processes stand still meanwhile: for
        when something in it still writes. When this fails, or the caller drops what it got, the next call
        finds the same difference again.

        Raises:
            DiskFull: no room for the layer.
            EngineError: the engine refused, or the container is gone.
        """
        stands = self._stands.pop(sandbox.id, "")
        same = not await self.reader.changed(sandbox) and stands == last.image
        taken = None if same else await self._commit(sandbox, base, last, pause)
        self._stands[sandbox.id] = (taken or last).image
        return taken

    async def _commit(self, sandbox: Sandbox, base: Snapshot, last: Snapshot, pause: bool) -> Snapshot | None:
        if base.image not in self._layers:
            self._layers[base.image] = await images.layers(self.engine, base.image)
        below = self._layers[base.image]
        image = await sandbox.commit(pause=pause)
        digests = await images.layers(self.engine, image)
        added = digests[len(below) :]
        digest = added[-1] if added else ""
        known, delta = self._top.get(sandbox.id, ("", base.layer))
        if known != digest:
            delta = await self._delta(image, base, len(added))
            self._top[sandbox.id] = digest, delta
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
        if added:
            now = stacked(now, await self.reader.above(image, added))
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
    # What lay below a directory that was gone and is back is in neither delta, where it is gold's.
    paths = sorted({*before, *after, *(now.keys() - was.keys())})
    found = []
    for path in paths:
        old, new = was.get(path), now.get(path)
        if new is None and old is not None:
            found.append(Change(path, "removed", old.what))
        elif new is not None and (old is None or not new.same(old, times=True)):
            found.append(Change(path, "changed" if old else "added", new.what, new.size))
    return tuple(found)
