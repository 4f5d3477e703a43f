"""Solvers on a real task in real containers: what is graded, recorded and left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.proof.grading import folder
from engine.repair import results
from engine.repair.attempt import Allowance
from engine.repair.run import RECRUITS, Order, run
from engine.repair.solver import Feedback, GiveUp, Proposal, Submit
from engine.repair.verify import verify
from engine.sandbox.client import Engine
from sessions import events
from sessions.journal import read
from sessions.library import Library
from sessions.repairs import Attempted, repairs, rewards
from tests.repair.conftest import MEND
from tests.tasks.conftest import Made

pytestmark = pytest.mark.docker


@dataclass
class Scripted:
    """Types its commands, then does what it ends with."""

    commands: Sequence[str]
    end: Submit | GiveUp = field(default_factory=Submit)
    brings: bytes = b""
    name: str = "scripted"
    seen: list[Feedback] = field(default_factory=list)

    async def propose(self) -> Proposal | Submit | GiveUp:
        if len(self.seen) < len(self.commands):
            return Proposal(self.commands[len(self.seen)], self.name)
        return self.end

    def observe(self, feedback: Feedback) -> None:
        self.seen.append(feedback)


Try = Callable[..., "Tried"]


@dataclass
class Tried:
    """One attempt, and its session's events."""

    attempted: Attempted
    told: list[events.Event]
    solver: Scripted

    def of(self, kind: type) -> list:
        return [event for event in self.told if isinstance(event, kind)]


async def attempt(
    made: Made, patch: pytest.MonkeyPatch, solver: Scripted, allowance: Allowance | None = None
) -> Tried:
    patch.setitem(RECRUITS, "scripted", lambda at: solver)
    outcome = await run(Order([made.directory], "scripted", allowance=allowance or Allowance()))
    (attempted,) = outcome.attempts
    return Tried(attempted, list(read(Library().journal_path(attempted.session))), solver)


async def test_the_solution_solves_it_and_the_record_is_the_journal(made: Made) -> None:
    watched: list[Attempted] = []
    outcome = await run(Order([made.directory], "oracle", attempts=2, workers=2), watched.append)
    assert not outcome.unready
    assert watched == outcome.attempts
    assert sorted((one.attempt, one.branch, one.outcome, one.reward, one.steps) for one in watched) == [
        (1, "r1", "solved", 1.0, 1),
        (2, "r2", "solved", 1.0, 1),
    ]
    out = made.directory.parent
    recorded = results.read(out)
    assert sorted(recorded, key=lambda one: one.attempt) == sorted(watched, key=lambda one: one.attempt)
    told = list(read(Library().journal_path(watched[0].session)))
    assert {one.branch: one.reward for one in repairs(told)} == {"r1": 1.0, "r2": 1.0}
    (figures,) = results.summarise(out)
    assert (figures.attempts, figures.solved, figures.band) == (2, 2, "easy")


async def test_a_solver_sees_what_its_commands_say_and_no_suite_is_run(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = await attempt(made, monkeypatch, Scripted(["whoami; pwd; ls -d /logs /tests", MEND]))
    looked, mended = tried.solver.seen
    assert b"root\r\n/app\r\n/logs  /tests\r\n" in looked.output
    assert (looked.changed, looked.report, looked.exit_code) == ((), None, 0)
    assert mended.changed == ("/tmp/pytest-of-dev",)
    assert (tried.attempted.outcome, tried.attempted.steps) == ("solved", 2)
    shown = (events.ShellOutput, events.ShellLost)
    kinds = [type(event).__name__ for event in tried.told if not isinstance(event, shown)]
    step = ["StepProposed", "CommandStarted", "CommandEnded"]
    assert kinds == [
        *("SessionStarted", "RepairStarted", "BranchOpened", *step, *step, "SnapshotTaken"),
        *("RepairGraded", "BranchClosed", "SessionEnded"),
    ]
    (graded,) = tried.of(events.RepairGraded)
    assert graded.log.splitlines() == ["all 8 required tests pass", "reward 1"]
    assert tried.of(events.RepairStarted)[0].instruction == made.task.instruction
    assert tried.of(events.SessionEnded)[0].outcome == "goal"


async def test_what_is_not_repaired_earns_nothing_and_says_why(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = await attempt(made, monkeypatch, Scripted(["true"], GiveUp("no idea")))
    one = tried.attempted
    assert (one.outcome, one.reward, one.detail, one.counts) == ("gave up", 0.0, "no idea", True)
    assert "tests/test_files.py::test_temporary" in one.failing
    forged = "echo 1 >/logs/verifier/reward.txt; sleep 900 &"
    tried = await attempt(made, monkeypatch, Scripted([forged]))
    assert (tried.attempted.outcome, tried.attempted.reward) == ("unsolved", 0.0)
    assert "required tests do not pass" in tried.attempted.detail


async def test_limits_end_an_attempt_and_it_is_graded_as_it_is(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = await attempt(made, monkeypatch, Scripted(["true"] * 9), Allowance(steps=3))
    assert (tried.attempted.outcome, tried.attempted.steps) == ("limit", 3)
    tried = await attempt(made, monkeypatch, Scripted([MEND, "sleep 600"]), Allowance(seconds=10))
    assert (tried.attempted.outcome, tried.attempted.reward) == ("solved", 1.0)


async def test_a_solver_may_end_everything_in_its_container(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = await attempt(made, monkeypatch, Scripted(["kill -9 -1", "kill -9 $$", MEND]))
    assert tried.attempted.outcome == "solved"
    assert len(tried.of(events.ShellLost)) == 1


async def test_nothing_of_a_repair_is_left(
    made: Made, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = await attempt(made, monkeypatch, Scripted([]))
    session = tried.attempted.session
    filters = {"label": [f"cligym.session={session}"]}
    deadline = time.monotonic() + 60
    while left := await engine.docker.containers.list(all=True, filters=filters):
        assert time.monotonic() < deadline, left
        await asyncio.sleep(0.1)
    assert await engine.docker.images.list(all=True, filters=filters) == []


async def test_only_what_was_proven_is_tried(made: Made, home: Path) -> None:
    (made.directory / "instruction.md").write_text("Do nothing.\n")
    with pytest.raises(UsageError, match=r"instruction\.md was changed"):
        await run(Order([made.directory], "oracle"))
    assert not home.exists()


async def test_a_hint_that_is_missing_is_said_and_the_others_go_on(made: Made) -> None:
    outcome = await run(Order([made.directory], "oracle", hint="weak"))
    assert outcome.attempts == []
    (why,) = outcome.unready.values()
    assert why.endswith("has no weak hint")


async def test_a_solved_repair_is_graded_again_by_its_commands_alone(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = await attempt(made, monkeypatch, Scripted(["owner=dev:", f"{MEND.replace('dev:', '$owner')}"]))
    assert tried.attempted.outcome == "solved"
    (verified,) = await verify(tried.attempted.session)
    assert (verified.branch, verified.reward) == ("r1", 1.0)
    assert await verify(tried.attempted.session) == []
    told = list(read(Library().journal_path(tried.attempted.session)))
    assert rewards(told) == {f"{tried.attempted.session}-r1": 1.0}

    # What only worked because something outside the commands had happened does not hold.
    lucky = Scripted([f"[ -e /etc/lucky ] && {MEND}"], brings=folder({"etc/lucky": (b"", 0o644)}, "etc"))
    tried = await attempt(made, monkeypatch, lucky)
    assert tried.attempted.outcome == "solved"
    (verified,) = await verify(tried.attempted.session)
    assert verified.reward == 0.0
