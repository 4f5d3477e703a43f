"""One container of ours: limits, labels, a durable control channel, files in and out, commands, commit."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import aiodocker.containers

from engine.errors import EngineError
from engine.sandbox import tools
from engine.sandbox.client import Engine, translated
from engine.sandbox.container import Limits, configuration, created, end, host_config
from engine.sandbox.control import Control, SandboxLost, hang_up
from engine.sandbox.reading import content
from engine.sandbox.records import Began, Left, Prompt, Report
from engine.sandbox.terminal import DETACH_KEYS, Terminal, first

REAPS = 100
"""Times the killing is asked for."""

REVIVAL = 10.0
"""Seconds the engine has for the end of a container that is to be started again."""

_LOST = ("no such container", "marked for removal", "removal in progress")
"""What the engine says of a container that is no more."""
_STOPPED = ("is not running", "stopped container", "not started")
"""What it says of one in which nothing runs."""


class Stopped(SandboxLost):
    """The container's own processes were all ended; its files are there and it can be started again."""


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


CONTROL = [tools.BUSYBOX, "sh", f"{tools.MOUNT}/init"]
"""The command of a container whose PID 1 is the control program."""


@dataclass
class Sandbox:
    """A running container with a control channel to our static control program.

    That program is its PID 1, or that of a namespace it shares with the container made ahead to hold it.
    It ends with this process, however that ends, and all the rest with it.
    """

    engine: Engine
    id: str
    image: str
    control: Control
    limits: Limits = field(default_factory=Limits)
    shared: bool = False
    """Whether the control program is another container's; this one's first process keeps a shell then."""
    _terminal: Terminal | None = None
    """The container's own, until somebody takes it."""
    _first: str = ""
    """The container's first process, as `list` names it, where that is not PID 1."""
    removed: bool = False
    stopped: bool = False
    """Whether the container's first process is gone, as its absence from a listing says or the end of its own
    terminal: then the rest is about to go."""
    _on_report: Callable[[Prompt | Left], None] | None = None
    _early: list[Prompt | Left] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.control.on_report = self._told

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
        """A running sandbox from `image`, with a PID 1 of its own.

        Raises:
            EngineError: the image is not there, or the container did not start.
        """
        limits = limits or Limits()
        config = {
            **configuration(image, CONTROL, purpose, session),
            "HostConfig": host_config(network=network, binds=binds, limits=limits),
        }
        if not network.startswith("container:"):
            config["Hostname"] = "sandbox"
        with translated("starting a sandbox"):
            container = await created(engine, config)
            control = Control(container.id)
            sandbox = cls(engine, container.id, image, control, limits)
            await sandbox._begin(control.attach(container))
            control.listen()
        return sandbox

    @classmethod
    async def join(
        cls,
        engine: Engine,
        image: str,
        control: Control,
        *,
        home: str,
        session: str = "",
        purpose: str = "branch",
        limits: Limits | None = None,
    ) -> Self:
        """A running sandbox in the namespaces `control` holds, with a shell on its way on its own terminal.

        A process that is executed in a container costs two thirds of the container (measured): the first
        shell comes with it, and the control channel is there before. `home` is where the shell begins.

        Raises:
            EngineError: the image is not there, or the container did not start.
        """
        limits = limits or Limits()
        holder = f"container:{control.id}"
        host = host_config(network=holder, binds=(), limits=limits, remove=False)
        config = {
            **configuration(image, first(control.nonce, home), purpose, session),
            "Tty": True,
            "HostConfig": {**host, "PidMode": holder},
        }
        with translated("starting a sandbox"):
            container = await created(engine, config)
            sandbox = cls(engine, container.id, image, control, limits, shared=True)
            await sandbox._begin(sandbox._attach())
        return sandbox

    async def _begin(self, attaching: Awaitable[None]) -> None:
        try:
            await attaching
            await self._container.start()
        except BaseException:
            self.engine.tools = ""  # look again next time: the volume may have been pruned
            await asyncio.shield(self.remove())
            raise

    async def _attach(self) -> None:
        self._on_report, self._early, self._first = None, [], ""
        self.stopped = False
        stream = self._container.attach(stdin=True, stdout=True, stderr=True, detach_keys=DETACH_KEYS)
        self._terminal = Terminal(stream, self._container, own=True)
        await stream._init()

    async def revive(self) -> None:
        """Start the container again after everything in it was ended; its files are as they were.

        Raises:
            SandboxLost: it is gone.
        """
        with self._reaching("starting the sandbox again"):
            # What is attached while the engine still ends the container is closed with what it was.
            with contextlib.suppress(TimeoutError):
                await self._container.wait(timeout=REVIVAL, condition="not-running")
            await self._attach()
            await self._container.start()

    def listen(self, on_report: Callable[[Prompt | Left], None]) -> None:
        """Have `on_report` called for what the last terminal's shell reports, from its beginning."""
        self._on_report = on_report
        early, self._early = self._early, []
        for report in early:
            on_report(report)

    def _told(self, report: Report) -> None:
        if isinstance(report, Began):
            self._first = report.process
        elif self._on_report is None:
            self._early.append(report)
        else:
            self._on_report(report)

    @property
    def lost(self) -> bool:
        """Whether the sandbox is known to be gone."""
        return self.removed or self.control.lost

    async def ask(self, verb: str, rest: str = "", patience: float = 1.0) -> str:
        """What the control program answers; see `Control.ask`.

        Raises:
            SandboxLost: it is gone or silent.
        """
        if self.removed:
            raise SandboxLost(f"the sandbox {self.id[:12]} ended")
        return await self.control.ask(verb, rest, patience)

    async def processes(self) -> str:
        """What runs now, as words PID 1 understands: the `keep` of `end_all_but`."""
        found = (await self.ask("list")).split()
        self.stopped |= bool(self._first) and self._first not in found
        return " ".join(process for process in found if process != self._first)

    async def end_all_but(self, keep: str) -> bool:
        """End every process that is not in `keep`; whether none is left.

        On a busy machine what was killed takes its time to go, and PID 1 cannot wait without forking.
        """
        for _ in range(REAPS):
            if await self.ask("reap", f"{keep} {self._first}", patience=3) == "ended":
                return True
            await asyncio.sleep(0.02)
        return False

    def take_terminal(self) -> Terminal | None:
        """The container's own terminal with the first shell on it, once."""
        taken, self._terminal = self._terminal, None
        return taken

    async def open_terminal(self, argv: Sequence[str], env: Mapping[str, str]) -> Terminal:
        """A further process, on a terminal of its own.

        Raises:
            Stopped: nothing runs in the container any more.
            SandboxLost: it is gone.
            EngineError: the process does not start.
        """
        await self.processes()
        if self.stopped:  # the engine may not have noticed, and would end what is begun now when it does
            raise Stopped(f"opening a shell: nothing runs in the sandbox {self.id[:12]} any more")
        self._on_report, self._early = None, []
        with self._reaching("opening a shell"):
            execution = await self._container.exec(
                list(argv),
                stdin=True,
                stdout=True,
                stderr=True,
                tty=True,
                workdir="/",
                environment=dict(env),
                detach_keys=DETACH_KEYS,
            )
            stream = execution.start(detach=False)
            try:
                await stream._init()
            except BaseException:
                await hang_up(stream)
                raise
        return Terminal(stream, execution)

    @contextlib.contextmanager
    def _reaching(self, doing: str) -> Iterator[None]:
        try:
            with translated(doing):
                yield
        except EngineError as error:
            said, cause = str(error).lower(), error.__cause__
            # A terminal that is refused for want of a container is refused without a word.
            mute = isinstance(cause, aiodocker.DockerError) and cause.status == 404 and not cause.message
            if any(words in said for words in _STOPPED) and self.shared and not self.lost:
                raise Stopped(f"{doing}: nothing runs in the sandbox {self.id[:12]} any more") from error
            if mute or self.lost or any(words in said for words in (*_LOST, *_STOPPED)):
                self.removed = True
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
        return content(await self.get(path), path)

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
        self.removed = True
        if self._terminal is not None:
            await hang_up(self._terminal.stream)
        await end(self._container)
        if not self.shared:
            await self.control.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.shield(self.remove())
