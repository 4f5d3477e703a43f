"""The static tools every container of ours can reach, without a trace of them in any snapshot.

They lie in a read-only volume mounted at `/dev/.cligym`: `/dev` is a tmpfs of the container's own, so the
mount point never enters a layer, as one at `/.cligym` would (a commit keeps the empty directory).
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import io
import json
import os
import shutil
import struct
import tarfile
from importlib.resources import files
from pathlib import Path

from engine.errors import EngineError
from engine.sandbox.client import Engine, translated
from sessions.owner import owner_token

MOUNT = "/dev/.cligym"
BUSYBOX = f"{MOUNT}/busybox"
RUNNER = f"{MOUNT}/runner.py"
"""The suite's runner, as containers see it."""

VOLUMES = "cligym-tools-"
"""What the names of our volumes begin with."""
WHOLE = "-whole"
"""What the name of the volume ends with that says of another that it was filled to the end."""

_CANDIDATES = ("/bin/busybox", "/usr/bin/busybox", "/bin/busybox-static")


def busybox_path() -> Path:
    """A static busybox of this machine; `CLIGYM_BUSYBOX` names another.

    Raises:
        EngineError: there is none, or it is not static.
    """
    named = os.environ.get("CLIGYM_BUSYBOX")
    found = shutil.which("busybox")
    places = [named] if named else [*_CANDIDATES, *([found] if found else [])]
    for place in places:
        if os.path.isfile(place) and is_static(Path(place)):
            return Path(place)
    raise EngineError("no static busybox on this machine", "apt-get install busybox-static")


def is_static(path: Path) -> bool:
    """Whether an ELF file asks for no loader (it has no PT_INTERP segment)."""
    with path.open("rb") as file:
        head = file.read(64)
        if len(head) < 64 or head[:4] != b"\x7fELF" or head[4] != 2:
            return False
        order = "<" if head[5] == 1 else ">"
        offset, size, count = (
            struct.unpack_from(order + "Q", head, 32)[0],
            struct.unpack_from(order + "H", head, 54)[0],
            struct.unpack_from(order + "H", head, 56)[0],
        )
        for index in range(count):
            file.seek(offset + index * size)
            if struct.unpack(order + "I", file.read(4))[0] == 3:
                return False
    return True


@functools.cache
def _contents() -> dict[str, bytes]:
    package = files("engine.sandbox").joinpath("inside")
    contents = {
        name: package.joinpath(name).read_bytes() for name in ("init", "first", "bashrc", "ashrc", "suite")
    }
    contents["runner.py"] = files("engine.suite").joinpath("runner.py").read_bytes()
    contents["busybox"] = busybox_path().read_bytes()
    return contents


def archive(contents: dict[str, bytes], mode: int = 0o755) -> bytes:
    """A tar of regular files owned by root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in sorted(contents):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(contents[name]), mode
            tar.addfile(info, io.BytesIO(contents[name]))
    return buffer.getvalue()


def volume() -> str:
    """The name of the volume this version uses: it says what is in it.

    Raises:
        EngineError: the contents are not all on this machine.
    """
    contents = _contents()
    return VOLUMES + hashlib.sha256(b"".join(contents[name] for name in sorted(contents))).hexdigest()[:12]


async def ensure(engine: Engine, image: str) -> str:
    """The name of the tools' volume, made and filled first if the engine has none of these contents.

    `image` is any image of the engine: a container that is never started carries the files in.
    """
    if engine.tools:
        return engine.tools
    name = volume()
    # Volumes cannot be renamed: a second, empty one tells a whole volume from one whose filling was cut
    # short, in one call and without a container to look into it.
    whole = name + WHOLE
    known = await engine.api("volumes", params={"filters": json.dumps({"name": [name]})})
    if not {name, whole} <= {each["Name"] for each in known.get("Volumes") or ()}:
        with translated("making the tools' volume"):
            await engine.docker.volumes.create({"Name": name, "Labels": {"cligym": "tools"}})
            await _fill(engine, image, name, _contents())
            await engine.docker.volumes.create({"Name": whole, "Labels": {"cligym": "tools"}})
    engine.tools = name
    return name


async def _fill(engine: Engine, image: str, name: str, contents: dict[str, bytes]) -> None:
    mount = {"Type": "volume", "Source": name, "Target": MOUNT}
    carrier = await engine.create(
        {
            "Image": image,
            "Cmd": ["true"],
            "Labels": {"cligym": "tools", "cligym.owner": owner_token()},
            "HostConfig": {"Mounts": [mount]},
        }
    )
    try:
        await carrier.put_archive(MOUNT, io.BytesIO(archive(contents)))
    finally:
        await asyncio.shield(carrier.delete(force=True))
