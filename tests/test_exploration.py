"""The loop of a session, with an agent that does as it was told and everything else real."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from engine.agents.model import Feedback, GiveUp, Nominate, Proposal
from engine.errors import DiskFull, EngineError, GoldError
from engine.exploration import Branch, Exploration
from engine.faults.model import Fault
from engine.gold.model import Gold
from engine.inversion import lines as written
from engine.keyboard import Keyboard
from engine.sandbox.client import Engine
from engine.sandbox.control import SandboxLost
from engine.suite.report import Report
from sessions import events
from sessions.errors import JournalFull
from sessions.journal import Journal
from sessions.state import fold

pytestmark = pytest.mark.docker

SETTINGS = "tests/test_files.py::test_settings"
BREAK = "sed -i s/7/8/ tiny/settings.ini"
MEND = "sed -i s/8/7/ tiny/settings.ini"


@dataclass
class Scripted:
    """Proposes what is on its list, keeps what came of it."""

    script: Sequence[str | Proposal | Nominate | GiveUp]
    name: str = "scripted"
    seen: list[Feedback] = field(default_factory=list)
    at: int = 0

    async def propose(self) -> Proposal | Nominate | GiveUp:
        self.at += 1
        if self.at > len(self.script):
            return GiveUp()
        what = self.script[self.at - 1]
        return Proposal(what, "scripted") if isinstance(what, str) else what

    def observe(self, feedback: Feedback) -> None:
        self.seen.append(feedback)


@dataclass
class Desk:
    """An exploration with its journal in memory as well."""

    exploration: Exploration
    told: list[events.Event] = field(default_factory=list)

    def of(self, kind: type) -> list:
        return [event for event in self.told if isinstance(event, kind)]

    async def until(self, kind: type) -> None:
        """Wait until something of this kind has happened."""
        happened = asyncio.Event()

        def watch(event: events.Event) -> None:
            if isinstance(event, kind):
                happened.set()

        self.exploration.journal.subscribe(watch)
        if not self.of(kind):
            await asyncio.wait_for(happened.wait(), 60)

    async def hands(self, branch: Branch, command: str) -> Keyboard:
        """The keyboard of a branch, on which an operator has had a command run."""
        shown, keyboard = asyncio.Event(), Keyboard(self.exploration, branch)

        def watch(event: events.Event) -> None:
            if isinstance(event, events.ShellOutput) and b"done" in event.data:
                shown.set()

        self.exploration.journal.subscribe(watch)
        keyboard.take()
        await keyboard.type(f"{command}; echo do''ne\r".encode())
        await asyncio.wait_for(shown.wait(), 60)
        return keyboard


@pytest.fixture
async def desk(engine: Engine, gold: Gold, gold_tree, tmp_path: Path) -> AsyncIterator[Desk]:
    with Journal(tmp_path / "events.jsonl") as journal:
        exploration = Exploration(engine, gold, gold_tree, journal, "exploration", command_timeout=60)
        desk = Desk(exploration)
        journal.subscribe(desk.told.append)
        await exploration.prepare()
        yield desk
        await exploration.end()


async def test_a_shell_that_was_left_by_hand_is_there_again_at_the_next_key(desk: Desk) -> None:
    branch = await desk.exploration.open("b1")
    keyboard = await desk.hands(branch, "true")
    await keyboard.type(b"exit\r")
    async with asyncio.timeout(20):
        while not desk.of(events.ShellLost):
            await asyncio.sleep(0.1)
            await keyboard.type(b"\r")
    await desk.hands(branch, "touch /srv/mine")
    told = await keyboard.give_back()
    assert told and [line.command for line in branch.now.lines] == [told.command]
    await desk.exploration.close(branch, "barren")


async def test_a_step_that_breaks_a_test_can_become_a_candidate(desk: Desk, gold: Gold) -> None:
    fault = Fault("data-x", "data", "settings", BREAK, "", MEND, "")
    agent = Scripted(["cat tiny/settings.ini", Proposal(BREAK, "scripted", fault), Nominate()])
    branch = await desk.exploration.open("b1")
    candidate = await desk.exploration.explore(branch, agent)
    await desk.exploration.close(branch, "committed")
    looked, broke = agent.seen
    assert (looked.changed, looked.report, looked.flips, looked.broken) == ((), None, (), frozenset())
    assert b"level = 7" in looked.output
    assert broke.changed == ("/app/tiny/settings.ini",)
    assert broke.broken == {SETTINGS}
    assert [(flip.id, flip.before, flip.after) for flip in broke.flips] == [(SETTINGS, "passed", "failed")]
    assert candidate
    assert candidate.broken == {SETTINGS}
    assert candidate.step == 2
    assert [(line.command, line.cwd, line.step) for line in candidate.lines] == [(BREAK, "/app", 2)]
    assert candidate.faults == (fault,)
    assert candidate.families == ("data",)
    assert list(candidate.delta) == ["/app/tiny/settings.ini"]
    assert [type(event).__name__ for event in desk.told if not isinstance(event, events.ShellOutput)] == [
        "BranchOpened",
        "StepProposed",
        "CommandStarted",
        "CommandEnded",
        "StepProposed",
        "CommandStarted",
        "CommandEnded",
        "SnapshotTaken",
        "SuiteStarted",
        *["TestReported"] * len(gold.baseline),
        "SuiteEnded",
        "CandidateNominated",
        "BranchClosed",
    ]
    ended = desk.of(events.SuiteEnded)[0]
    assert (ended.status, ended.passed, ended.broken, ended.step) == ("complete", 7, 1, 2)
    output = b"".join(event.data for event in desk.of(events.ShellOutput))
    assert output.count(b"sed -i") == 1


async def test_intent_is_written_before_effect(desk: Desk, engine: Engine) -> None:
    branch = await desk.exploration.open("b1")
    step = asyncio.create_task(desk.exploration.step(branch, Proposal("sleep 50; touch x", "scripted")))
    await desk.until(events.CommandStarted)
    assert [event.command for event in desk.of(events.StepProposed)] == ["sleep 50; touch x"]
    assert not desk.of(events.CommandEnded)
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    await desk.exploration.close(branch, "abandoned")


async def test_flips_are_against_the_step_before(desk: Desk) -> None:
    agent = Scripted([BREAK, "sed -i 's/2 /3 /' tiny/__init__.py", "ls", MEND, "git --version"])
    branch = await desk.exploration.open("b1")
    assert await desk.exploration.explore(branch, agent) is None
    flips = [{flip.id.rpartition("::")[2]: flip.after for flip in feedback.flips} for feedback in agent.seen]
    assert flips == [
        {"test_settings": "failed"},
        {"test_double[1]": "failed", "test_double[a b]": "failed"},
        {},
        {"test_settings": "passed"},
        {},
    ]
    assert len(agent.seen[3].broken) == 2
    assert [len(feedback.changed) for feedback in agent.seen] == [1, 1, 0, 1, 0]
    await desk.exploration.close(branch, "barren")


async def test_a_branch_forks_from_any_step_of_another(desk: Desk, gold: Gold) -> None:
    first = await desk.exploration.open("first")
    await desk.exploration.explore(
        first, Scripted(["export MARK=1", BREAK, "echo one >one", "cd /tmp; touch two"])
    )
    fork = await desk.exploration.open("fork", first, step=2)
    late = await desk.exploration.open("late", first, step=4)
    agent = Scripted(["cat tiny/settings.ini one /tmp/two; echo mark=$MARK", MEND])
    await desk.exploration.explore(fork, agent)
    assert b"level = 8" in agent.seen[0].output
    assert b"cat: one: No such file" in agent.seen[0].output
    assert b"mark=\r\n" in agent.seen[0].output
    assert [flip.after for flip in agent.seen[1].flips] == ["passed"]
    assert [line.command for line in fork.now.lines] == [BREAK, MEND]
    assert desk.exploration.nominate(fork, fork.steps, "operator") is None, "it is mended"
    assert {"/app/one", "/tmp/two", "/app/tiny/settings.ini"} <= set(late.now.snapshot.layer)
    candidate = desk.exploration.nominate(late, 0, "operator")
    assert candidate
    assert candidate.broken == {SETTINGS}
    assert [(event.branch, event.parent, event.step) for event in desk.of(events.BranchOpened)] == [
        ("first", "", 0),
        ("fork", "first", 2),
        ("late", "first", 4),
    ]
    for branch in (first, fork, late):
        await desk.exploration.close(branch, "discarded")


def printed(event: events.Event) -> bytes:
    return event.data if isinstance(event, events.ShellOutput) else b""


async def test_what_a_command_ran_under_is_in_its_line(desk: Desk) -> None:
    branch = await desk.exploration.open("b1")
    script = [
        "mkdir /srv/d; cd /srv/d; export A='1 2'; umask 027",
        "touch x\x00\x1b; false",
        "exit 5",
        "touch y",
    ]
    await desk.exploration.explore(branch, Scripted(script))
    lines = branch.now.lines
    assert [(line.command, line.cwd, line.exports, line.umask, line.exit_code) for line in lines] == [
        (script[0], "/app", {}, "", 0),
        ("touch x; false", "/srv/d", {"A": "1 2"}, "0027", 1),
        ("touch y", "/app", {}, "", 0),
    ]
    assert [event.reason for event in desk.of(events.ShellLost)] == ["the command ended the shell"]
    keyboard = Keyboard(desk.exploration, branch)
    keyboard.take()
    shown = asyncio.Event()
    desk.exploration.journal.subscribe(lambda event: shown.set() if b"42-done" in printed(event) else None)
    await keyboard.type(b"cd /srv; export B=2; umask 077; echo $((6*7))-done\r")
    await asyncio.wait_for(shown.wait(), 60)
    assert await keyboard.give_back() is None
    await desk.exploration.explore(branch, Scripted(["touch z"]))
    last = branch.now.lines[-1]
    assert (last.command, last.cwd, last.exports, last.umask) == ("touch z", "/srv", {"B": "2"}, "0077")
    steps = fold(desk.told).branches["b1"].steps.values()
    assert written(steps) == list(branch.now.lines), "the journal gives back what was recorded"
    await desk.exploration.close(branch, "barren")


async def test_what_hands_did_is_not_lost_with_a_suite_that_fails(desk: Desk, monkeypatch) -> None:
    branch = await desk.exploration.open("b1")
    keyboard = await desk.hands(branch, BREAK)

    async def fails(*given: object, **more: object) -> Report:
        raise EngineError("no")

    with monkeypatch.context() as patch:
        patch.setattr(desk.exploration.suite, "run", fails)
        with pytest.raises(EngineError):
            await keyboard.give_back()
    assert keyboard.taken
    told = await keyboard.give_back()
    assert told
    assert (told.step, told.changed, told.broken) == (1, ("/app/tiny/settings.ini",), {SETTINGS})
    assert [flip.after for flip in told.flips] == ["failed"]
    keyboard.take()
    assert await keyboard.give_back() is None
    candidate = desk.exploration.nominate(branch, branch.steps, "operator")
    assert candidate and len(candidate.lines) == 1
    assert len(desk.of(events.StepProposed)) == len(desk.of(events.SnapshotTaken)) == 1
    await desk.exploration.close(branch, "discarded")


async def test_a_directory_that_hands_put_back_is_put_back_by_their_step(desk: Desk) -> None:
    branch = await desk.exploration.open("b1")
    await desk.exploration.step(branch, Proposal("mv tiny /tmp/tiny", "scripted"))
    keyboard = await desk.hands(branch, "mv /tmp/tiny tiny")
    told = await keyboard.give_back()
    assert told
    assert {"/app/tiny", "/app/tiny/__init__.py", "/app/tiny/settings.ini", "/tmp/tiny"} <= set(told.changed)
    assert told.broken == frozenset()
    assert branch.now.snapshot.layer == {}
    assert "level = 7" in branch.now.lines[-1].command
    await desk.exploration.close(branch, "discarded")


async def test_a_flood_is_cut_in_the_journal(desk: Desk) -> None:
    branch = await desk.exploration.open("b1")
    agent = Scripted(["seq 2000000"])
    await desk.exploration.explore(branch, agent)
    written = sum(len(event.data) for event in desk.of(events.ShellOutput))
    ended = desk.of(events.CommandEnded)[0]
    assert ended.output_bytes > 14_000_000
    assert written < 1_300_000
    assert written + ended.dropped_bytes == pytest.approx(ended.output_bytes, abs=10_000)
    assert b"2000000" in desk.of(events.ShellOutput)[-1].data
    await desk.exploration.close(branch, "barren")


async def test_a_container_lost_on_the_way_ends_the_branch_and_not_the_session(
    desk: Desk, engine: Engine
) -> None:
    branch = await desk.exploration.open("b1")
    step = asyncio.create_task(desk.exploration.step(branch, Proposal("sleep 50", "scripted")))
    await desk.until(events.CommandStarted)
    await engine.docker.containers.container(branch.sandbox.id).delete(force=True)
    async with asyncio.timeout(30):
        with pytest.raises(SandboxLost) as lost:
            await step
    await desk.exploration.excuse(lost.value)
    await desk.exploration.close(branch, "failed")
    again = await desk.exploration.open("b2")
    assert (await desk.exploration.step(again, Proposal("true", "scripted"))).outcome == "done"
    await desk.exploration.close(again, "barren")


async def test_closing_and_ending_leave_no_container(desk: Desk, engine: Engine) -> None:
    branches = await asyncio.gather(*(desk.exploration.open(f"b{n}") for n in range(3)))
    await asyncio.gather(*(desk.exploration.close(branch, "discarded") for branch in branches))
    await desk.exploration.end()
    mine = {"label": ["cligym.session=exploration"]}
    assert not await engine.docker.containers.list(all=True, filters=mine)


async def test_an_opening_that_fails_or_is_cut_short_leaves_no_container(
    desk: Desk, engine: Engine, monkeypatch
) -> None:
    mine = {"label": ["cligym.session=exploration", "cligym=branch"]}
    for delay in (0.0, 0.02, 0.1, 0.2, 0.3):
        opening = asyncio.create_task(desk.exploration.open("b1"))
        await asyncio.sleep(delay)
        opening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await desk.exploration.close(await opening, "discarded")
        assert not await engine.docker.containers.list(all=True, filters=mine), delay

    async def fails(*args) -> None:
        raise EngineError("no")

    monkeypatch.setattr(desk.exploration.snapshots, "begin", fails)
    with pytest.raises(EngineError):
        await desk.exploration.open("b2")
    assert not await engine.docker.containers.list(all=True, filters=mine)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(EngineError("no"), "failed"), (DiskFull("no room"), "abandoned"), (None, "abandoned")],
    ids=["fault", "disk full", "cancelled"],
)
async def test_an_opening_is_given_up_for_good_only_when_the_branch_is_at_fault(
    desk: Desk, monkeypatch, error: EngineError | None, outcome: str
) -> None:
    begun = asyncio.Event()

    async def fails(*given: object) -> None:
        begun.set()
        if error is not None:
            raise error
        await asyncio.sleep(60)

    monkeypatch.setattr(desk.exploration.snapshots, "begin", fails)
    opening = asyncio.create_task(desk.exploration.open("b1"))
    await begun.wait()
    if error is None:
        opening.cancel()
    with pytest.raises(EngineError if error else asyncio.CancelledError):
        await opening
    assert [event.outcome for event in desk.of(events.BranchClosed)] == [outcome]


async def test_a_journal_without_room_keeps_no_container(desk: Desk, engine: Engine) -> None:
    branch = await desk.exploration.open("b1")
    namespace, reading = branch.namespace, branch.shell._reader
    assert namespace and reading

    def full(data: bytes) -> None:
        raise JournalFull(Path("events.jsonl"))

    branch.transcript.write = full
    await branch.shell.type(b"seq 100000\r")
    await asyncio.wait([reading], timeout=60)
    branch.transcript.add(b"more")
    with pytest.raises(JournalFull):
        await desk.exploration.close(branch, "failed")
    left = await engine.docker.containers.list(all=True, filters={"label": ["cligym.session=exploration"]})
    assert not {branch.sandbox.id, namespace.id} & {each.id for each in left}
    assert [event.outcome for event in desk.of(events.BranchClosed)] == ["failed"]


async def test_a_gold_image_that_is_gone_says_how_to_get_it_back(
    engine, gold: Gold, gold_tree, tmp_path
) -> None:
    gone = msgspec.structs.replace(gold, image="sha256:" + "0" * 64)
    with Journal(tmp_path / "events.jsonl") as journal, pytest.raises(GoldError) as caught:
        await Exploration(engine, gone, gold_tree, journal, "gone").prepare()
    assert "cligym-tui gold build" in caught.value.hint
