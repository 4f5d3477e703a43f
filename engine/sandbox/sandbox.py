"""One container of ours: limits, labels, a durable control channel, files in and out, commands, commit."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import secrets
import socket
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import aiodocker
import aiohttp
from aiodocker.stream import Stream

from engine.errors import EngineError
from engine.sandbox import tools
from engine.sandbox.client import Engine, translated
from engine.sandbox.records import Answer, Prompt, Records
from sessions.owner import owner_token

KEPT_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL")
"""What apt, dpkg, pip, su and `kill` need; without DAC_OVERRIDE a `chmod 000 /` would blind us."""

GONE = (aiodocker.DockerError, aiohttp.ClientError, OSError, EOFError)
"""What a call raises when the container or the engine is no more."""

PATIENCE = 10.0
"""Seconds PID 1 has for an answer, which it gives in one or two milliseconds."""

REAPS = 100
"""Times the killing is asked for."""

LABEL = "cligym"
"""Label of everything we make; its value says what for."""


_LOST = ("no such container", "is not running", "marked for removal", "removal in progress")
"""What the engine says of a container that is no more."""


class SandboxLost(EngineError):
    """The container ended or the engine dropped it: what it held since its last snapshot is gone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one container may use."""

    memory: int = 2 << 30
    """Bytes, swap included."""
    cpus: float = 0.0
    """Processors; 0 is no limit."""
    pids: int = 512


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command in a sandbox ended."""

    exit_code: int
    """The command's own, or what the engine says when it could not run: 126, 127; 137 when killed."""
    stdout: bytes
    stderr: bytes
    """The last bytes of each, as many as were asked to be kept."""
    seconds: float
    timed_out: bool = False


class Tail:
    """The last `keep` bytes of a stream of any length, and how many there were."""

    def __init__(self, keep: int) -> None:
        self.keep, self.total = keep, 0
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        """Take in the next bytes."""
        self.total += len(data)
        self._chunks.append(data)
        self._size += len(data)
        if self._size > 2 * self.keep:
            self._chunks = [self.bytes()]
            self._size = len(self._chunks[0])

    def bytes(self) -> bytes:
        """The kept bytes."""
        return b"".join(self._chunks)[-self.keep :] if self.keep else b""


async def hang_up(stream: Stream) -> None:
    """Close a stream in whatever state it is."""
    with contextlib.suppress(AssertionError, RuntimeError, *GONE):
        await stream.close()


def labels(purpose: str, session: str) -> dict[str, str]:
    """Labels by which garbage is told from what a living process still needs."""
    return {
        LABEL: purpose,
        "cligym.session": session,
        "cligym.owner": owner_token(),
        "cligym.host": socket.gethostname(),
    }


def host_config(engine: Engine, *, network: str, binds: Sequence[str], limits: Limits) -> dict[str, Any]:
    """The part of a container's creation that confines it."""
    config: dict[str, Any] = {
        "NetworkMode": network,
        "Binds": list(binds),
        "Mounts": [{"Type": "volume", "Source": engine.tools, "Target": tools.MOUNT, "ReadOnly": True}],
        "CapDrop": ["ALL"],
        "CapAdd": list(KEPT_CAPABILITIES),
        "SecurityOpt": ["no-new-privileges"],
        "Memory": limits.memory,
        "MemorySwap": limits.memory,
        "PidsLimit": limits.pids,
        # json-file turned 200 MB of output into 7.5 GB of log; our output goes through attached streams.
        "LogConfig": {"Type": "none"},
        "AutoRemove": True,
    }
    if limits.cpus:
        config["NanoCpus"] = int(limits.cpus * 1e9)
    return config


