"""A model at an operator's side: approved, denied with a reason, guided, forked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.ledger import Budget
from engine.live import Live, Wanted
from engine.models.conversation import rebuilt
from engine.models.reach import Minds
from sessions import events
from sessions.journal import read
from sessions.state import fold
from tests.explorer.test_auto import HARM
from tests.fake_messages import FakeMessages
from tests.fake_messages.breaker import Breaker
from tests.models.conftest import MODEL

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("home"), pytest.mark.timeout(200)]


class Watched:
    """A live session and what it told."""

    def __init__(self, live: Live) -> None:
        self.live, self.told = live, list[events.Event]()

    def until(self, kind: type, **fields: object) -> Any:
        """The next event like that."""
        began, at = time.monotonic(), 0
        while time.monotonic() - began < 120:
            self.told += self.live.drain()
            for event in self.told[at:]:
                at += 1
                if isinstance(event, kind) and all(getattr(event, key) == fields[key] for key in fields):
                    return event
            assert not self.live.over, self.live.failure
            time.sleep(0.02)
        raise AssertionError(f"no {kind.__name__} {fields}: {self.told[-3:]}")


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def start(**wanted: Any) -> Watched:
        live = Live(Wanted("tiny", "claude", out=tmp_path / "out", minds=Minds(MODEL), **wanted))
        live.start()
        made.append(Watched(live))
        return made[-1]

    yield start
    for one in made:
        one.live.stop()
        assert one.live.join(120)


async def unproven(*given: object, **more: object) -> None:
    """In the place of the gates, which are not the point."""


def test_steered(fake: FakeMessages, begin: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.commit.proven", unproven)
    fake.policy = Breaker(["id", HARM, "ls"], "permissions")
    one = begin(mode="confirm")
    live = one.live
    one.until(events.StepHeld, branch="b1", step=1)
    live.decide("b1", 1, "denied", reason="Not this one.")
    one.until(events.StepHeld, branch="b1", step=2)  # the same again, for the policy has only this plan
    live.decide("b1", 2, "edited", command="id -u")
    one.until(events.StepHeld, branch="b1", step=3)
    live.guide("b1", "Mind the locale.")  # is the answer to what was held
    one.until(events.StepHeld, branch="b1", step=4)
    live.decide("b1", 4, "approved")
    one.until(events.SuiteEnded, branch="b1", step=4)
    live.set_mode("auto")
    one.until(events.BranchPaused, branch="b1", paused=True, reason="nominated")
    live.commit("b1", 4)
    put = one.until(events.CandidateNominated, branch="b1", step=4)
    assert (put.by, put.family, put.intent) == ("operator", "permissions", fake.policy.intent)
    live.fork("b1", 4)
    one.until(events.BranchPaused, branch="b2", paused=True, reason="nominated")
    told = str(fake.bodies[-1]["messages"])
    for words in (
        "Not this one.",
        "changed the command to: id -u",
        "Mind the locale.",
        "as it was after step 4",
    ):
        assert words in told, words
    happened = list(read(live.journal_path))
    fork = rebuilt(happened, "b2", print)
    assert fork is not None
    assert list(fork.rendered())[: len(fake.bodies[-1]["messages"])] == fake.bodies[-1]["messages"]
    state = fold(happened)
    assert state.spent is not None and state.spent.input_tokens == fake.used("input_tokens")
    assert state.branches["b2"].spent and state.branches["b1"].said[-1].kind == "tool"


def test_a_limit_is_a_rest(fake: FakeMessages, begin: Callable[..., Watched]) -> None:
    fake.policy = Breaker(["id", HARM])
    one = begin(mode="auto", budget=Budget(tokens=10))
    one.until(events.BranchPaused, branch="b1", paused=True, reason="limit")
    assert [event.command for event in one.told if isinstance(event, events.StepProposed)] == ["id"]
    assert fold(read(one.live.journal_path)).branches["b1"].open
