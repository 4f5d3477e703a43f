"""Read files of an image without starting anything."""

from __future__ import annotations

import io
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from engine.errors import EngineError
from engine.sandbox.client import Engine, translated
from engine.sandbox.container import unstarted


@asynccontextmanager
async def reading(
    engine: Engine, image: str, session: str = ""
) -> AsyncIterator[Callable[[str], Awaitable[bytes]]]:
    """A function that gives a tar of one path of `image`, from a container that never runs.

    Raises:
        EngineError: there is no such image or path.
    """
    async with unstarted(engine, image, "reading", session) as container:
        archive = f"containers/{container.id}/archive"

        async def get(path: str) -> bytes:
            with translated(f"reading {path}"):
                async with engine.answer(archive, params={"path": path}) as response:
                    return await response.read()

        yield get


def content(archive: bytes, path: str) -> bytes:
    """What a tar of one regular file has in it.

    Raises:
        EngineError: it is of something else.
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        member = tar.next()
        file = tar.extractfile(member) if member else None
        if file is None:
            raise EngineError(f"{path} is not a regular file")
        return file.read()
