"""How layers are looked at: on the engine's machine in overlay2's directories, else in saved images."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tarfile
import tempfile
from collections.abc import Iterator
from typing import IO, Protocol

import msgspec

from engine.errors import EngineError
from engine.sandbox import images
from engine.sandbox.client import Engine, translated
from engine.sandbox.layers import Raw, fingerprint, from_directory, from_tar
from engine.sandbox.sandbox import Sandbox


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

    async def above(self, image: str, count: int | None = None) -> list[list[Raw]]:
        """Walk the layers' directories, those of all layers when `count` is None."""
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
