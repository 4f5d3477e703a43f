"""The connection to the Docker Engine: found the way the `docker` command finds it, then asynchronous."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiodocker
import aiohttp
from aiodocker.containers import DockerContainer
from aiohttp import ClientResponse
from platformdirs import user_state_dir

from engine import clean
from engine.errors import DiskFull, EngineError, UsageError

DEFAULT_SOCKET = "/var/run/docker.sock"
PRIVATE = "private engine"
"""Origin of an engine that `scripts/setup` started."""
NO_ANSWER = 900
"""Status that aiodocker gives an engine it cannot talk to."""
FIRST_ANSWER = 20.0
"""Seconds an engine has to say that it is there."""
SILENCE = 600.0
"""Seconds without a byte of an answer after which the engine counts as hanging; commits take minutes."""
START_HINT = "start Docker, set DOCKER_HOST, or run scripts/setup for a private engine"


@dataclass(frozen=True)
class Endpoint:
    """Where an engine listens. Source: the documented order of the `docker` command."""

    host: str
    """`unix://`, `tcp://` or `ssh://` address."""
    origin: str
    """What named it: `DOCKER_HOST`, `context NAME`, `default socket` or `private engine`."""
    tls: Any = None
    """The SDK's `TLSConfig`, or None."""

    @property
    def socket(self) -> str:
        """Path of the unix socket, empty for other transports."""
        return self.host.removeprefix("unix://") if self.host.startswith("unix://") else ""

    @property
    def variables(self) -> dict[str, str]:
        """What the `docker` command needs in its environment to find this engine: it knows all but ours."""
        return {"DOCKER_HOST": self.host} if self.origin == PRIVATE else {}


def private_socket() -> Path:
    """The socket of the private engine that `scripts/setup` starts."""
    home = os.environ.get("CLIGYM_ENGINE_HOME")
    return (Path(home) if home else Path(user_state_dir("cligym")) / "engine") / "docker.sock"


def resolve() -> Endpoint:
    """The endpoint the `docker` command would use; without one, the private engine's.

    Raises:
        UsageError: the configured context cannot be read.
    """
    from docker.context import ContextAPI
    from docker.utils import kwargs_from_env

    asked = kwargs_from_env()
    if "base_url" in asked:
        return Endpoint(asked["base_url"], "DOCKER_HOST", asked.get("tls"))
    try:
        name = os.environ.get("DOCKER_CONTEXT")
        context = ContextAPI.get_context(name) if name else ContextAPI.get_current_context()
    except Exception as error:
        raise UsageError(f"the Docker context cannot be read: {error}", "see `docker context ls`") from error
    if name and context is None:
        raise UsageError(f"there is no Docker context named {name}", "see `docker context ls`")
    if context is not None and context.Name != "default" and context.Host:
        tls = None if context.Host.startswith(("unix://", "ssh://")) else context.TLSConfig
        return Endpoint(context.Host, f"context {context.Name}", tls)
    private = private_socket()
    if not _listens(DEFAULT_SOCKET) and _listens(str(private)):
        return Endpoint(f"unix://{private}", PRIVATE)
    return Endpoint(f"unix://{DEFAULT_SOCKET}", "default socket")


def _listens(path: str) -> bool:
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


@dataclass
class Engine:
    """One Docker Engine and what this process knows of it."""

    docker: aiodocker.Docker
    endpoint: Endpoint
    version: str = ""
    data_root: str = ""
    """The engine's data directory, as the engine names it."""
    storage: str = ""
    """Storage driver."""
    plain_layers: bool = False
    """Whether a layer is a directory of overlay2's on its disk, complete and with the containers' ids."""
    cpus: int = 1
    memory: int = 0
    """Bytes the engine's machine has."""
    tools: str = ""
    """Volume with the static tools, once `engine.sandbox.tools` has made it."""
    suite_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """One slot for each processor: more suites at a time finish fewer of them per minute (measured)."""
    _chores: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def local(self) -> bool:
        """Whether the engine shares this machine's filesystem, as a unix socket suggests."""
        return bool(self.endpoint.socket)

    async def create(self, config: dict[str, Any]) -> DockerContainer:
        """Create a container; when cancelled meanwhile, the engine's answer is waited for and undone.

        Otherwise the engine would be left with a container whose id nobody has.
        """
        asked = asyncio.ensure_future(self.docker.containers.create(config))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            with contextlib.suppress(aiodocker.DockerError, aiohttp.ClientError, OSError):
                container = await asked
                await container.delete(force=True)
            raise

    def later(self, chore: Coroutine[Any, Any, None]) -> None:
        """Have something cleared away that nobody waits for; before the connection closes, it is done."""
        task = asyncio.create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def settle(self) -> None:
        """Wait until what was left for later is done."""
        await asyncio.gather(*self._chores, return_exceptions=True)

    @asynccontextmanager
    async def answer(self, path: str, method: str = "GET", **options: Any) -> AsyncIterator[ClientResponse]:
        """What the engine answers to one call, as it comes; let go of however the reading ends.

        Aiodocker itself leaves an answer open that was not read to its end.
        """
        async with self.docker._query(path, method=method, **options) as response, response:
            yield response

    async def api(self, path: str, method: str = "GET", **options: Any) -> Any:
        """One call of the Engine API that aiodocker has no method for; the decoded JSON answer."""
        with translated():
            return await self.docker._query_json(path, method=method, **options)


