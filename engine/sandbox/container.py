"""How a container of ours is created, limits, capabilities, labels, and how it is ended."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiodocker.containers import DockerContainer

from engine.sandbox import tools
from engine.sandbox.client import Engine, translated
from engine.sandbox.control import GONE
from sessions.owner import owner_token

KEPT_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL")
"""What apt, dpkg, pip, su and `kill` need; without DAC_OVERRIDE a `chmod 000 /` would blind us."""

LABEL = "cligym"
"""Label of everything we make; its value says what for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one container may use."""

    memory: int = 2 << 30
    """Bytes, swap included."""
    cpus: float = 0.0
    """Processors; 0 is no limit."""
    pids: int = 512


def labels(purpose: str, session: str) -> dict[str, str]:
    """Labels by which garbage is told from what a living process still needs."""
    return {
        LABEL: purpose,
        "cligym.session": session,
        "cligym.owner": owner_token(),
        "cligym.host": socket.gethostname(),
    }


def host_config(*, network: str, binds: Sequence[str], limits: Limits, remove: bool = True) -> dict[str, Any]:
    """The part of a container's creation that confines it."""
    config: dict[str, Any] = {
        "NetworkMode": network,
        "Binds": list(binds),
        "CapDrop": ["ALL"],
        "CapAdd": list(KEPT_CAPABILITIES),
        "SecurityOpt": ["no-new-privileges"],
        "Memory": limits.memory,
        "MemorySwap": limits.memory,
        "PidsLimit": limits.pids,
        # json-file turned 200 MB of output into 7.5 GB of log; our output goes through attached streams.
        "LogConfig": {"Type": "none"},
        "AutoRemove": remove,
    }
    if limits.cpus:
        config["NanoCpus"] = int(limits.cpus * 1e9)
    return config


def configuration(image: str, command: Sequence[str], purpose: str, session: str) -> dict[str, Any]:
    """What every container of ours is created with, before it is confined."""
    return {
        "Image": image,
        "Cmd": list(command),
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
    }


async def created(engine: Engine, config: dict[str, Any]) -> DockerContainer:
    """A container that is not started, with the static tools in it."""
    volume = await tools.ensure(engine, config["Image"])
    mount = {"Type": "volume", "Source": volume, "Target": tools.MOUNT, "ReadOnly": True}
    return await engine.create({**config, "HostConfig": {**config["HostConfig"], "Mounts": [mount]}})


@asynccontextmanager
async def unstarted(
    engine: Engine, image: str, purpose: str, session: str = ""
) -> AsyncIterator[DockerContainer]:
    """A container that never runs, to read its image through; gone after the `with` block.

    It is made like any other, with the tools in it: by their volume `gc` knows it for ours when this process
    was killed. As long as it stays, so do the images below it.

    Raises:
        EngineError: there is no such image.
    """
    host = host_config(network="none", binds=(), limits=Limits())
    with translated(f"reading the image {image}"):
        container = await created(
            engine, {**configuration(image, ["true"], purpose, session), "HostConfig": host}
        )
    try:
        yield container
    finally:
        await asyncio.shield(end(container))


async def end(container: DockerContainer) -> None:
    """End a container at once. Nothing happens when it is gone, or the engine.

    What hangs on it is hung up afterwards, not before: what ends by itself the engine removes, and nobody
    could wait for that.
    """
    with contextlib.suppress(*GONE):
        await container.delete(force=True, v=True)
