"""The whole filesystem of an image as entries: what deltas are compared against."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from typing import IO

import msgspec

from engine.sandbox.client import Engine, translated
from engine.sandbox.container import unstarted
from engine.sandbox.delta import Entry, Tree
from engine.sandbox.layers import Raw, from_tar, layer, overlaid
from engine.sandbox.readers import HostReader

_MANAGED = (
    "/dev",
    "/proc",
    "/sys",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/mtab",
    "/etc/resolv.conf",
    "/.dockerenv",
)
"""What the engine provides at run time: never part of a layer."""


async def manifest(engine: Engine, image: str) -> dict[str, Entry]:
    """Every path of `image`: a second for one of 300 MB on the engine's own machine, else three.

    Raises:
        EngineError: there is no such image.
    """
    if HostReader.possible(engine):
        return dict(stacked({}, await HostReader(engine).above(image)))
    with tempfile.TemporaryFile() as spool:
        await export(engine, image, spool)
        return await asyncio.to_thread(tree, spool)


async def known(engine: Engine, image: str) -> Tree:
    """The same, read once for those that ask for it one after the other: an image's id is its content's.

    Raises:
        EngineError: as `manifest`.
    """
    found = _KNOWN.get(image)
    if found is None:
        found = await manifest(engine, image)
        while len(_KNOWN) >= KEPT:
            _KNOWN.pop(next(iter(_KNOWN)))
        _KNOWN[image] = found
    return found


KEPT = 2
"""Images whose filesystems are remembered, ten megabytes each."""
_KNOWN: dict[str, Tree] = {}


async def export(engine: Engine, image: str, spool: IO[bytes]) -> None:
    """Write the filesystem of `image` into `spool`, as a tar."""
    async with unstarted(engine, image, "manifest") as container:
        with translated(f"reading the image {image}"):
            async with engine.answer(f"containers/{container.id}/export") as response:
                async for chunk in response.content.iter_chunked(1 << 20):
                    spool.write(chunk)


def tree(spool: IO[bytes]) -> dict[str, Entry]:
    """The entries of an exported filesystem."""
    spool.seek(0)
    raw = from_tar(spool, "r:")
    return {path: entry for path, entry in raw if entry is not None and not managed(path)}


def stacked(tree: Tree, layers: Iterable[Iterable[Raw]]) -> Tree:
    """The filesystem that layers make of `tree`, lowest first, without what the engine provides."""
    for raw in layers:
        tree = overlaid(tree, layer([each for each in raw if not managed(each[0].rstrip("/"))], tree))
    return tree


def managed(path: str) -> bool:
    """Whether the engine provides this path to every container."""
    return any(path == each or path.startswith(each + "/") for each in _MANAGED)


def pack(tree: Tree) -> bytes:
    """A tree as bytes, for a blob."""
    return msgspec.msgpack.encode(tree)
