"""The durable channel to a sandbox's first process: questions and answers, and what its shells report."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiodocker
import aiohttp
from aiodocker.stream import Stream

from engine.errors import EngineError
from engine.sandbox.records import Answer, Records, Report

GONE = (aiodocker.DockerError, aiohttp.ClientError, OSError, EOFError)
"""What a call raises when the container or the engine is no more."""

PATIENCE = 10.0
"""Seconds PID 1 has for an answer, which it gives in one or two milliseconds."""


class SandboxLost(EngineError):
    """The container ended or the engine dropped it: what it held since its last snapshot is gone."""


async def hang_up(stream: Stream) -> None:
    """Close a stream in whatever state it is."""
    with contextlib.suppress(AssertionError, RuntimeError, *GONE):
        await stream.close()


@dataclass
class Control:
    """The attached input and output of a PID 1 that runs `inside/init`.

    Its input closes with this process, however it ends; then PID 1 exits, and with it all of its namespace.
    """

    id: str
    """The container's."""
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    """What the reports of this sandbox's shells begin with."""
    on_report: Callable[[Report], None] = lambda report: None
    """Called for everything a shell in here reports."""
    lost: bool = False
    _stream: Stream | None = None
    _waiting: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    _reader: asyncio.Task[None] | None = None

    async def attach(self, container: Any) -> None:
        """Hang on to a container that is not started yet, so that nothing it says is missed."""
        self._stream = container.attach(stdin=True, stdout=True, stderr=True)
        assert self._stream is not None
        await self._stream._init()

    def listen(self) -> None:
        """Begin to read; the container runs."""
        self._reader = asyncio.create_task(self._read(), name=f"control {self.id[:12]}")

    async def _read(self) -> None:
        assert self._stream is not None
        records = Records(self.nonce)
        try:
            while (message := await self._stream.read_out()) is not None:
                for record in records.feed(message.data):
                    if isinstance(record, Answer):
                        future = self._waiting.pop(record.id, None)
                        if future and not future.done():
                            future.set_result(record.text)
                    else:
                        self.on_report(record)
        except GONE:
            pass  # the same as the end of the stream: the container is lost
        finally:
            self.lost = True
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(SandboxLost(f"the sandbox {self.id[:12]} ended"))
            self._waiting.clear()

    async def ask(self, verb: str, rest: str = "", patience: float = 1.0) -> str:
        """PID 1's answer to one request: `list`, `reap KEEP`, `state PID` or `ping`.

        Raises:
            SandboxLost: the container is gone, or PID 1 does not answer within `patience` times `PATIENCE`.
        """
        if self.lost or self._stream is None:
            raise SandboxLost(f"the sandbox {self.id[:12]} ended")
        ident = secrets.token_hex(6)  # not to be guessed by what writes to PID 1's output
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[ident] = future
        try:
            await self._stream.write_in(f"{ident} {verb} {rest}\n".encode())
            async with asyncio.timeout(patience * PATIENCE):
                return await future
        except (TimeoutError, AssertionError, RuntimeError, *GONE) as error:
            raise SandboxLost(f"the sandbox {self.id[:12]} does not answer") from error
        finally:
            self._waiting.pop(ident, None)

    async def hang_up(self) -> None:
        """Let go of PID 1, which ends it. Safe to call again."""
        self.lost = True
        if self._stream is not None:
            await hang_up(self._stream)

    async def close(self) -> None:
        """Hang up and be done with the reading."""
        await self.hang_up()
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
