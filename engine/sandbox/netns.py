"""Namespaces made ahead: building a network is half of what starting a container costs.

Each is held by a container that runs our control program and nothing else; others join its network, and a
branch's its process namespace too, with `container:<id>`. Only loopback is in the network.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from engine.sandbox.client import Engine, translated
from engine.sandbox.container import Limits, configuration, created, end, host_config
from engine.sandbox.control import Control
from engine.sandbox.sandbox import CONTROL

READY = 2
"""Namespaces of a session that are kept idle."""
SETTLE = 0.4
"""Seconds left to a container to come up in a leased one: the engine starts two no faster than one by one."""


@dataclass(frozen=True)
class Namespace:
    """One idle network and process namespace."""

    control: Control
    """Its first process, which a sandbox can take for its own."""

    @property
    def id(self) -> str:
        """The id of the container that holds it."""
        return self.control.id

    @property
    def network(self) -> str:
        """What to give a container as its network."""
        return f"container:{self.id}"


@dataclass
class Namespaces:
    """A few namespaces kept ready for one session.

    Containers of a namespace share its `/etc/hosts` and loopback, so it is used by one at a time, and again
    only when nothing in it ran as root but what is our own.
    """

    engine: Engine
    image: str
    session: str = ""
    ready: int = field(default_factory=lambda: READY)
    _idle: deque[Namespace] = field(default_factory=deque)
    _made: dict[str, Namespace] = field(default_factory=dict)
    _making: set[asyncio.Task[None]] = field(default_factory=set)
    _closed: bool = False

    async def lease(self, *, clean: bool = False) -> Namespace:
        """A namespace for one container; a new one is made when none is idle.

        `clean` as for `give_back`: one that will come back needs no other made in its place.
        """
        namespace = self._idle.popleft() if self._idle else await self._make()
        if not clean:
            self.warm(SETTLE)
        return namespace

    def warm(self, delay: float = 0.0) -> None:
        """Have `ready` idle ones made in the background, beginning after `delay` seconds."""
        missing = self.ready - len(self._idle) - len(self._making)
        for _ in range(0 if self._closed else missing):
            task = asyncio.create_task(self._stock(delay))
            self._making.add(task)
            task.add_done_callback(self._making.discard)

    async def _stock(self, delay: float) -> None:
        with contextlib.suppress(Exception):  # the next lease meets the same failure and reports it
            await asyncio.sleep(delay)
            self._idle.append(await self._make())

    async def _make(self) -> Namespace:
        limits = Limits(memory=32 << 20, pids=8)
        config = {
            **configuration(self.image, CONTROL, "netns", self.session),
            "Hostname": "sandbox",
            "HostConfig": host_config(network="none", binds=(), limits=limits),
        }
        with translated("making a namespace"):
            container = await created(self.engine, config)
            namespace = self._made[container.id] = Namespace(Control(container.id))
            try:
                await namespace.control.attach(container)
                await container.start()
                namespace.control.listen()
            except BaseException:
                await asyncio.shield(self._end(namespace))
                raise
        return namespace

    @asynccontextmanager
    async def leased(self, *, clean: bool = False) -> AsyncIterator[Namespace]:
        """A namespace for the time of a `with` block; `clean` as for `give_back`."""
        namespace = await self.lease(clean=clean)
        try:
            yield namespace
        finally:
            await asyncio.shield(self.give_back(namespace, clean=clean))

    async def give_back(self, namespace: Namespace, *, clean: bool) -> None:
        """The container that used it is gone; `clean` when nothing in it ran as root."""
        if clean and not self._closed and len(self._idle) < self.ready:
            self._idle.append(namespace)
        else:
            await self._end(namespace)

    async def _end(self, namespace: Namespace) -> None:
        self._made.pop(namespace.id, None)
        await end(self.engine.docker.containers.container(namespace.id))
        await namespace.control.close()

    async def close(self) -> None:
        """End them all."""
        self._closed = True
        for task in self._making:
            task.cancel()
        await asyncio.gather(*self._making, return_exceptions=True)
        for namespace in list(self._made.values()):
            await self._end(namespace)
        self._idle.clear()
