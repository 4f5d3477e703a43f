"""Grade a task the way its clients do: solution and grader copied in, run by bash, a reward file read."""

from __future__ import annotations

import asyncio
import io
import math
import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from engine import clean
from engine.gold.model import TestCommand
from engine.proof.gate import Fell
from engine.proof.workbench import Workbench
from engine.sandbox import tools
from engine.sandbox.sandbox import Sandbox
from engine.tasks import harbor, terminal_bench
from engine.tasks.output import Files

REWARD = "/logs/verifier/reward.txt"
FOLDERS = ("logs/agent", "logs/verifier", "logs/artifacts", "solution", "tests")
"""What clients mount or make before anything runs."""
LONGEST = 64
"""Bytes a reward has less than."""
SOLVE_SECONDS = 300.0
TYPED = "run-tests.sh"
"""The tests' script of the client that types it into a terminal."""


@dataclass(frozen=True)
class Act:
    """Something done in the container before it is graded."""

    argv: Sequence[str]
    files: Files = field(default_factory=dict)
    """Put below `/` first."""
    env: Mapping[str, str] = field(default_factory=dict)
    must: bool = False
    """Whether nothing is graded when it fails."""
    seconds: float = SOLVE_SECONDS
    """After so long it is ended, and has failed."""


@dataclass(frozen=True)
class Graded:
    """One grading of a container."""

    reward: float | None
    """None when the grader left none that is a finite number."""
    log: str
    """The end of what was printed before and by the grader."""
    failed: str = ""
    """Why nothing was graded, if so: the last words of an act that had to work."""
    seconds: float = 0.0
    """From a running container to its reward."""
    image: str = ""
    """What the container was when it had been graded, if that was asked for."""


async def solving(bench: Workbench, form: str = harbor.FOLDER) -> Act:
    """The exported solution, run as a client runs it."""
    made, _ = await _gradable(bench, form)
    return Act(("bash", "-c", "(/solution/solve.sh) 2>&1"), within(made, "solution"))


async def grade(
    bench: Workbench,
    before: Sequence[Act] = (),
    *,
    form: str = harbor.FOLDER,
    keep_accepted: bool = False,
) -> Graded:
    """Start a fresh container from the rebuilt image, offline; do what is to be done before; grade it.

    Source of the procedure: Harbor's local environment (solution to /solution, tests to /tests, both run
    with `bash -c`, the reward read from /logs/verifier). Of Terminal-Bench's, its `TmuxSession`, it is what
    differs: one script is the solution, the tests' script is typed into a terminal, and what that shows must
    say what the reward does.

    Args:
        bench: where the task lies.
        before: what is done first.
        form: folder of the format whose files are used.
        keep_accepted: commit a container that earns something; the caller removes the image.

    Raises:
        Fell: what is printed says something else than the reward.
    """
    tests, script = await _graders_files(bench, form)
    # What is done before is ours and leaves no trace in a namespace; the tests may, where root runs them.
    unhurt = bench.candidate.gold.test.user != "root"
    async with bench.engine.suite_slots, bench.container(bench.rebuilt, clean=unhurt) as sandbox:
        began = time.monotonic()
        # Each archive is two processes of the engine's: the first act's files go in with the folders.
        await sandbox.put(packed(before[0].files if before else {}, FOLDERS))
        log = b""
        if form == terminal_bench.FOLDER:
            await sandbox.exec(terminal_bench.opened(terminal_bench.AGENT))
        for number, act in enumerate(before):
            if number and act.files:
                await sandbox.put(packed(act.files))
            ran = await sandbox.exec(act.argv, env=act.env, timeout=act.seconds, keep=4096)
            log += ran.stdout + ran.stderr
            if act.must and ran.exit_code != 0:
                late = f"it took more than {act.seconds:.0f} s" if ran.timed_out else ""
                words = late or _last(ran.stderr or ran.stdout) or f"exit code {ran.exit_code}"
                return Graded(None, _text(log), words, time.monotonic() - began)
        reward, said = await judged(sandbox, tests, bench.candidate.gold.test, script)
        seconds = time.monotonic() - began
        image = await sandbox.commit() if keep_accepted and reward else ""
    printed = said.decode("utf-8", "replace")
    if form == terminal_bench.FOLDER and terminal_bench.resolved(printed) != (reward == 1):
        raise Fell(f"what the tests print does not say that the reward is {reward}", {"log": printed})
    return Graded(reward, _text(log + said), seconds=seconds, image=image)


