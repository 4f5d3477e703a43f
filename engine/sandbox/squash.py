"""Fold the layers above gold into one, before forks of forks meet the engine's limit of 125 layers.

The merged layer is written by hand and given to `docker load` without the layers below it: an engine that has
those does not ask for their bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

import msgspec

from engine.errors import EngineError
from engine.sandbox import images
from engine.sandbox.client import Engine, translated
from engine.sandbox.delta import Tree
from engine.sandbox.layers import WHITEOUT, against, path_of, sha256
from engine.sandbox.manifest import export, tree


async def squash(engine: Engine, image: str, gold: str, files: Tree) -> str:
    """The id of an image with the filesystem and the settings of `image`: gold's layers and one more.

    `files` is the filesystem of `gold`, on which `image` stands.

    Raises:
        EngineError: the engine does not take the layer, as one with another image store may not.
    """
    known = await images.inspect(engine, image)
    if known is None:
        raise EngineError(f"the snapshot {image} is not on the engine")
    below = await images.layers(engine, gold)
    with (
        tempfile.TemporaryFile() as whole,
        tempfile.TemporaryFile() as layer,
        tempfile.TemporaryFile() as load,
    ):
        await export(engine, image, whole)
        await asyncio.to_thread(_merge, whole, layer, files)
        config = _config(known, below, await asyncio.to_thread(_sha256, layer))
        await asyncio.to_thread(_pack, load, config, len(below), layer)
        with translated("squashing a snapshot"):
            async with engine.answer(
                "images/load",
                method="POST",
                params={"quiet": 1},
                data=load,
                headers={"Content-Type": "application/x-tar"},
            ) as response:
                said = await response.read()
    made = "sha256:" + hashlib.sha256(config).hexdigest()
    if not await images.exists(engine, made):
        raise EngineError(
            f"the engine did not take a squashed snapshot: {said[-300:].decode(errors='replace')}"
        )
    return made


def _merge(whole: IO[bytes], layer: IO[bytes], gold: Tree) -> None:
    """Write what the exported filesystem `whole` differs in from gold's as a layer's tar."""
    delta = against(gold, tree(whole), times=True)
    # A directory that the layer does not name would be made anew, with an owner and a mode of its own.
    wanted = {path for path, entry in delta.items() if entry is not None} | set(_parents(delta))
    whole.seek(0)
    with (
        tarfile.open(fileobj=whole, mode="r:", errors="surrogateescape") as source,
        tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as target,
    ):
        for member in source:
            if path_of(member.name) in wanted:
                _copy(source, member, target, wanted)
        for path, entry in delta.items():
            if entry is None:
                directory, _, name = path.rpartition("/")
                target.addfile(tarfile.TarInfo(f"{directory}/{WHITEOUT}{name}".lstrip("/")))


def _parents(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        while path := path.rpartition("/")[0]:
            yield path


def _copy(
    source: tarfile.TarFile, member: tarfile.TarInfo, target: tarfile.TarFile, wanted: set[str]
) -> None:
    content = source.extractfile(member) if member.isreg() or member.islnk() else None
    if member.islnk() and path_of(member.linkname) not in wanted:
        assert content is not None
        member.type, member.size, member.linkname = tarfile.REGTYPE, content.seek(0, io.SEEK_END), ""
        content.seek(0)
    target.addfile(member, content if member.isreg() else None)


def _config(known: dict[str, Any], below: list[str], layer: str) -> bytes:
    settings = {name: value for name, value in known["Config"].items() if value}
    return msgspec.json.encode(
        {
            "architecture": known["Architecture"],
            "os": known["Os"],
            "created": known["Created"],
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [*below, f"sha256:{layer}"]},
        }
    )


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    return sha256(file)


def _pack(load: IO[bytes], config: bytes, below: int, layer: IO[bytes]) -> None:
    names = [f"{number}/layer.tar" for number in range(below + 1)]
    listing = msgspec.json.encode([{"Config": "config.json", "RepoTags": None, "Layers": names}])
    with tarfile.open(fileobj=load, mode="w") as tar:
        for name, data in (("config.json", config), ("manifest.json", listing)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        info = tarfile.TarInfo(names[-1])
        info.size = layer.seek(0, io.SEEK_END)
        layer.seek(0)
        tar.addfile(info, layer)
    load.seek(0)
