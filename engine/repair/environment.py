"""A task's broken environment, built from its directory alone, as a client would build it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.check import Ground
from engine.commit import program_version
from engine.errors import UsageError
from engine.proof.grading import FOLDERS, folder, packed
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.container import labels
from engine.sandbox.delta import Tree
from engine.sandbox.difference import filesystem
from engine.sandbox.manifest import known, manifest
from engine.sandbox.tools import archive
from engine.tasks import digests, exported, harbor
from engine.tasks.exported import Exported, Unreadable
from engine.tasks.model import Task
from sessions import events

_MOUNTED = ".cligym-mounted.tar"
"""What is added to a task's build context; a builder unpacks it."""


@dataclass(frozen=True)
class Environment:
    """Everything an attempt at a task begins from."""

    task: Task
    directory: Path
    image: str
    """The broken image, with the folders a client mounts."""
    tree: Tree
    """Its filesystem."""
    tests: bytes
    """Tar of the grader, to be unpacked at `/`."""
    solution: bytes
    """Tar of the solution."""


def instruction(task: Task, hint: str) -> str:
    """What a solver is told at one of the `hints.LEVELS`.

    Raises:
        UsageError: the task has no such hint.
    """
    if hint == "none":
        return task.instruction
    if hint not in task.hints:
        raise UsageError(f"the task {task.id} has no {hint} hint", "try it with --hint none")
    return task.hints[hint]


def whole(directory: Path) -> Exported:
    """The task in a directory, byte for byte as it was proven.

    Raises:
        UsageError: there is none, or it was changed since.
    """
    found = exported.read(directory)
    broken = found.broken()
    if broken:
        name, why = next(iter(broken.items()))
        raise UsageError(
            f"{directory} is not the task that was proven: {name} {why}", "see `cligym-tui task check`"
        )
    return found


def digest(found: Exported) -> str:
    """What tells the task from any other: the digest over its manifest."""
    return str(json.loads(found.files[digests.FILE])["digest"])


def begun(found: Exported, session: str, solver: str) -> events.SessionStarted:
    """The first event of a session of repairs, known before anything is built.

    Raises:
        UsageError: the task cannot be read.
    """
    try:
        gold = found.task().gold
    except Unreadable as error:
        raise UsageError(f"{found.directory}: {error}", "see `cligym-tui task check`") from error
    return events.SessionStarted(
        session=session,
        gold=gold.name,
        image=gold.image,
        agent=solver,
        version=program_version(),
        tests=gold.baseline,
    )


@asynccontextmanager
async def built(
    engine: Engine, found: Exported, session: str, before: str = "", *, keep: bool = False
) -> AsyncIterator[Environment]:
    """Build the task's Dockerfile, offline, and keep its image for as long as the block lasts.

    Args:
        engine: builds it.
        found: the task.
        session: what the image is for.
        before: an image that an earlier process of the session has built; taken if it is still there.
        keep: whether it stays when the block ends with an error, for whoever goes on with the session.

    Raises:
        Fell: its gold image is neither here nor can be built.
        EngineError: the Dockerfile does not build, or the engine fails.
    """
    ground = Ground(engine, found)
    await ground.check()
    task = ground.task
    assert task is not None
    image = before if before and await images.exists(engine, before) else await _built(engine, task, session)
    try:
        files = found.forms()[harbor.FOLDER]
        yield Environment(
            task,
            found.directory,
            image,
            await _filesystem(engine, task, image),
            folder(files, "tests"),
            folder(files, "solution"),
        )
    except BaseException:
        if not keep:
            await asyncio.shield(images.remove(engine, image))
        raise
    await images.remove(engine, image)


async def _filesystem(engine: Engine, task: Task, image: str) -> Tree:
    if task.context:  # then it does not stand on the gold image
        return await manifest(engine, image)
    gold = task.gold.image
    return await filesystem(engine, image, gold, await known(engine, gold))


async def _built(engine: Engine, task: Task, session: str) -> str:
    """The image of the task's own Dockerfile, with the folders a client mounts as one more layer."""
    dockerfile = f"{task.dockerfile.rstrip()}\nADD {_MOUNTED} /\n"
    context = {**task.context, "Dockerfile": dockerfile.encode(), _MOUNTED: packed({}, FOLDERS)}
    return await images.build(engine, archive(context), labels=labels("repair", session))
