"""Is this machine fit for work, and if not, what to do: one check after the other, none of which raises."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from engine import gc
from engine.errors import CligymError
from engine.gold import store
from engine.gold.model import Recipe
from engine.sandbox import images, tools
from engine.sandbox.client import Engine, connect
from engine.sandbox.readers import HostReader
from sessions.library import STATE_VARIABLE, state_dir

OK, WARN, FAIL = "ok", "warn", "fail"

GIB = 1 << 30
LITTLE_DISK, NO_DISK = 5 * GIB, GIB
"""Free bytes below which it gets tight, and below which a gold image does not fit."""
LITTLE_MEMORY = 2 * GIB
"""What one container may use (`engine.sandbox.sandbox.Limits`)."""
SLOW_STORAGE = frozenset({"vfs", "devicemapper"})
"""Drivers that copy whole images or devices for every container."""

_LIMITS = {"MemoryLimit": "memory", "PidsLimit": "processes", "CpuCfsQuota": "processor time"}
"""What the engine says about limits it can set, in words."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    status: str
    """`ok`, `warn` (it works, but) or `fail` (it does not)."""
    found: str
    """What was seen."""
    advice: str = ""
    """What to do about it; empty when all is well."""


async def examine() -> tuple[Check, ...]:
    """Look at everything, in the order in which it is needed."""
    checks = [_python(), _busybox(), *_state()]
    try:
        async with connect() as engine:
            info = await engine.api("info")
            checks += [_reached(engine), _storage(engine), _layers(engine), _limits(info), _machine(engine)]
            checks += [
                *_engine_disk(engine),
                await _base(engine),
                await _golds(engine),
                await _garbage(engine),
            ]
    except CligymError as error:
        checks.append(Check(name="engine", status=FAIL, found=str(error), advice=error.hint))
    return tuple(checks)


def healthy(checks: tuple[Check, ...]) -> bool:
    """Whether nothing must be mended before work can begin."""
    return all(check.status != FAIL for check in checks)


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(name="python", status=OK, found=f"{version}, {sys.executable}")


def _busybox() -> Check:
    try:
        path = tools.busybox_path()
    except CligymError as error:
        return Check(name="busybox", status=FAIL, found=str(error), advice=error.hint)
    return Check(name="busybox", status=OK, found=f"{path}, static")


def _state() -> Iterator[Check]:
    directory = state_dir()
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        advice = f"make it writable, or set {STATE_VARIABLE} to a directory that is"
        yield Check(name="state", status=FAIL, found=f"{directory}: {error.strerror}", advice=advice)
        return
    yield Check(name="state", status=OK, found=f"{directory}, writable")
    yield _disk("state disk", directory, f"free some space, or set {STATE_VARIABLE} to another disk")


def _disk(name: str, directory: Path, advice: str) -> Check:
    free = shutil.disk_usage(directory).free
    found = f"{free / GIB:.1f} GiB free for {directory}"
    if free >= LITTLE_DISK:
        return Check(name=name, status=OK, found=found)
    return Check(name=name, status=FAIL if free < NO_DISK else WARN, found=found, advice=advice)


def _reached(engine: Engine) -> Check:
    where = f"{engine.endpoint.host} ({engine.endpoint.origin})"
    return Check(name="engine", status=OK, found=f"Docker {engine.version} at {where}")


def _storage(engine: Engine) -> Check:
    if engine.storage in SLOW_STORAGE:
        advice = "put the engine's data on a disk where overlay2 works (ext4, xfs)"
        return Check(name="storage", status=WARN, found=f"{engine.storage}: slow", advice=advice)
    return Check(name="storage", status=OK, found=engine.storage)


def _layers(engine: Engine) -> Check:
    if HostReader.possible(engine):
        return Check(name="layers", status=OK, found="read from the engine's directories")
    # Right all the same: they come through the API, with the whole image each time.
    advice = "for speed, run as root on the engine's own machine, with the overlay2 driver"
    return Check(
        name="layers", status=WARN, found="read through the API: slower for every step", advice=advice
    )


def _limits(info: Mapping[str, Any]) -> Check:
    cgroups = f"cgroup v{info.get('CgroupVersion') or '1'}, {info.get('CgroupDriver') or 'no driver'}"
    missing = [name for key, name in _LIMITS.items() if info.get(key) is False]
    if missing:
        advice = "mount the cgroup controllers, or a runaway process can take the whole machine"
        return Check(
            name="limits", status=WARN, found=f"{cgroups}; no limit of {', '.join(missing)}", advice=advice
        )
    return Check(name="limits", status=OK, found=cgroups)


def _machine(engine: Engine) -> Check:
    found = f"{engine.cpus} cpus, {engine.memory / GIB:.1f} GiB of memory"
    if 0 < engine.memory < LITTLE_MEMORY:
        advice = "work with --workers 1; a suite that needs more memory will fail"
        return Check(name="machine", status=WARN, found=found, advice=advice)
    return Check(name="machine", status=OK, found=found)


def _engine_disk(engine: Engine) -> Iterator[Check]:
    directory = Path(engine.data_root)
    # On another machine, or out of this user's sight, it cannot be measured from here.
    if engine.local and engine.data_root:
        with contextlib.suppress(OSError):
            yield _disk("engine disk", directory, "run `cligym-tui gc`, or `docker system prune`")


async def _base(engine: Engine) -> Check:
    name = Recipe().base
    known = await images.inspect(engine, name)
    if known is None:
        advice = f"run scripts/setup, or give a Debian or Ubuntu image that name: docker tag IMAGE {name}"
        return Check(name="base image", status=FAIL, found=f"{name} is not on the engine", advice=advice)
    about = f"{known.get('Os')}/{known.get('Architecture')}, {int(known.get('Size') or 0) / GIB:.2f} GiB"
    return Check(name="base image", status=OK, found=f"{name}, {about}")


async def _golds(engine: Engine) -> Check:
    names, golds = store.names(), store.listed()
    if not names:
        advice = "make one with `cligym-tui gold build SOURCE`"
        return Check(name="golds", status=OK, found="none yet", advice=advice)
    lost = [gold.name for gold in golds if not await images.exists(engine, gold.image)]
    lost += sorted(set(names) - {gold.name for gold in golds})
    if lost:
        found = f"{len(names)}, of which these have no image or no readable record: {', '.join(lost)}"
        advice = "build them again with `cligym-tui gold build`"
        return Check(name="golds", status=WARN, found=found, advice=advice)
    return Check(name="golds", status=OK, found=f"{len(names)}: {', '.join(names)}")


async def _garbage(engine: Engine) -> Check:
    found = await gc.find(engine)
    if not found:
        return Check(name="garbage", status=OK, found="none")
    return Check(
        name="garbage",
        status=WARN,
        found=f"{len(found)} things that no living session owns, {gc.Swept(removed=found).size / 1e6:.0f} MB",
        advice="run `cligym-tui gc`",
    )