async def judged(
    sandbox: Sandbox, tests: bytes, test: TestCommand, script: str = "test.sh"
) -> tuple[float | None, bytes]:
    """Copy the grader into a container, run it there, and read what it left.

    Args:
        sandbox: the container; the grader ends every process in it but the first.
        tests: a tar of the grader's files, below `tests/`.
        test: how the gold tests are run.
        script: which of the tests' scripts is run.

    Returns:
        The reward, None when there is none that is a finite number; and the end of what was printed.
    """
    if (await sandbox.exec(harbor.ALIVE)).exit_code != 0:
        return None, b"the container is too broken for a client to grade\n"
    await sandbox.put(tests)
    # The grader may run the suite a second time.
    limit = 2 * test.timeout + 120
    if script == TYPED:
        return await _typed(sandbox, limit)
    ran = await sandbox.exec(["bash", "-c", f"(/tests/{script}) 2>&1"], timeout=limit, keep=4096)
    return await _reward(sandbox), ran.stdout + ran.stderr


async def _typed(sandbox: Sandbox, limit: float) -> tuple[float | None, bytes]:
    """Grade in a terminal, as the client does that reads what is shown."""
    await sandbox.exec(terminal_bench.opened(terminal_bench.TESTS))
    await sandbox.exec(terminal_bench.typed(terminal_bench.TESTS, f"bash /tests/{TYPED}"))
    ended = await sandbox.exec(terminal_bench.waited(limit), timeout=limit + 10)
    shown = await sandbox.exec(terminal_bench.pane(terminal_bench.TESTS), keep=16 << 10)
    if ended.exit_code != 0:
        return None, shown.stdout + b"the terminal was gone before the tests had ended\n"
    return await _reward(sandbox), shown.stdout


async def _gradable(bench: Workbench, form: str) -> tuple[Files, str]:
    """The task's files with solution and tests in folders, and which of the tests' scripts is run."""
    made = (await bench.forms())[form]
    if form == terminal_bench.FOLDER:
        return terminal_bench.gradable(made), TYPED
    return made, "test.sh"


async def _graders_files(bench: Workbench, form: str) -> tuple[bytes, str]:
    """The tar that is copied in to grade, made once for each task and format; and the script in it."""
    made, script = await _gradable(bench, form)
    if form not in bench.packed:
        bench.packed[form] = await asyncio.to_thread(folder, made, "tests")
    return bench.packed[form], script


def _text(log: bytes) -> str:
    return clean.block(log.decode("utf-8", "replace"), 2048)


def _last(output: bytes) -> str:
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return clean.line(lines[-1][:200]) if lines else ""


async def _reward(sandbox: Sandbox) -> float | None:
    """What the grader left, whatever else than a small file that is."""
    script = f'[ -f "$1" ] && exec {tools.BUSYBOX} head -c {LONGEST} "$1"'
    ran = await sandbox.exec([tools.BUSYBOX, "sh", "-c", script, "sh", REWARD], timeout=10)
    return _number(ran.stdout) if ran.exit_code == 0 and len(ran.stdout) < LONGEST else None


def _number(data: bytes) -> float | None:
    try:
        value = float(data.decode("ascii").strip())
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def within(made: Files, name: str) -> Files:
    """Those of a task's files that lie below `name`."""
    return {path: file for path, file in made.items() if path.startswith(f"{name}/")}


def folder(made: Files, name: str) -> bytes:
    """A tar of them."""
    return packed(within(made, name))


def packed(files: Files, folders: Sequence[str] = ()) -> bytes:
    """A tar of `folders`, with those above them, and `files`, relative to where it will be unpacked."""
    named = [PurePosixPath(name) for name in folders]
    made = {str(path) for name in named for path in (name, *name.parents)} - {"."}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in sorted(made):
            info = tarfile.TarInfo(path)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
        for path, (data, mode) in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), mode
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
