"""Images: inspect, build, remove."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
from collections.abc import Callable
from typing import Any

import aiodocker
import aiohttp

from engine.errors import DiskFull, EngineError
from engine.sandbox.client import Engine, translated

_MADE = re.compile(r"---> ([0-9a-f]{12,64})")
_PATIENCE = 50
"""Tenths of a second in which a builder ends a step that nobody waits for any more."""


class BuildFailed(EngineError):
    """A Dockerfile did not build; the message ends with the builder's last words."""


async def inspect(engine: Engine, image: str) -> dict[str, Any] | None:
    """What the engine knows of an image, None without one."""
    with translated(f"the image {image}"):
        try:
            return await engine.docker.images.inspect(image)
        except aiodocker.DockerError as error:
            if error.status == 404:
                return None
            raise


async def exists(engine: Engine, image: str) -> bool:
    """Whether the engine has the image."""
    return await inspect(engine, image) is not None


async def layers(engine: Engine, image: str) -> list[str]:
    """Digests of the image's layers, lowest first.

    Raises:
        EngineError: there is no such image.
    """
    known = await inspect(engine, image)
    if known is None:
        raise EngineError(f"the image {image} is not on the engine")
    return list(known["RootFS"].get("Layers") or [])


async def remove(engine: Engine, image: str, *, parents: bool = True) -> None:
    """Remove an image or a name of one; whether it is there or in use does not matter.

    With `parents`, the nameless images it was made from go with it, as a build leaves them behind.
    """
    with contextlib.suppress(EngineError), translated():
        await engine.docker.images.delete(image, force=False, noprune=not parents)


async def build(
    engine: Engine,
    context: bytes,
    *,
    dockerfile: str = "Dockerfile",
    tag: str = "",
    network: str = "none",
    nocache: bool = True,
    labels: dict[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
    timeout: float = 1800.0,
) -> str:
    """Build a Dockerfile from a tar of its context with the classic builder; the image's id.

    Raises:
        BuildFailed: a step failed.
        EngineError: the engine did, or `timeout` seconds were not enough.
    """
    params = {
        "dockerfile": dockerfile,
        "t": tag,
        "networkmode": network,
        "nocache": str(nocache).lower(),
        "rm": "true",
        "forcerm": "true",
        "labels": json.dumps(labels or {}),
    }
    made, last = "", ""
    steps = _Steps()
    with translated("building an image"):
        try:
            async with (
                asyncio.timeout(timeout),
                engine.answer(
                    "build",
                    method="POST",
                    params={name: value for name, value in params.items() if value},
                    data=io.BytesIO(context),
                    headers={"Content-Type": "application/x-tar"},
                    timeout=aiohttp.ClientTimeout(total=None, sock_read=None),
                ) as response,
            ):
                async for line in response.content:
                    said = json.loads(line)
                    if "error" in said:
                        message = str(said["error"]).strip()
                        if "no space left on device" in message + last:
                            raise DiskFull(
                                "the Docker Engine's disk is full", "free space, or run `cligym-tui gc`"
                            )
                        raise BuildFailed(
                            f"the build failed: {message}" + (f" ({last[-500:]})" if last else "")
                        )
                    text = str(said.get("stream") or "").strip()
                    steps.read(text)
                    made = (said.get("aux") or {}).get("ID") or made
                    if text:
                        last = text if not text.startswith(("--->", "Removing", "Step")) else last
                        if on_line:
                            on_line(text)
        except TimeoutError as error:
            raise EngineError(f"the build took more than {timeout:.0f} s") from error
        except ValueError as error:
            raise EngineError(f"the engine's answer to a build cannot be read: {error}") from error
        finally:
            if not made and nocache:
                # The builder keeps what the steps before the failed one made, without a name or a label.
                with contextlib.suppress(EngineError):
                    await asyncio.shield(steps.clear(engine))
    if not made:
        raise EngineError("the engine did not say which image it built")
    return str(made)


class _Steps:
    """The images that the steps of a build have made, as its output tells."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self._stage = False

    def read(self, text: str) -> None:
        """Take in the next line of output."""
        if text.startswith("Step "):
            # A stage begins with somebody else's image.
            self._stage = text.partition(" : ")[2].upper().startswith("FROM")
        elif (found := _MADE.fullmatch(text)) and not self._stage:
            self.made.append(found[1])

    async def clear(self, engine: Engine) -> None:
        """Remove them, the last one first, once the builder has ended the step that stands on it."""
        for image in reversed(self.made):
            for _ in range(_PATIENCE):
                await remove(engine, image, parents=False)
                if not await exists(engine, image):
                    break
                await asyncio.sleep(0.1)
