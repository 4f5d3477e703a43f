"""A running sandbox of the base image, and a shell in it that remembers what it printed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from engine.sandbox.client import Engine
from engine.sandbox.container import Limits
from engine.sandbox.netns import Namespaces
from engine.sandbox.sandbox import Sandbox
from engine.sandbox.shell import Shell


@dataclass
class Seen:
    """What a shell told those who watch it."""

    output: bytearray = field(default_factory=bytearray)
    lost: list[tuple[str, str]] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, data: bytes) -> None:
        self.output += data
        self._more.set()

    async def until(self, text: bytes) -> None:
        """Wait until `text` was printed."""
        while text not in self.output:
            self._more.clear()
            await self._more.wait()


LIMITS = Limits(memory=256 << 20, pids=96)


@pytest.fixture(params=["alone", "joined"])
async def sandbox(engine: Engine, base_image: str, request) -> AsyncIterator[Sandbox]:
    """A container with a PID 1 of its own, and one in the namespaces of another as branches are."""
    if request.param == "alone":
        async with await Sandbox.start(engine, base_image, limits=LIMITS) as started:
            yield started
        return
    namespaces = Namespaces(engine, base_image, "tests", ready=0)
    async with namespaces.leased() as namespace:
        joined = Sandbox.join(engine, base_image, namespace.control, home="/root", limits=LIMITS)
        async with await joined as started:
            yield started
    await namespaces.close()


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def shell(sandbox: Sandbox, seen: Seen) -> AsyncIterator[Shell]:
    opened = Shell(
        sandbox,
        on_output=seen.add,
        on_lost=lambda reason, program: seen.lost.append((reason, program)),
        home="/root",
    )
    await opened.open()
    yield opened
    await opened.close()
