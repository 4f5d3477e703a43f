"""From a gold environment to proven tasks in one process: what is written, and that a seed decides it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from engine import resume
from engine.faults.facts import Facts
from engine.faults.model import Fault
from engine.gold import store
from engine.report import attempts
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.delta import Entry
from engine.sandbox.difference import difference
from engine.sandbox.tools import archive
from engine.tasks import exported, output
from sessions import events
from sessions.journal import read
from sessions.state import fold
from tests.auto.conftest import Made, journal_of, make
from tests.scripted import fault

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("home")]

GATES = [
    *("protected", "healthy", "minimal", "tidy", "rebuild", "leaks"),
    *("statement", "novel", "nop", "oracle", "probes", "trivial"),
]

TELLING = ("task.toml", "proof.json", "candidate.json", "manifest.json")


def files(task: Path) -> dict[str, bytes]:
    """Everything in a task's directory but what says when and in which session it was made."""
    names = sorted(path for path in task.rglob("*") if path.is_file())
    found = {str(path.relative_to(task)): path.read_bytes() for path in names}
    return {name: data for name, data in found.items() if name not in TELLING}


@pytest.mark.timeout(300)
async def test_a_seed_makes_a_proven_task_and_the_same_again(
    engine: Engine, gold_tree: dict[str, Entry], tmp_path: Path
) -> None:
    one, two = await asyncio.gather(*(make(tmp_path / name, seed=3) for name in ("one", "two")))
    assert (one.result.exit_code, one.result.outcome, len(one.result.tasks)) == (0, "goal", 1)
    assert one.commands == two.commands
    (task,), (other,) = (list((tmp_path / name / "harbor").iterdir()) for name in ("one", "two"))
    assert one.result.tasks == (str(task),)
    assert files(task) == files(other)

    complete(tmp_path / "one", task, one)
    await clean(engine, gold_tree, task, one)


def complete(out: Path, task: Path, made: Made) -> None:
    """Everything that belongs to a task is there and says the same."""
    gold = store.load("tiny")
    happened = list(read(journal_of(out)))
    assert happened == made.told
    assert [event.seq for event in happened] == list(range(1, len(happened) + 1))
    state = fold(happened)
    assert (state.session, state.outcome, state.tests) == (made.result.session, "goal", gold.baseline)
    (committed,) = state.tasks
    assert (committed.id, committed.path) == (task.name, str(task))
    assert not any(branch.open for branch in state.branches.values())

    (line,) = output.index(out)
    assert (line["id"], line["gold"], line["gates"]) == (task.name, "tiny", GATES)
    assert (line["f2p"], line["p2p"]) == (committed.f2p, committed.p2p)
    proof = json.loads((task / "proof.json").read_bytes())
    assert [gate["gate"] for gate in proof["gates"] if gate["held"] and gate["reason"]] == GATES
    assert {*proof["f2p"], *proof["p2p"]} == set(gold.baseline)
    assert proof["f2p"]
    steps = [(step["command"], step["family"]) for step in proof["steps"]]
    taken = [(event.command, event.family) for event in made.of(events.StepProposed) if event.family]
    assert steps
    assert set(steps) <= set(taken)
    assert (out / "gold/tiny/image").read_text().strip() == gold.image
    assert (out / "gold/tiny/tag").read_text().strip() == gold.tag
    assert (out / "gold/tiny/Dockerfile").is_file()
    assert exported.read(out / "terminal-bench" / task.name).broken() == {}
    (attempt,) = (each for each in attempts.load(out) if each.outcome == "task")
    assert (attempt.task, [gate.gate for gate in attempt.gates]) == (task.name, GATES)
    assert task.name in (out / "report.html").read_text()
    assert task.name in (out / "README.md").read_text()
    assert not list((out / ".partial").iterdir())


async def clean(engine: Engine, tree: dict[str, Entry], task: Path, made: Made) -> None:
    """The image a client builds holds the damage, and of the session nothing."""
    gold = store.load("tiny")
    text = (task / "environment/Dockerfile").read_bytes()
    image = await images.build(engine, archive({"Dockerfile": text}))
    try:
        history = [step["CreatedBy"] for step in await engine.api(f"images/{image}/history")]
        below = [step["CreatedBy"] for step in await engine.api(f"images/{gold.image}/history")]
        added = history[: len(history) - len(below)][::-1]
        instructions = text.decode().splitlines()
        assert [line.split()[0] for line in instructions[: len(added) + 1]] == [
            "FROM",
            *("ARG" if " ARG " in step else "RUN" for step in added),
        ]
        delta = await difference(engine, image, gold.image, tree)
        changed = {change.path for event in made.of(events.SnapshotTaken) for change in event.changes}
        # Bytecode that outlived its source is cleared away before the task is made.
        assert {path for path in delta if not path.endswith(".pyc")} <= changed
        known = await images.inspect(engine, image)
        assert known is not None
        assert not known["Config"]["Labels"]
    finally:
        await images.remove(engine, image)


FAULTS = [
    fault("chown root: /tmp/pytest-of-dev", "taken", "permissions", look="ls -ld /tmp"),
    fault("echo '[tiny]' >/app/tiny/settings.ini", "source", "data"),
    fault("touch /srv/nothing", "inert", "network"),
    fault("kill -9 $$", "shell", "toolchain"),
]
"""One becomes a task, one falls, nobody feels the others."""


@pytest.mark.timeout(300)
async def test_two_workers_try_everything_in_the_order_of_the_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faults(facts: Facts) -> Iterable[Fault]:
        assert facts.image.python.version
        return iter(FAULTS)

    monkeypatch.setattr(resume, "faults", faults)
    runs = (make(tmp_path / name, tasks=5, workers=2, seed=1) for name in ("one", "two"))
    one, two = await asyncio.gather(*runs)
    assert (one.result.exit_code, one.result.outcome) == (1, "short")
    assert one.result.detail == "every fault that fits this gold environment has been tried"
    assert one.commands == two.commands
    typed = [command for branch in one.commands.values() for command in branch]
    assert {each.command for each in FAULTS} <= set(typed)
    outcomes = {event.branch: event.outcome for event in one.of(events.BranchClosed)}
    assert outcomes == {event.branch: event.outcome for event in two.of(events.BranchClosed)}
    fallen = [event.gate for event in one.of(events.CandidateFell)]
    assert set(fallen) <= {"protected"}
    assert len(one.result.tasks) == len(two.result.tasks)

    # Another seed in the same place finds that all there is to find is there.
    again = await make(tmp_path / "one", tasks=len(one.result.tasks), seed=9)
    assert (again.result.outcome, again.result.tasks) == ("goal", one.result.tasks)
    assert again.commands == {}