@dataclass
class Sandbox:
    """A running container whose PID 1 is our static control program.

    The container's input closes with this process, however it ends; then PID 1 exits and the engine removes
    the container: a killed process leaves none behind.
    """

    engine: Engine
    id: str
    image: str
    nonce: str
    limits: Limits = field(default_factory=Limits)
    on_prompt: Callable[[Prompt], None] = lambda prompt: None
    """Called for every prompt a shell in here reports."""
    _control: Stream | None = None
    _waiting: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    _reader: asyncio.Task[None] | None = None
    lost: bool = False

    @classmethod
    async def start(
        cls,
        engine: Engine,
        image: str,
        *,
        session: str = "",
        purpose: str = "branch",
        network: str = "none",
        binds: Sequence[str] = (),
        limits: Limits | None = None,
    ) -> Self:
        """A running sandbox from `image`.

        Raises:
            EngineError: the image is not there, or the container did not start.
        """
        await tools.ensure(engine, image)
        limits = limits or Limits()
        config: dict[str, Any] = {
            "Image": image,
            "Cmd": [tools.BUSYBOX, "sh", f"{tools.MOUNT}/init"],
            "Entrypoint": [],
            "User": "0:0",
            "WorkingDir": "/",
            "StopSignal": "SIGKILL",
            "OpenStdin": True,
            "StdinOnce": True,
            "AttachStdin": True,
            "AttachStdout": True,
            "AttachStderr": True,
            "Labels": labels(purpose, session),
            "HostConfig": host_config(engine, network=network, binds=binds, limits=limits),
        }
        if not network.startswith("container:"):
            config["Hostname"] = "sandbox"
        with translated("starting a sandbox"):
            container = await engine.create(config)
            sandbox = cls(engine, container.id, image, secrets.token_hex(8), limits)
            try:
                sandbox._control = container.attach(stdin=True, stdout=True, stderr=True)
                await sandbox._control._init()
                await container.start()
            except BaseException:
                engine.tools = ""  # look again next time: the volume may have been pruned
                await asyncio.shield(sandbox.remove())
                raise
        sandbox._reader = asyncio.create_task(sandbox._read(), name=f"control {container.id[:12]}")
        return sandbox

    async def _read(self) -> None:
        assert self._control is not None
        records = Records(self.nonce)
        try:
            while (message := await self._control.read_out()) is not None:
                for record in records.feed(message.data):
                    if isinstance(record, Answer):
                        future = self._waiting.pop(record.id, None)
                        if future and not future.done():
                            future.set_result(record.text)
                    else:
                        self.on_prompt(record)
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
        if self.lost or self._control is None:
            raise SandboxLost(f"the sandbox {self.id[:12]} ended")
        ident = secrets.token_hex(6)  # not to be guessed by what writes to PID 1's output
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[ident] = future
        try:
            await self._control.write_in(f"{ident} {verb} {rest}\n".encode())
            async with asyncio.timeout(patience * PATIENCE):
                return await future
        except (TimeoutError, AssertionError, RuntimeError, *GONE) as error:
            raise SandboxLost(f"the sandbox {self.id[:12]} does not answer") from error
        finally:
            self._waiting.pop(ident, None)

    async def processes(self) -> str:
        """What runs now, as words PID 1 understands: the `keep` of `end_all_but`."""
        return await self.ask("list")

    async def end_all_but(self, keep: str) -> bool:
        """End every process that is not in `keep`; whether none is left.

        On a busy machine what was killed takes its time to go, and PID 1 cannot wait without forking.
        """
        for _ in range(REAPS):
            if await self.ask("reap", keep, patience=3) == "ended":
                return True
            await asyncio.sleep(0.02)
        return False

    async def open_tty(self, argv: Sequence[str], env: Mapping[str, str]) -> tuple[str, Stream]:
        """A process on a terminal of its own: the exec's id and its stream."""
        with self._reaching("opening a shell"):
            execution = await self._container.exec(
                list(argv), stdin=True, stdout=True, stderr=True, tty=True, workdir="/", environment=dict(env)
            )
            stream = execution.start(detach=False)
            try:
                await stream._init()
            except BaseException:
                await hang_up(stream)
                raise
        return execution.id, stream

    @contextlib.contextmanager
    def _reaching(self, doing: str) -> Iterator[None]:
        try:
            with translated(doing):
                yield
        except EngineError as error:
            if self.lost or any(words in str(error).lower() for words in _LOST):
                raise SandboxLost(f"{doing}: the sandbox {self.id[:12]} ended") from error
            raise

    @property
    def _container(self) -> aiodocker.containers.DockerContainer:
        return self.engine.docker.containers.container(self.id)

    async def exec(
        self,
        argv: Sequence[str],
        *,
        timeout: float = 60.0,
        user: str = "",
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        on_output: Callable[[bytes], None] | None = None,
        keep: int = 1 << 20,
    ) -> Ran:
        """Run one command beside PID 1 and wait for it; after `timeout` seconds end all it started.

        Never the way a branch's commands run: those go through its shell, thirty times faster.
        """
        before = await self.processes()
        out, err = Tail(keep), Tail(keep)
        began = time.monotonic()
        timed_out = False
        with self._reaching("running a command"):
            execution = await self._container.exec(
                list(argv),
                stdin=bool(stdin),
                stdout=True,
                stderr=True,
                user=user,
                workdir=cwd,
                environment=dict(env or {}),
            )
            stream = execution.start(detach=False)
            try:
                async with asyncio.timeout(timeout):
                    await stream._init()
                    if stdin:
                        await stream.write_in(stdin)
                        assert stream._resp is not None
                        assert stream._resp.connection is not None
                        assert stream._resp.connection.transport is not None
                        stream._resp.connection.transport.write_eof()
                    while (message := await stream.read_out()) is not None:
                        (err if message.stream == 2 else out).add(message.data)
                        if on_output:
                            on_output(message.data)
            except TimeoutError:
                timed_out = True
                await self.end_all_but(before)
            except asyncio.CancelledError:
                with contextlib.suppress(SandboxLost):
                    await asyncio.shield(self.end_all_but(before))
                raise
            finally:
                await hang_up(stream)
            code = (await execution.inspect()).get("ExitCode")
        return Ran(
            137 if code is None else int(code), out.bytes(), err.bytes(), time.monotonic() - began, timed_out
        )

    async def put(self, archive: bytes, path: str = "/") -> None:
        """Unpack a tar below `path`, which must exist."""
        with self._reaching(f"writing below {path}"):
            await self._container.put_archive(path, io.BytesIO(archive))

    async def get(self, path: str) -> bytes:
        """A tar of the file or directory at `path`."""
        with self._reaching(f"reading {path}"):
            async with self.engine.answer(f"containers/{self.id}/archive", params={"path": path}) as response:
                return await response.read()

    async def read_file(self, path: str) -> bytes:
        """The content of one regular file."""
        with tarfile.open(fileobj=io.BytesIO(await self.get(path))) as tar:
            member = tar.next()
            file = tar.extractfile(member) if member else None
            if file is None:
                raise EngineError(f"{os.fspath(path)} is not a regular file")
            return file.read()

    async def commit(self, tag: str = "", changes: Sequence[str] = (), pause: bool = False) -> str:
        """Commit the filesystem as an image, 41 ms for a small delta without a pause; its id."""
        repository, _, version = tag.partition(":")
        with self._reaching("committing a sandbox"):
            made = await self._container.commit(
                repository=repository or None, tag=version or None, changes=list(changes) or None, pause=pause
            )
        return str(made["Id"])

    async def remove(self) -> None:
        """End the container at once. Safe to call again, and when the engine is gone."""
        self.lost = True
        if self._control is not None:
            await hang_up(self._control)
        with contextlib.suppress(*GONE):
            await self._container.delete(force=True, v=True)
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.shield(self.remove())
