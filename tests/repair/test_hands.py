"""A person at the keyboard: keys in, steps and a verdict out."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from engine.repair import results
from engine.repair.hands import Hands
from sessions import events
from tests.repair.conftest import MEND
from tests.tasks.conftest import Made

pytestmark = pytest.mark.docker


class Person:
    """Types, and waits for what is to be seen."""

    def __init__(self, made: Made) -> None:
        self.hands = Hands(made.directory)
        self.told: list[events.Event] = []
        self.hands.start()

    def until(self, seen: Callable[[events.Event], bool]) -> None:
        began = time.monotonic()
        while not any(map(seen, self.told)):
            assert time.monotonic() - began < 150, self.told[-5:]
            time.sleep(0.05)
            self.told += self.hands.drain()

    def types(self, line: str, shown: bytes) -> None:
        self.hands.type("r1", line.encode() + b"\r")
        self.until(lambda event: isinstance(event, events.ShellOutput) and shown in event.data)

    def of(self, kind: type) -> list:
        return [event for event in self.told if isinstance(event, kind)]

    def ends(self) -> None:
        assert self.hands.join(150)
        self.told += self.hands.drain(10_000)
        assert self.hands.failure is None


def test_hands_mend_it_and_submit(made: Made) -> None:
    person = Person(made)
    person.until(lambda event: isinstance(event, events.TakenOver))
    person.types(f"{MEND}; echo do''ne", b"done")
    person.hands.submit()
    person.ends()
    (step,) = person.of(events.StepProposed)
    assert (step.origin, "chown" in step.command) == ("operator", True)
    assert [(one.outcome, one.reward) for one in person.of(events.RepairGraded)] == [("solved", 1.0)]
    assert person.hands.solved
    assert person.told[-1].outcome == "goal"
    (one,) = results.read(results.collection(made.directory))
    assert (one.solver, one.outcome, one.steps) == ("operator", "solved", 1)


def test_what_is_given_up_is_graded_and_what_is_left_is_not(made: Made) -> None:
    person = Person(made)
    person.until(lambda event: isinstance(event, events.TakenOver))
    person.hands.give_up()
    person.ends()
    assert [one.outcome for one in person.of(events.RepairGraded)] == ["gave up"]
    assert person.told[-1].outcome == "short"
    person = Person(made)
    person.until(lambda event: isinstance(event, events.TakenOver))
    person.hands.stop()
    person.ends()
    assert person.of(events.RepairGraded) == []
    assert [one.outcome for one in person.of(events.BranchClosed)] == ["abandoned"]
    assert len(results.read(results.collection(made.directory))) == 1
