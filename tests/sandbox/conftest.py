"""A running sandbox of the base image, and a shell in it that remembers what it printed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from engine.sandbox.client import Engine
from engine.sandbox.sandbox import Limits, Sandbox
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


@pytest.fixture
async def sandbox(engine: Engine, base_image: str) -> AsyncIterator[Sandbox]:
    limits = Limits(memory=256 << 20, pids=96)
    async with await Sandbox.start(engine, base_image, limits=limits) as started:
        yield started


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
