"""A session on a thread of its own: what ends it reaches whoever started it."""

from __future__ import annotations

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

    work.start()
    work.wish(refused)
    assert work.join(10)
    assert work.failure is None
    said = [getattr(event, "text", getattr(event, "outcome", "")) for event in work.drain()]
    assert said == ["nobody grants that", "goal"]


def test_to_stop_it_at_once_ends_it(work: Work) -> None:
    work.start()
    work.stop()
    assert work.join(10)
    assert work.outcome() == "goal" and work.failure is None


def test_a_session_that_cannot_be_closed_is_over_all_the_same(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close() -> None:
        raise FULL

    work.start()
    monkeypatch.setattr(work._session, "close", close)
    work.stop()
    assert work.join(10)
    assert (work.over, work.failure) == (True, FULL)
