"""An operator's session whose process was killed goes on; one that leads nowhere turns back by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UsageError
from engine.faults.model import Fault
from engine.live import Live, Wanted
from engine.models.reach import Minds
from engine.supervision import Supervisor
from sessions import events
from sessions.library import Library
from sessions.model import Branch
from sessions.state import fold
from tests.explorer.test_live import Watched
from tests.fake_messages import FakeMessages
from tests.fake_messages.breaker import Breaker
from tests.models.conftest import MODEL

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("home"), pytest.mark.timeout(200)]

Begin = Callable[..., Watched]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    async def unproven(*_: object, **__: object) -> None:
        """Gates have tests of their own."""

    monkeypatch.setattr("engine.commit.proven", unproven)
    monkeypatch.setattr("engine.cast.faults", lambda facts: [HARM, *VAIN])
    made: list[Watched] = []

    def start(**wanted: Any) -> Watched:
        made.append(Watched(Live(Wanted("tiny", out=tmp_path / "out", **wanted))))
        made[-1].live.start()
        return made[-1]

    yield start
    for one in made:
        one.live.stop()
        assert one.live.join(120)


def cut(session: str, last: type) -> None:
    """Take the end of a session's journal away, as if it had been killed right after an event."""
    path = Library().journal_path(session)
    lines = path.read_bytes().splitlines(keepends=True)
    tag = f'{{"t":"{last.__struct_config__.tag}"'.encode()
    end = max(at for at, line in enumerate(lines) if line.startswith(tag))
    path.write_bytes(b"".join(lines[: end + 1]))


def fault(key: str, command: str, tests: frozenset[str] = frozenset()) -> Fault:
    operator, _, target = key.partition(":")
    return Fault(
        operator=operator, family="data", target=target, command=command, look="",
        recovery="true", symptom="", tests=tests,
    )  # fmt: skip


def printed(one: Watched, data: bytes) -> None:
    """Wait until a terminal has shown this."""
    while data not in b"".join(event.data for event in one.told if isinstance(event, events.ShellOutput)):
        one.told += one.live.drain()
        assert not one.live.over, one.live.failure
        time.sleep(0.02)


HARM = fault("t-harm:x", "chmod 700 /usr/lib/python3*/sqlite3", frozenset(["first"]))
VAIN = [fault(f"t-vain:{n}", f"touch /opt/nobody-{n}") for n in range(4)]


def test_it_goes_on_where_it_stood(begin: Begin) -> None:
    one = begin(mode="confirm")
    one.until(events.StepHeld, branch="b1", step=1)
    one.live.decide("b1", 1, "approved")
    assert one.until(events.SuiteEnded, branch="b1", step=1).broken
    one.until(events.StepHeld, branch="b1", step=2)
    one.live.guide("b1", "leave the network alone")  # is the answer to what was held
    one.until(events.StepHeld, branch="b1", step=3)
    one.live.fork("b1", 1)
    one.until(events.StepHeld, branch="b2", step=1)
    one.live.stop()
    assert one.live.join(120)
    with pytest.raises(UsageError, match="has ended"):
        Live(Wanted("tiny", again=one.live.session))
    cut(one.live.session, events.StepHeld)

    two = begin(again=one.live.session)
    assert two.until(events.SessionResumed).abandoned == ("b1", "b2")
    two.until(events.StepHeld, branch="b1", step=4)
    two.until(events.StepHeld, branch="b2", step=2)
    state = fold(two.told)
    assert state.mode == "confirm" and state.branches["b2"].parent == "b1"
    first, denied, waiting, again = [step.command for step in state.branches["b1"].steps.values()]
    assert len({first, denied, waiting}) == 3 and again == waiting, "what nobody answered is asked again"
    assert [step.held for step in state.branches["b1"].steps.values()] == [False, False, False, True]
    assert not [event for event in two.told if isinstance(event, events.Remark) and event.level == "warning"]
    two.live.commit("b1", 1)
    two.until(events.CandidateNominated, branch="b1", step=1)


