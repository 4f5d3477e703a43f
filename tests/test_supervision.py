"""A lane that ends on its own: it says why where it can, and nobody takes it for one at work."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.agents.model import Proposal
from engine.errors import EngineError, UsageError
from engine.exploration import Branch
from engine.supervision import Supervisor
from sessions import events, model
from sessions.errors import JournalFull
from tests.test_exploration import Desk, Scripted
from tests.test_exploration import desk as desk

pytestmark = pytest.mark.docker

FULL = JournalFull(Path("events.jsonl"))


@dataclass
class Failing(Scripted):
    """An agent with whose first proposal something fails."""

    error: Exception = FULL

    async def propose(self) -> Proposal:
        raise self.error


def supervised(desk: Desk, tmp_path: Path, error: Exception) -> Supervisor:
    return Supervisor(desk.exploration, lambda name: Failing((), error=error), tmp_path)


@pytest.mark.parametrize("error", [EngineError("no room"), FULL], ids=["engine", "journal"])
async def test_a_lane_that_failed_says_so_and_is_none_any_more(
    desk: Desk, tmp_path: Path, error: Exception
) -> None:
    supervisor = supervised(desk, tmp_path, error)
    await supervisor.add()
    (lane,) = supervisor.lanes.values()
    assert lane.task
    await lane.task
    assert [event.outcome for event in desk.of(events.BranchClosed)] == ["failed"]
    assert f"the branch ended: {error}" in [event.text for event in desk.of(events.Remark)]
    with pytest.raises(UsageError, match="no open branch b1"):
        await supervisor.take_over("b1")
    with pytest.raises(UsageError, match="no open branch b1"):
        supervisor.pause("b1", True)
    assert supervisor.ended == {"b1": lane}


async def test_a_lane_ends_also_when_the_journal_takes_nothing_more(
    desk: Desk, tmp_path: Path, monkeypatch
) -> None:
    supervisor, told = supervised(desk, tmp_path, FULL), list[BaseException]()
    supervisor.unheard = told.append
    await supervisor.add()
    (lane,) = supervisor.lanes.values()
    assert lane.task

    def full(event: events.Event) -> events.Event:
        raise FULL

    with monkeypatch.context() as patch:
        patch.setattr(desk.exploration.journal, "append", full)
        await lane.task
    assert (supervisor.lanes, supervisor.ended) == ({}, {"b1": lane})
    assert lane.branch.sandbox.removed
    assert told == [FULL], "somebody has to say so"


async def test_a_mistake_on_a_lane_is_told(desk: Desk, tmp_path: Path) -> None:
    mistake, told = RuntimeError("never"), list[BaseException]()
    supervisor = supervised(desk, tmp_path, mistake)
    supervisor.unheard = told.append
    await supervisor.add()
    (lane,) = supervisor.lanes.values()
    assert lane.task
    await asyncio.wait([lane.task])
    await asyncio.sleep(0)
    assert told == [mistake]
    assert supervisor.lanes == {}


async def test_a_proof_that_the_journal_ends_says_so(desk: Desk, tmp_path: Path) -> None:
    async def fails() -> None:
        raise FULL

    await supervised(desk, tmp_path, FULL)._prove(fails)
    assert [event.text for event in desk.of(events.Remark)] == [f"the proof could not be finished: {FULL}"]


async def test_nobody_interrupts_a_branch_on_its_way_out(desk: Desk, tmp_path: Path, monkeypatch) -> None:
    supervisor = supervised(desk, tmp_path, EngineError("no room"))
    close, closed, begun = desk.exploration.close, [], asyncio.Event()

    async def slow(*words: Any) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        await close(*words)
        closed.append(words)

    monkeypatch.setattr(desk.exploration, "close", slow)
    await supervisor.add()
    (lane,) = supervisor.lanes.values()
    await begun.wait()
    await supervisor.discard("b1")
    assert len(closed) == 1
    assert supervisor.ended == {"b1": lane}


async def test_a_branch_that_cannot_go_on_keeps_no_container(desk: Desk, tmp_path: Path, monkeypatch) -> None:
    supervisor = supervised(desk, tmp_path, FULL)
    branch = await desk.exploration.open("b1")
    await desk.exploration.close(branch, "abandoned")
    opened = []
    open_ = desk.exploration.open

    async def remembered(*words: Any, **more: Any) -> Branch:
        opened.append(await open_(*words, **more))
        return opened[-1]

    async def fails(branch: Branch) -> bool:
        raise EngineError("the suite fails")

    monkeypatch.setattr(desk.exploration, "open", remembered)
    monkeypatch.setattr(desk.exploration, "retest", fails)
    known = model.Branch(id="b1", image=desk.exploration.gold.image)
    with pytest.raises(EngineError, match="the suite fails"):
        await supervisor.again(known, branch.moments, Failing(()))
    assert [each.sandbox.removed for each in opened] == [True]
    assert supervisor.lanes == {}