@contextmanager
def translated(doing: str = "") -> Iterator[None]:
    """Turn what aiodocker, aiohttp and the socket raise into our typed errors."""
    prefix = f"{doing}: " if doing else ""
    try:
        yield
    except aiodocker.DockerError as error:
        if error.status == NO_ANSWER:
            raise _silent(error.__context__ or error, prefix) from error
        message = clean.line(" ".join(str(error.message).split()), 500)
        if "no space left on device" in message:
            raise DiskFull(
                f"{prefix}the Docker Engine's disk is full", "free space, or run `cligym-tui gc`"
            ) from error
        hint = "see `cligym-tui doctor`" if error.status >= 500 else ""
        raise EngineError(f"{prefix}the Docker Engine answered: {message}", hint) from error
    except (aiohttp.ClientError, OSError, EOFError) as error:
        if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
            raise  # a time limit of the caller's own
        raise _silent(error, prefix) from error


def _plain_layers(info: Mapping[str, Any]) -> bool:
    # Without "native diff", the kernel writes renamed directories as references to lower ones.
    status = dict(info.get("DriverStatus") or ())
    mapped = any(
        name in option for option in info.get("SecurityOptions") or () for name in ("userns", "rootless")
    )
    return info.get("Driver") == "overlay2" and status.get("Native Overlay Diff") == "true" and not mapped


def _silent(error: BaseException, prefix: str) -> EngineError:
    cause = getattr(error, "os_error", error)
    reason = getattr(cause, "strerror", "") or str(cause) or type(cause).__name__
    if isinstance(cause, PermissionError):
        hint = "join the group that owns the socket, or use sudo"
        return EngineError(f"{prefix}no permission to reach the Docker Engine ({reason})", hint)
    return EngineError(f"{prefix}the Docker Engine does not answer ({reason})", START_HINT)


def _client(endpoint: Endpoint) -> aiodocker.Docker:
    timeout = aiohttp.ClientTimeout(sock_connect=30, sock_read=SILENCE)
    # The default connector stops at 100 streams and then blocks every call, version() included.
    if endpoint.socket:
        url, connector = "unix://localhost", aiohttp.UnixConnector(endpoint.socket, limit=0)
        return aiodocker.Docker(url=url, connector=connector, timeout=timeout)
    if endpoint.tls is not None:
        url, secure = endpoint.host.replace("tcp://", "https://", 1), _ssl(endpoint.tls)
        return aiodocker.Docker(url=url, connector=aiohttp.TCPConnector(ssl=secure, limit=0), timeout=timeout)
    if endpoint.host.startswith("tcp://"):
        return aiodocker.Docker(url=endpoint.host, connector=aiohttp.TCPConnector(limit=0), timeout=timeout)
    return aiodocker.Docker(url=endpoint.host, timeout=timeout)


def _ssl(tls: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_cert or None)
    if tls.cert:
        context.load_cert_chain(*tls.cert)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@asynccontextmanager
async def connect(endpoint: Endpoint | None = None) -> AsyncIterator[Engine]:
    """The engine, with a first answer from it.

    Raises:
        EngineError: it does not answer; the message says where it was looked for.
    """
    endpoint = endpoint or resolve()
    try:
        docker = _client(endpoint)
    except ValueError as error:
        raise UsageError(
            f"{endpoint.host} ({endpoint.origin}) is not an address of an engine",
            "write unix:///path, tcp://host:port or ssh://host",
        ) from error
    try:
        with translated(f"{endpoint.host} ({endpoint.origin})"):
            async with asyncio.timeout(FIRST_ANSWER):
                info = await docker.system.info()
                version = await docker.version()
        cpus = int(info.get("NCPU") or 1)
        engine = Engine(
            docker,
            endpoint,
            version=str(version.get("Version", "")),
            data_root=str(info.get("DockerRootDir", "")),
            storage=str(info.get("Driver", "")),
            plain_layers=_plain_layers(info),
            cpus=cpus,
            memory=int(info.get("MemTotal") or 0),
            suite_slots=asyncio.Semaphore(max(1, cpus)),
        )
        try:
            yield engine
        finally:
            await asyncio.shield(engine.settle())
    except TimeoutError as error:
        raise EngineError(
            f"the Docker Engine at {endpoint.host} does not answer within {FIRST_ANSWER:.0f} s", START_HINT
        ) from error
    finally:
        await docker.close()
        await docker.connector.close()