def test_it_is_steered_while_branches_come_back(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    again = Supervisor.again

    async def slowly(to: Supervisor, known: Branch, *others: Any) -> None:
        await asyncio.sleep(100 if known.id == "b3" else 0)
        await again(to, known, *others)

    one = begin(mode="confirm")
    one.until(events.StepHeld, branch="b1", step=1)
    for name in ("b2", "b3"):
        one.live.add_branch()
        one.until(events.StepHeld, branch=name, step=1)
        if name == "b2":
            one.live.discard(name)
            one.until(events.BranchClosed, branch=name)
    one.live.stop()
    assert one.live.join(60)
    cut(one.live.session, events.StepHeld)

    monkeypatch.setattr(Supervisor, "again", slowly)
    two = begin(again=one.live.session)
    two.until(events.StepHeld, branch="b1", step=2)
    two.live.add_branch()
    two.until(events.StepHeld, branch="b4", step=1)
    assert [each.branch for each in two.told if isinstance(each, events.BranchOpened)] == [
        "b1", "b2", "b3", "b1", "b4",
    ], "no name is given twice"  # fmt: skip
    two.live.stop()
    assert two.live.join(30)


def test_a_model_is_not_asked_twice(begin: Begin, fake: FakeMessages) -> None:
    fake.policy = Breaker(["id", "chmod 700 /usr/lib/python3*/sqlite3", "ls"], "permissions")
    one = begin(agent="claude", mode="confirm", minds=Minds(MODEL))
    one.until(events.StepHeld, branch="b1", step=1)
    one.live.decide("b1", 1, "approved")
    one.until(events.StepHeld, branch="b1", step=2)
    one.live.stop()
    assert one.live.join(120)
    cut(one.live.session, events.StepHeld)
    asked = len(fake.bodies)
    two = begin(agent="claude", minds=Minds(MODEL), again=one.live.session)
    held = two.until(events.StepHeld, branch="b1", step=3)
    state = fold(two.told)
    assert state.branches["b1"].steps[held.step].command.startswith("chmod 700")
    assert len(fake.bodies) == asked, "an answer nobody acted on is acted on"
    two.live.decide("b1", 3, "approved")
    two.until(events.StepHeld, branch="b1", step=4)
    assert "a new one" in str(fake.bodies[-1]["messages"]), "it is told of its new shell"


def test_what_leads_nowhere_is_left_and_can_still_be_committed(begin: Begin) -> None:
    one = begin(mode="auto")
    closed = one.until(events.BranchClosed, branch="b1")
    assert closed.outcome == "left"
    harmful = next(event for event in one.told if isinstance(event, events.SuiteEnded) and event.flips)
    opened = next(event for event in one.told if isinstance(event, events.BranchOpened) and event.parent)
    assert (opened.branch, opened.parent, opened.step) == ("b2", "b1", harmful.step)
    one.until(events.BranchPaused, branch="b2", reason="idle")
    one.live.set_mode("manual")
    one.live.fork("b1", harmful.step)
    one.until(events.BranchOpened, branch="b3", parent="b1")
    one.live.commit("b1", harmful.step)
    one.until(events.CandidateNominated, branch="b1", step=harmful.step)


def test_nobody_goes_back_before_what_hands_have_done(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.cast.faults", lambda facts: VAIN)
    one = begin(mode="manual")
    one.until(events.BranchOpened)
    one.live.take_over("b1")
    one.until(events.TakenOver)
    one.live.type("b1", b"touch /opt/mine; echo $((6*7))-done\r")
    printed(one, b"42-done")
    one.live.hand_back("b1")
    assert one.until(events.HandedBack).step == 1
    one.live.set_mode("auto")
    opened = one.until(events.BranchOpened, branch="b2")
    assert (opened.parent, opened.step) == ("b1", 1)
