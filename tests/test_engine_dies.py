"""The engine goes away, or stands still, while something is under way: an error that says so, and soon.

A proxy stands between: cut, it closes everything and listens no more, as a killed daemon does; frozen, it
keeps what it is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from engine.agents.model import Proposal
from engine.errors import EngineError
from engine.exploration import Branch, Exploration
from engine.gold.model import Gold
from engine.sandbox import client, control, images, tools
from engine.sandbox.client import Endpoint, Engine, connect
from engine.sandbox.control import SandboxLost
from engine.sandbox.manifest import export, manifest
from engine.sandbox.sandbox import Sandbox
from sessions.journal import Journal

pytestmark = pytest.mark.docker

SOON = 8.0
"""Seconds, on a busy machine; nothing here is over by itself as soon as that."""


class Proxy:
    """Passes bytes between a socket of its own and the engine's."""

    def __init__(self, engine: str, own: Path) -> None:
        self.engine, self.own = engine, own
        self.open = asyncio.Event()
        self.open.set()
        self._ends: list[asyncio.StreamWriter] = []
        self._pumps: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._joined, self.own)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(self.engine)
        self._ends += [writer, far_writer]
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                await self.open.wait()
                sink.write(data)
                await sink.drain()
            await self.open.wait()
            with contextlib.suppress(OSError, RuntimeError):
                sink.write_eof()

    async def cut(self) -> None:
        self._server.close()
        self.own.unlink(missing_ok=True)
        for end in self._ends:
            end.transport.abort()
        await asyncio.sleep(0)

    async def stop(self) -> None:
        await self.cut()
        for task in list(self._pumps):
            task.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)


@pytest.fixture
async def proxy(endpoint: Endpoint, tmp_path: Path, clear_containers) -> AsyncIterator[Proxy]:
    assert endpoint.socket, "these tests need an engine on a unix socket"
    proxy = Proxy(endpoint.socket, tmp_path / "proxy.sock")
    await proxy.start()
    yield proxy
    await proxy.stop()
    await clear_containers()  # what nobody could remove any more; `gc` does it for users


@pytest.fixture
async def far(proxy: Proxy) -> AsyncIterator[Engine]:
    """The engine, as seen through the proxy."""
    async with connect(Endpoint(f"unix://{proxy.own}", "DOCKER_HOST")) as engine:
        yield engine


@pytest.fixture
async def exploration(far: Engine, gold: Gold, gold_tree, tmp_path: Path) -> AsyncIterator[Exploration]:
    with Journal(tmp_path / "events.jsonl") as journal:
        exploration = Exploration(far, gold, gold_tree, journal, "dying")
        await exploration.prepare()
        yield exploration
        async with asyncio.timeout(SOON):
            await exploration.end()


@pytest.fixture
async def branch(exploration: Exploration) -> Branch:
    return await exploration.open("b1")


Work = Callable[[Exploration, Branch], Awaitable[object]]

WORK: dict[str, Work] = {
    "a command": lambda exploration, branch: branch.shell.run("sleep 100"),
    "a step": lambda exploration, branch: exploration.step(branch, Proposal("sleep 100", "scripted")),
    "a step's suite": lambda exploration, branch: exploration.step(
        branch, Proposal("echo 'import time; time.sleep(100)' >conftest.py", "scripted")
    ),
    "a command beside": lambda exploration, branch: branch.sandbox.exec(["sleep", "100"]),
    "a build": lambda exploration, branch: images.build(
        exploration.engine,
        tools.archive({"Dockerfile": f"FROM {exploration.gold.tag}\nRUN sleep 50".encode()}),
    ),
    "an export": lambda exploration, branch: export(exploration.engine, exploration.gold.image, io.BytesIO()),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
async def test_a_killed_engine_is_told_at_once(
    proxy, exploration: Exploration, branch: Branch, work: Work
) -> None:
    running = asyncio.ensure_future(work(exploration, branch))
    await asyncio.sleep(0.3 if work is WORK["an export"] else 2.5 if work is WORK["a step's suite"] else 1)
    assert not running.done()
    await proxy.cut()
    async with asyncio.timeout(SOON):
        with pytest.raises(EngineError) as caught:
            await running
    assert "\n" not in str(caught.value)
    async with asyncio.timeout(SOON):
        with pytest.raises(EngineError, match="does not answer") as told:
            await exploration.excuse(caught.value)
        assert "scripts/setup" in told.value.hint
        with pytest.raises(EngineError):
            await exploration.open("b2")
        await exploration.close(branch, "failed")


async def test_everything_asked_of_a_killed_engine_is_told(
    proxy, exploration: Exploration, branch: Branch
) -> None:
    await proxy.cut()
    box, shell = branch.sandbox, branch.shell
    for ask in (
        lambda: shell.run("true"),
        lambda: shell.run("true"),
        lambda: shell.open(),
        lambda: box.ask("list"),
        lambda: box.exec(["true"]),
        lambda: box.get("/etc/passwd"),
        lambda: box.put(tools.archive({"x": b""})),
        lambda: box.commit(),
        lambda: exploration.suite.run(exploration.gold.image),
        lambda: images.inspect(exploration.engine, "x"),
        lambda: images.build(exploration.engine, tools.archive({"Dockerfile": b"FROM scratch"})),
        lambda: manifest(exploration.engine, exploration.gold.image),
        lambda: Sandbox.start(exploration.engine, exploration.gold.image),
    ):
        async with asyncio.timeout(SOON):
            with pytest.raises(EngineError):
                await ask()
    await shell.resize(10, 10)
    async with asyncio.timeout(SOON):
        await exploration.close(branch, "failed")
        await images.remove(exploration.engine, "x")


async def test_an_engine_that_stands_still_is_told_as_well(
    proxy, exploration: Exploration, branch: Branch, monkeypatch
) -> None:
    await branch.shell.busy()  # nothing is asked any more with more patience
    monkeypatch.setattr(control, "PATIENCE", 1.0)
    proxy.open.clear()
    async with asyncio.timeout(30):
        with pytest.raises(SandboxLost):
            await branch.shell.run("true", timeout=1)
    proxy.open.set()
    await exploration.close(branch, "failed")


async def test_a_call_is_not_waited_for_without_end(proxy: Proxy, endpoint, monkeypatch) -> None:
    monkeypatch.setattr(client, "SILENCE", 1.0)
    async with connect(Endpoint(f"unix://{proxy.own}", "DOCKER_HOST")) as engine:
        proxy.open.clear()
        async with asyncio.timeout(30):
            with pytest.raises(EngineError, match="does not answer"):
                await images.inspect(engine, "x")
        proxy.open.set()
