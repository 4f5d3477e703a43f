"""Builds that come to nothing leave nothing."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

import pytest

from engine.errors import EngineError
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.images import BuildFailed
from engine.sandbox.tools import archive

pytestmark = pytest.mark.docker


@pytest.fixture
async def base(engine: Engine, base_image: str) -> AsyncIterator[str]:
    """A name of an image that nobody else builds on."""
    tag = f"cligym-test/build:{secrets.token_hex(6)}"
    await images.build(engine, context(base_image, f"touch /{tag[-12:]}"), tag=tag)
    yield tag
    await images.remove(engine, tag)


def context(base: str, *commands: str) -> bytes:
    lines = [f"FROM {base}", *(f"RUN {command}" for command in commands)]
    return archive({"Dockerfile": "\n".join(lines).encode()})


async def left_on(engine: Engine, base: str) -> list[str]:
    """Images and containers made from `base`."""
    known = await images.inspect(engine, base)
    assert known is not None
    made = [each["Id"] for each in await engine.api("images/json?all=1") if each["ParentId"] == known["Id"]]
    containers = await engine.api("containers/json?all=1")
    return made + [each["Id"] for each in containers if each["ImageID"] in (known["Id"], *made)]


async def test_a_step_that_fails_takes_those_before_it_along(engine: Engine, base: str) -> None:
    with pytest.raises(BuildFailed, match="returned a non-zero code: 3"):
        await images.build(engine, context(base, "touch /a", "touch /b", "exit 3"))
    assert await left_on(engine, base) == []


@pytest.mark.parametrize("how", ["timeout", "cancelled"])
async def test_a_build_that_nobody_waits_for_ends(engine: Engine, base: str, how: str) -> None:
    at_it = asyncio.Event()

    def said(line: str) -> None:
        if "sleep" in line:
            at_it.set()

    async def build(timeout: float) -> None:
        await images.build(engine, context(base, "touch /a", "sleep 100"), on_line=said, timeout=timeout)

    if how == "timeout":
        with pytest.raises(EngineError, match="took more than 10 s"):
            await build(10)
    else:
        task = asyncio.create_task(build(100))
        await at_it.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert at_it.is_set()
    assert await left_on(engine, base) == []
