"""Grade a task the way its clients do: solution and grader copied in, run by bash, a reward file read."""

from __future__ import annotations

import io
import math
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass

from engine import clean
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


@dataclass(frozen=True)
class Graded:
    """One grading of a container."""

    reward: float | None
    """None when the grader left none that is a finite number."""
    log: str
    """The end of what solution and grader printed."""


async def grade(
    bench: Workbench, *, solve: bool, form: str = harbor.FOLDER, before: Sequence[Sequence[str]] = ()
) -> Graded:
    """Start a fresh container from the rebuilt image, offline; with `solve`, run the solution first.

    Source of the procedure: Harbor's local environment (solution to /solution, tests to /tests, both run
    with `bash -c`, the reward read from /logs/verifier). Of Terminal-Bench's it is what differs: one script
    is the solution, and what the tests' script prints must say what the reward does.

    Args:
        bench: where the task lies.
        solve: whether to run the solution.
        form: folder of the format whose files are used.
        before: commands that are run first, whatever becomes of them.

    Raises:
        Fell: what the client itself needs in the container does not work.
    """
    made, script = (await bench.forms())[form], "test.sh"
    if form == terminal_bench.FOLDER:
        made, script = terminal_bench.gradable(made), "run-tests.sh"
    async with bench.engine.suite_slots, bench.namespaces.leased() as namespace:
        sandbox = await Sandbox.start(
            bench.engine, bench.rebuilt, session=bench.session, purpose="proof", network=namespace.network
        )
        async with sandbox:
            await sandbox.put(_directories(*FOLDERS))
            log = b""
            if not solve and (await sandbox.exec(terminal_bench.ALIVE, timeout=60)).exit_code != 0:
                raise Fell(
                    "no terminal works in the container for a client", {"command": terminal_bench.ALIVE}
                )
            for argv in before:
                ran = await sandbox.exec(argv, timeout=SOLVE_SECONDS, keep=4096)
                log += ran.stdout + ran.stderr
            if solve:
                await sandbox.put(_packed(made, "solution"))
                ran = await sandbox.exec(
                    ["bash", "-c", "(/solution/solve.sh) 2>&1"], timeout=SOLVE_SECONDS, keep=4096
                )
                log += ran.stdout
            if (await sandbox.exec(harbor.ALIVE)).exit_code != 0:
                raise Fell("the container is too broken for a client to grade", {"command": harbor.ALIVE})
            await sandbox.put(_packed(made, "tests"))
            # The grader may run the suite a second time.
            limit = 2 * bench.candidate.gold.test.timeout + 120
            ran = await sandbox.exec(["bash", "-c", f"(/tests/{script}) 2>&1"], timeout=limit, keep=4096)
            log += ran.stdout + ran.stderr
            reward = await _reward(sandbox)
            printed = ran.stdout.decode("utf-8", "replace")
            if form == terminal_bench.FOLDER and terminal_bench.resolved(printed) != (reward == 1):
                raise Fell(f"what the tests print does not say that the reward is {reward}", {"log": printed})
    return Graded(reward, clean.block(log.decode("utf-8", "replace"), 2048))


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


def _packed(made: Files, folder: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, (data, mode) in made.items():
            if name.startswith(f"{folder}/"):
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(data), mode
                tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _directories(*names: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        made = set()
        for name in names:
            for depth in range(1, name.count("/") + 2):
                path = "/".join(name.split("/")[:depth])
                if path not in made:
                    made.add(path)
                    info = tarfile.TarInfo(path)
                    info.type, info.mode = tarfile.DIRTYPE, 0o755
                    tar.addfile(info)
    return buffer.getvalue()
