"""Faults that go for the ground the session itself stands on: it goes on, whatever becomes of the branch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine import commit
from engine.agents.model import Feedback
from engine.errors import EngineError
from engine.exploration import Exploration
from engine.gold.model import Gold
from engine.proof.gate import Candidate
from engine.sandbox.client import Engine
from engine.sandbox.delta import Entry
from engine.suite.report import UNSTARTABLE
from sessions import events
from sessions.journal import Journal, read
from tests.scripted import Scripted

pytestmark = pytest.mark.docker

SHELLS = "rm -f /bin/sh /bin/dash /bin/bash /usr/bin/sh /usr/bin/dash /usr/bin/bash"
LOADER = "mv $(readlink -f /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 | head -n 1) /root/"
BOMB = "bomb() { bomb | bomb & }; bomb"
DEEP = "p=/srv; while p=$p/nnnnnnnnnnnnnnnnnnnn && mkdir $p 2>/dev/null; do :; done"


@pytest.fixture
async def exploration(
    engine: Engine, gold: Gold, gold_tree: dict[str, Entry], tmp_path: Path
) -> AsyncIterator[Exploration]:
    """A session with nothing in it."""
    with Journal(tmp_path / "events.jsonl") as journal:
        made = Exploration(engine, gold, gold_tree, journal, "damage", command_timeout=15)
        await made.prepare()
        yield made
        await made.end()


async def tried(
    exploration: Exploration, name: str, *commands: str
) -> tuple[Candidate | None, list[Feedback]]:
    """What a branch of these commands comes to; an `EngineError` must be the branch's own."""
    branch, agent = await exploration.open(name), Scripted(list(commands))
    try:
        return await exploration.explore(branch, agent), agent.seen
    except EngineError as error:
        await exploration.excuse(error)
        return None, agent.seen
    finally:
        await exploration.close(branch, "failed")


async def test_the_session_goes_on(exploration: Exploration) -> None:
    killed, bombed, deep = await asyncio.gather(
        tried(exploration, "killed", "kill -9 $$", "touch /srv/x"),
        tried(exploration, "bombed", BOMB, "touch /srv/x"),
        tried(exploration, "deep", DEEP),
    )
    assert [one.outcome for one in killed[1]] == ["lost", "done"]
    assert killed[1][1].changed == ("/srv/x",)
    assert len(bombed[1]) == 2  # the second may have had to fight for a process
    assert deep == (None, [])
    _, seen = await tried(exploration, "after", "touch /srv/y")
    assert seen[0].changed == ("/srv/y",)


@pytest.mark.parametrize("command", [pytest.param(SHELLS, id="shells"), pytest.param(LOADER, id="loader")])
async def test_what_no_client_could_grade_becomes_no_task(exploration: Exploration, command: str) -> None:
    candidate, seen = await tried(exploration, "broken", command)
    assert candidate is not None
    assert candidate.report.status == UNSTARTABLE
    assert len(seen[0].flips) == len(exploration.gold.baseline)
    assert await commit.proven(exploration, candidate, 0, 0.0) is None
    (fell,) = [one for one in read(exploration.journal.path) if isinstance(one, events.CandidateFell)]
    assert fell.gate in ("rebuild", "nop"), fell.reason
