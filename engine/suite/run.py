"""Run the suite once, in a throwaway container from an image, streaming what every test does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiodocker.stream import Stream

from engine.gold.model import TestCommand
from engine.sandbox import tools
from engine.sandbox.client import Engine, translated
from engine.sandbox.container import Limits, configuration, created, end, host_config
from engine.sandbox.control import SandboxLost, hang_up
from engine.sandbox.netns import Namespace, Namespaces
from engine.sandbox.sandbox import Tail
from engine.suite.protocol import END, Collector, Touch
from engine.suite.report import Report, TestResult

TAIL = 16 << 10
"""Bytes kept of what the suite prints beside its results."""


@dataclass
class Suite:
    """The gold tests, ready to be run on any image made from the gold one."""

    engine: Engine
    test: TestCommand
    session: str = ""
    limits: Limits = field(default_factory=Limits)
    namespaces: Namespaces | None = None
    """Where the containers' network comes from; without it each makes its own."""
    touched: Mapping[str, Touch] = field(default_factory=dict)
    """What each test used, after a run with `touch`."""

    async def run(
        self,
        image: str,
        on_result: Callable[[TestResult], None] | None = None,
        touch: bool = False,
        timeout: float | None = None,
        grace: float = 0.0,
    ) -> Report:
        """One cold run without network; at most one for each processor at a time.

        A suite that cannot start, dies or is cut short is a report that says so.

        Args:
            image: where it is run.
            on_result: called for every test as it ends; must not block.
            touch: whether to watch what each test uses.
            timeout: seconds until it is cut short, those of the test command without it.
            grace: seconds it has from every result on, however long ago it began; not beyond the test
                command's own time.

        Raises:
            EngineError: the container could not be made.
            SandboxLost: something other than the tests ended it.
        """
        async with self.engine.suite_slots:
            return await self._run(image, on_result, touch, timeout or self.test.timeout, grace)

    async def _run(
        self,
        image: str,
        on_result: Callable[[TestResult], None] | None,
        touch: bool,
        timeout: float,
        grace: float,
    ) -> Report:
        collector, tail = Collector(on_result), Tail(TAIL)
        options = ("--touch",) if touch else ()
        clean = self.test.user != "root"
        namespace = await self.namespaces.lease(clean=clean) if self.namespaces else None
        began = time.monotonic()
        timed_out = False
        container = stream = None
        try:
            config = self._config(image, options, namespace.network if namespace else "none")
            with translated("starting the suite"):
                container = await created(self.engine, config)
                stream = container.attach(stdin=True, stdout=True, stderr=True)
                await stream._init()
                await container.start()
            try:
                async with asyncio.timeout(timeout) as limit:
                    last = asyncio.get_running_loop().time() + self.test.timeout
                    with translated("the suite"):
                        while (message := await stream.read_out()) is not None:
                            before = len(collector.results)
                            if message.stream == 1:
                                collector.feed(message.data)
                            else:
                                tail.add(message.data)
                                collector.printed(message.data)
                            if collector.whole:
                                break
                            if grace and len(collector.results) > before:
                                put_off(limit, grace, last)
            except TimeoutError:
                timed_out = True
        finally:
            ending = self._end(container, stream, namespace)
            if collector.whole:
                self.engine.later(ending)
            else:
                await asyncio.shield(ending)
        if collector.exit_code is None and not timed_out:
            # Its first process says how the test command ended, whatever the tests do; so it was not they.
            raise SandboxLost("the suite's container was ended from outside, or by the end of the engine")
        self.touched = collector.touch if touch else self.touched
        seconds, printed = time.monotonic() - began, tail.bytes().removesuffix(END)
        return collector.report(timed_out=timed_out, seconds=seconds, tail=printed)

    async def _end(self, container: Any, stream: Stream | None, namespace: Namespace | None) -> None:
        if container is not None:
            await end(container)
        if stream is not None:
            await hang_up(stream)
        if namespace is not None and self.namespaces is not None:
            await self.namespaces.give_back(namespace, clean=self.test.user != "root")

    def _config(self, image: str, options: Sequence[str], network: str) -> dict[str, Any]:
        argv = self.test.argv(tools.RUNNER, tuple(options))
        command = [tools.BUSYBOX, "sh", f"{tools.MOUNT}/suite", *argv]
        config: dict[str, Any] = {
            **configuration(image, command, "suite", self.session),
            "HostConfig": host_config(network=network, binds=(), limits=self.limits),
        }
        if network == "none":
            config["Hostname"] = "sandbox"
        return config


def put_off(limit: asyncio.Timeout, grace: float, last: float) -> None:
    """Let a limit come no sooner than `grace` seconds from now, nor later than `last`."""
    now, when = asyncio.get_running_loop().time(), limit.when() or 0.0
    limit.reschedule(max(when, min(now + grace, last)))
