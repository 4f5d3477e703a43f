"""Tasks made by hand from the small gold environment, and a client that grades them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import tarfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.gold.model import Gold, Recipe, TestCommand
from engine.inversion import Line, dockerfile
from engine.proof.gate import Verdict
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.container import labels
from engine.sandbox.delta import Entry, Layer
from engine.sandbox.difference import difference
from engine.sandbox.reading import reading
from engine.sandbox.sandbox import Sandbox
from engine.sandbox.tools import archive
from engine.suite.report import Report
from engine.suite.run import Suite
from engine.tasks import export
from engine.tasks.contract import contract
from engine.tasks.materials import private_tests, reference_solution
from engine.tasks.model import TakenStep, Task
from engine.tasks.names import task_id


@dataclass(frozen=True)
class Made:
    """A broken image and the task of it."""

    task: Task
    image: str
    delta: Layer
    report: Report
    directory: Path


@dataclass
class Workshop:
    """Breaks gold and grades what becomes of it."""

    engine: Engine
    gold: Gold
    tree: dict[str, Entry]
    scratch: Path

    async def make(self, *commands: str) -> Made:
        """The task whose inversion is `commands`."""
        text = dockerfile(self.gold.tag, [Line(command, "/app") for command in commands])
        image = await images.build(
            self.engine, archive({"Dockerfile": text.encode()}), labels=labels("proof", "workshop")
        )
        delta = await difference(self.engine, image, self.gold.image, self.tree)
        report = await Suite(self.engine, self.gold.test).run(image)
        broken = report.broken(self.gold.baseline)
        terms = contract(
            self.tree,
            self.gold.test,
            self.gold.recipe.protected,
            [test for test in self.gold.baseline if test in broken],
            [test for test in self.gold.baseline if test not in broken],
        )
        async with reading(self.engine, self.gold.image) as get:
            tests = await private_tests(get, self.tree, terms)
            solution = await reference_solution(get, self.tree, delta)
        task = Task(
            id=task_id(self.gold.project, commands),
            gold=self.gold,
            instruction="The tests fail. Please find out why and repair the machine.\n",
            dockerfile=text,
            contract=terms,
            tests=tests,
            solution=solution,
            families=("data",),
            session="workshop",
            branch="main",
            step=len(commands),
        )
        directory = await asyncio.to_thread(export.stage, self.scratch, task)
        return Made(task, image, delta, report, directory)

    async def grade(
        self,
        made: Made,
        *,
        solve: bool = False,
        before: Sequence[str] = (),
        after: Sequence[str] = (),
        image: str = "",
    ) -> tuple[str, str]:
        """What a client reads as reward, and the log; root runs `before` and `after` around the solution."""
        async with await Sandbox.start(self.engine, image or made.image, purpose="proof") as sandbox:
            await sandbox.exec(["/bin/mkdir", "-p", "/logs/agent", "/logs/verifier"])
            for command in before:
                assert (await sandbox.exec(["/bin/bash", "-c", command])).exit_code == 0, command
            if solve:
                await sandbox.put(copy(made.directory / "solution", "solution"))
                ran = await sandbox.exec(["bash", "-c", "(/solution/solve.sh) 2>&1"], timeout=150)
                assert ran.exit_code == 0, ran.stdout
            for command in after:
                assert (await sandbox.exec(["/bin/bash", "-c", command])).exit_code == 0, command
            await sandbox.put(copy(made.directory / "tests", "tests"))
            ran = await sandbox.exec(["bash", "-c", "(/tests/test.sh) 2>&1"], timeout=150)
            reward = await sandbox.read_file("/logs/verifier/reward.txt")
        return reward.decode().strip(), ran.stdout.decode()


def lay(files: Mapping[str, bytes], directory: Path) -> None:
    """Write a grader's files where it is to run from."""
    for name, data in files.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_bytes(data)


def copy(source: Path, name: str) -> bytes:
    """A tar of a directory, as a client would copy it in."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(source, name, filter=lambda info: info.replace(uid=0, gid=0, uname="", gname="", deep=False))
    return buffer.getvalue()


@pytest.fixture
async def workshop(
    engine: Engine, gold: Gold, gold_tree: dict[str, Entry], tmp_path: Path
) -> AsyncIterator[Workshop]:
    """Where tasks are made; what was built goes with it."""
    shop = Workshop(engine, gold, gold_tree, tmp_path)
    made: list[str] = []
    build = shop.make

    async def remembered(*commands: str) -> Made:
        task = await build(*commands)
        made.append(task.image)
        return task

    shop.make = remembered
    yield shop
    for image in made:
        with contextlib.suppress(EngineError):  # removed with an image made of it
            await images.remove(engine, image)


@pytest.fixture
def task() -> Task:
    """A task of a gold environment that nobody built."""
    tree = {
        "/app": Entry("dir", 0o755, 1000, 1000),
        "/app/src": Entry("dir", 0o755, 1000, 1000),
        "/app/src/a.py": Entry("file", 0o644, 1000, 1000, size=1, digest="aa"),
        "/app/tests": Entry("dir", 0o755, 1000, 1000),
        "/app/tests/test_a.py": Entry("file", 0o644, 1000, 1000, size=1, digest="bb"),
        "/usr/bin/python3.11": Entry("file", 0o755, size=1, digest="cc"),
        "/opt/venv/bin/python": Entry("symlink", 0o777, target="/usr/bin/python3.11"),
    }
    gold = Gold(
        name="thing",
        source="thing==1.0",
        project="Thing",
        version="1.0",
        image="sha256:" + "0" * 64,
        tag="cligym-gold/thing:000000000000",
        recipe=Recipe(),
        test=TestCommand(),
        baseline=("tests/test_a.py::test_x", "tests/test_a.py::test_y"),
    )
    return Task(
        id="thing-0a1b2c",
        gold=gold,
        instruction="Something is wrong.\n",
        dockerfile=f"FROM {gold.tag}\n",
        contract=contract(tree, gold.test, ("/app",), gold.baseline[:1], gold.baseline[1:]),
        tests=b"\0" * 10240,
        solution={"solve.sh": b"#!/bin/bash\n"},
        families=("data",),
        session="20261120-104930-k3vm",
        branch="main",
        step=2,
        steps=(TakenStep(step=2, command="rm x", origin="saboteur", operator="data-gone", family="data"),),
        gates=(Verdict("nop", True, "earns 0", 1.5, {"reward": 0, "paths": {"b", "a"}}),),
        created=1_800_000_000.0,
        version="0.1.0",
    )
