"""A model that repairs: the real client, a server of our own, real containers."""

from __future__ import annotations

from typing import Any

import pytest

from engine.agents.loops import STOPPED, WARNED
from engine.agents.model import Feedback
from engine.errors import ModelError
from engine.ledger import Budget
from engine.models.reach import Minds
from engine.repair.claude import NUDGES, told
from engine.repair.run import Order, run
from sessions import events
from sessions.journal import read
from sessions.library import Library
from sessions.repairs import Attempted
from sessions.trajectories.fold import trajectories
from tests.fake_messages import FakeMessages, Reply, scripted, text, tool
from tests.models.conftest import MODEL, environment, fake
from tests.repair.conftest import MEND
from tests.tasks.conftest import Made

__all__ = ["environment", "fake"]

pytestmark = pytest.mark.docker


async def solve(made: Made, fallback: str = "", **order: Any) -> tuple[Attempted, list[Any]]:
    outcome = await run(Order([made.directory], "claude", minds=Minds(MODEL, fallback), **order))
    one = outcome.attempts[0]
    return one, list(read(Library().journal_path(one.session)))


def results(fake: FakeMessages) -> list[str]:
    """What tools gave, as the server was told last."""
    blocks = [block for message in fake.bodies[-1]["messages"] for block in message["content"]]
    return [block["content"] for block in blocks if block["type"] == "tool_result"]


async def test_it_looks_mends_and_submits(made: Made, fake: FakeMessages) -> None:
    fake.policy = scripted(
        [text("First I look."), tool("bash", command="cd /tmp; ls -ld pytest-of-dev | cut -d' ' -f3")],
        [tool("bash", command=f"{MEND}; pwd; false")],
        [text("It was the owner."), tool("submit")],
    )
    one, happened = await solve(made)
    assert (one.outcome, one.reward, one.steps, one.model) == ("solved", 1.0, 2, MODEL)
    assert one.detail == "It was the owner."
    assert results(fake) == ["root\n\nExit code: 0", "/tmp\n\nExit code: 1"]
    first = fake.bodies[0]["messages"][0]
    assert first["content"][0]["text"] == made.task.instruction
    used = sum(fake.used(f"{kind}_tokens") for kind in ("input", "output", "cache_read_input"))
    assert one.spent.tokens == used + fake.used("cache_creation_input_tokens")
    assert one.spent.calls == 3 and one.spent.exact
    assert "sk-ant" not in Library().journal_path(one.session).read_text()
    (trajectory,) = trajectories(happened)
    assert (trajectory.reward, trajectory.purpose, trajectory.model) == (1.0, "repair", MODEL)
    assert [call.name for turn in trajectory.turns for call in turn.calls] == ["bash", "bash", "submit"]


async def test_attempts_at_a_time_do_not_mix(made: Made, fake: FakeMessages) -> None:
    def policy(body: dict[str, Any]) -> Any:
        done = sum(message["role"] == "assistant" for message in body["messages"])
        return [[tool("bash", command=MEND)], [tool("submit")]][min(done, 1)]

    fake.policy = policy
    outcome = await run(Order([made.directory], "claude", attempts=2, workers=2, minds=Minds(MODEL)))
    assert [(one.outcome, one.spent.calls) for one in outcome.attempts] == [("solved", 2)] * 2
    happened = list(read(Library().journal_path(outcome.attempts[0].session)))
    calls = [event.call for event in happened if isinstance(event, events.ModelAsked)]
    assert calls == sorted(set(calls))


async def test_what_is_no_command_is_answered_and_ends_some_time(made: Made, fake: FakeMessages) -> None:
    fake.policy = scripted("I think it is the owner.")
    one, _ = await solve(made)
    assert (one.outcome, one.steps) == ("gave up", 0)
    assert len(fake.bodies) == NUDGES + 1
    fake.policy = scripted([tool("bash", command=" ")], [tool("give_up", reason="too hard")])
    one, _ = await solve(made)
    assert (one.outcome, one.detail) == ("gave up", "too hard")


async def test_circles_are_told_and_then_ended(made: Made, fake: FakeMessages) -> None:
    fake.policy = lambda body: [tool("bash", command="true")]
    one, happened = await solve(made)
    assert (one.outcome, one.detail) == ("gave up", "it went in circles")
    assert one.steps == STOPPED
    said = [event for event in happened if isinstance(event, events.MessageAdded)]
    assert sum("again and again" in str(event.content) for event in said) == STOPPED - WARNED


async def test_a_refusal_is_an_outcome_and_another_model_may_go_on(made: Made, fake: FakeMessages) -> None:
    refusal = Reply([], "refusal", {"type": "refusal", "category": "cyber", "explanation": "no"})
    fake.policy = scripted(refusal)
    one, _ = await solve(made)
    assert (one.outcome, one.reward) == ("refused", 0.0)

    def policy(body: dict[str, Any]) -> Any:
        return refusal if body["model"] == MODEL else [tool("submit")]

    fake.policy = policy
    one, _ = await solve(made, "claude-opus-5-5")
    assert one.outcome == "unsolved"


async def test_a_budget_ends_the_run_and_what_was_done_is_graded(made: Made, fake: FakeMessages) -> None:
    fake.policy = scripted([tool("bash", command=MEND)], [tool("bash", command="true")])
    outcome = await run(
        Order([made.directory], "claude", attempts=3, minds=Minds(MODEL), budget=Budget(tokens=10))
    )
    assert "tokens are used" in outcome.limit
    assert [(one.outcome, one.steps) for one in outcome.attempts] == [("solved", 1)]
    more = await run(Order([made.directory], "claude", attempts=2, minds=Minds(MODEL)))
    assert [(one.session, one.attempt) for one in more.attempts] == [
        (outcome.attempts[0].session, 1),
        (outcome.attempts[0].session, 2),
    ]


async def test_a_service_that_fails_for_good_ends_the_run(made: Made, fake: FakeMessages) -> None:
    fake.keys = {"another"}
    with pytest.raises(ModelError):
        await solve(made)
    (session,) = Library().list()
    happened = list(read(Library().journal_path(session.id)))
    assert not [event for event in happened if isinstance(event, events.RepairGraded)]
    last = happened[-1]
    assert isinstance(last, events.SessionEnded)
    assert last.outcome == "failed"
    fake.keys, fake.policy = set(), scripted([tool("bash", command=MEND)], [tool("submit")])
    one, _ = await solve(made)
    assert (one.session, one.branch, one.outcome) == (session.id, "r1", "solved")


def test_what_it_is_told_of_a_command() -> None:
    def feedback(output: bytes, outcome: str = "done", code: int | None = 0) -> Feedback:
        return Feedback(1, outcome, code, output, (), None, (), frozenset())

    hostile = b"\x1b[31mred\x1b[0m\r\n\x1b]0;title\x07\xff\r\n"
    assert told(feedback(hostile), "x").startswith("red\n")
    assert "\x1b" not in told(feedback(hostile), "x")
    assert len(told(feedback(b"y" * 100_000), "x")) < 11_000
    assert told(feedback(b"", "timeout", None), "x") == (
        "The command took too long and was ended.\n\nExit code: unknown"
    )
