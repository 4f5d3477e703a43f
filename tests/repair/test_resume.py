"""A run of repairs that was cut off, and the same command again: nothing is asked twice, nothing is lost."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from engine.repair import results
from sessions import events
from sessions.journal import read
from sessions.library import Library
from sessions.repairs import repairs
from sessions.trajectories.fold import trajectories
from tests.fake_messages import FakeMessages, Fault, tool
from tests.models.conftest import environment, fake
from tests.repair.conftest import MEND
from tests.repair.test_command import Run, ended, start
from tests.tasks.conftest import Made

__all__ = ["environment", "fake", "start"]

pytestmark = pytest.mark.docker

FIRST = "touch /etc/mine"
SECOND = f"[ -e /etc/mine ] && sleep 3 && {MEND}"


def policy(body: dict[str, Any]) -> Any:
    """Twice a command, the second of which needs what the first has done."""
    done = sum(message["role"] == "assistant" for message in body["messages"])
    return [[tool("bash", command=FIRST)], [tool("bash", command=SECOND)], [tool("submit")]][min(done, 2)]


def happened() -> list[events.Event]:
    """What is in the journal of the one session there is."""
    (session,) = Library().list()
    return list(read(Library().journal_path(session.id)))


@pytest.mark.parametrize("when", ["call", "command"])
def test_killed_and_taken_up_again(start: Run, fake: FakeMessages, made: Made, when: str) -> None:
    fake.policy = policy
    if when == "call":
        fake.then(*[None] * 4, Fault.hang())
    process = start("--agent", "claude", "--attempts", "2")
    began = time.monotonic()

    def reached() -> bool:
        if when == "call" or len(fake.served) < 5:
            return len(fake.served) == 5
        begun = [event for event in happened() if isinstance(event, events.CommandStarted)]
        return [(event.branch, event.step) for event in begun[3:]] == [("r2", 2)]

    while not reached():
        assert time.monotonic() - began < 150
        time.sleep(0.02)
    process.kill()
    process.communicate()
    out = results.collection(made.directory)
    assert [one.branch for one in results.read(out)] == ["r1"]
    (out / results.FILE).unlink()  # as if it had been killed an instant earlier

    code, told, err = ended(start("--agent", "claude", "--attempts", "2"))
    assert (code, "2 of 2" in told) == (0, True), err
    assert [(one.branch, one.outcome, one.attempt) for one in results.read(out)] == [
        ("r1", "solved", 1),
        ("r2", "solved", 2),
    ]
    # Two attempts of three calls, and the one that was cut off.
    assert len(fake.served) == 6 + (when == "call")
    told_ = happened()
    commands = Counter(
        (event.branch, event.command) for event in told_ if isinstance(event, events.StepProposed)
    )
    again = ("r2", SECOND)
    assert {one for one, times in commands.items() if times > 1} == ({again} if when == "command" else set())
    assert len(commands) == 4
    asked = [event.call for event in told_ if isinstance(event, events.ModelAsked)]
    assert asked == sorted(event.call for event in told_ if isinstance(event, events.ModelAnswered))
    spent = [one.spent for one in repairs(told_)]
    assert [one.vague for one in spent] == [0, int(when == "call")]
    assert sum(one.tokens for one in spent) == sum(sum(one.usage.values()) for one in fake.served)
    second = trajectories(told_)[1]
    calls = [call.name for turn in second.turns for call in turn.calls]
    assert (second.reward, calls) == (1.0, ["bash", "bash", "submit"])


def test_interrupted_and_taken_up_again(start: Run, fake: FakeMessages, made: Made) -> None:
    fake.policy = policy
    fake.then(None, Fault.hang())
    process = start("--agent", "claude")
    began = time.monotonic()
    while len(fake.served) < 2:
        assert time.monotonic() - began < 150
        time.sleep(0.02)
    process.send_signal(2)
    process.communicate()
    assert process.returncode == 130
    code, _, err = ended(start("--agent", "claude"))
    assert code == 0, err
    assert len(fake.served) == 4
    out = results.collection(made.directory)
    assert [one.steps for one in results.read(out)] == [2]
    # That order has come to its end: given again, it is another one.
    fake.policy = lambda body: [tool("give_up", reason="no")]
    code, _, _ = ended(start("--agent", "claude"))
    assert (code, len(results.read(out)), len(Library().list())) == (1, 2, 2)


def test_two_at_the_same(start: Run, fake: FakeMessages) -> None:
    fake.policy = policy
    fake.then(Fault.hang())
    one = start("--agent", "claude")
    began = time.monotonic()
    while not fake.served:
        assert time.monotonic() - began < 150
        time.sleep(0.02)
    code, _, err = ended(start("--agent", "claude"))
    assert (code, f"process {one.pid} is at work" in err) == (2, True)
    one.kill()
    one.communicate()
