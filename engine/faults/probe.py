"""Looks at a gold image once: what it holds, and what of it each test uses."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterable
from importlib.resources import files
from typing import TypeVar

import msgspec

from engine.errors import GoldError
from engine.faults.clues import WORDS
from engine.faults.facts import Closure, Facts, Image, Uses, file_of, gather
from engine.gold.model import Gold
from engine.sandbox.client import Engine
from engine.sandbox.sandbox import Sandbox
from engine.suite.run import Suite

FOLDER = "/run/probe"
"""Where the scripts lie in the throwaway container: not where a project keeps anything."""
COLLECT_SECONDS = 120.0
"""Time for asking every test file what it loads; files beyond count as loading what all others do."""
ANSWER = 64 << 20
"""Bytes of an answer that are read."""
SOURCES = 1500
"""Python sources that are read for variables and functions."""

_LENIENT = "--continue-on-collection-errors"

T = TypeVar("T")


async def probe(engine: Engine, gold: Gold, suite: Suite) -> Facts:
    """The facts about a gold environment.

    One run of the suite that watches what each test uses, then two scripts in one more container.

    Raises:
        GoldError: the image's interpreter does not run the scripts.
        EngineError: the engine failed.
    """
    await suite.run(gold.image, touch=True)
    touched = suite.touched
    async with await Sandbox.start(engine, gold.image, purpose="probe") as sandbox:
        await sandbox.put(_scripts())
        asked = {"files": sorted({file_of(test) for test in gold.baseline}), "seconds": COLLECT_SECONDS}
        ran = await sandbox.exec(
            gold.test.argv(f"{FOLDER}/collect_script.py"),
            timeout=COLLECT_SECONDS + 30,
            stdin=msgspec.json.encode(asked),
            keep=ANSWER,
        )
        closures = [found for line in ran.stdout.splitlines() if (found := _decoded(line, Closure))]
        uses = gather(gold.baseline, touched, closures, _LENIENT in gold.test.args)
        ran = await sandbox.exec(
            [gold.test.python, "-I", f"{FOLDER}/probe_script.py"],
            timeout=120,
            stdin=msgspec.json.encode(_question(gold, uses)),
            keep=ANSWER,
        )
    image = _decoded(ran.stdout, Image)
    if image is None:
        last = ran.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise GoldError(
            f"the gold image {gold.name} could not be probed: {last[0] if last else 'it says nothing'}",
            f"see that {gold.test.python} starts in it",
        )
    return Facts(
        baseline=gold.baseline,
        image=image,
        uses=uses,
        project=gold.project,
        protected=gold.recipe.protected,
        user=gold.test.user,
    )


def _question(gold: Gold, uses: Uses) -> dict[str, object]:
    """What the second script is asked: paths that say nothing about the image are left out."""
    boring = re.compile(r"^/(?:tmp|proc|sys|dev|run)(?:/|$)")
    paths = [path for path in uses.paths if not boring.match(path) and path.isprintable()]
    tests = {file_of(test) for test in gold.baseline}
    sources = [
        path
        for path in paths
        if path.endswith(".py") and (path.startswith(gold.test.cwd) or "-packages/" in path)
    ]
    return {
        "user": gold.test.user,
        "paths": sorted({*paths, *(path.rpartition("/")[0] for path in paths)}),
        "programs": sorted(uses.programs),
        "libraries": sorted(uses.libraries),
        "sources": sorted(path for path in sources if not _is_test(path, gold.test.cwd, tests))[:SOURCES],
        "project": gold.project,
        "cwd": gold.test.cwd,
        "words": sorted(WORDS),
        "tests": {test: f"{gold.test.cwd}/{test}" for test in sorted(tests)},
    }


def _is_test(path: str, cwd: str, tests: Iterable[str]) -> bool:
    return path.removeprefix(cwd + "/") in tests or path.endswith("/conftest.py") or "_pytest/" in path


def _decoded(data: bytes, kind: type[T]) -> T | None:
    """What a script said, if it makes sense: whatever a container prints is only believed in shape."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _scripts() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folder = tarfile.TarInfo(FOLDER.lstrip("/"))
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for name in ("collect_script.py", "probe_script.py"):
            data = files("engine.faults").joinpath(name).read_bytes()
            info = tarfile.TarInfo(f"{FOLDER.lstrip('/')}/{name}")
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
