"""A session on a thread of its own: what ends it reaches whoever started it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.apart import Apart
from engine.errors import EngineError
from sessions import events
from sessions.errors import JournalFull

FULL = JournalFull(Path("events.jsonl"))


class Work(Apart[str]):
    """Grants nothing, and may fail meanwhile."""

    trouble: JournalFull | None = None

    def outcome(self) -> str:
        return "goal"

    async def work(self) -> None:
        if self.trouble:
            self.fail(self.trouble)
        await self.serve("nobody")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return Work()


def test_what_the_journal_does_not_take_ends_the_session(work: Work) -> None:
    work.trouble = FULL
    work.start()
    assert work.join(10)
    assert (work.over, work.failure) == (True, FULL)
    assert [event.outcome for event in work.drain() if isinstance(event, events.SessionEnded)] == ["failed"]


def test_a_wish_that_cannot_be_granted_is_a_remark(work: Work) -> None:
    async def refused(to: str) -> None:
        work.stop()
        raise EngineError(f"{to} grants that")

    began = work.wish
    work.start()
    while work._loop is None:
        time.sleep(0.01)
    began(refused)
    assert work.join(10)
    assert work.failure is None
    said = [getattr(event, "text", getattr(event, "outcome", "")) for event in work.drain()]
    assert said == ["nobody grants that", "goal"]
