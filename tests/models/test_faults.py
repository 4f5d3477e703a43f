"""Every way a call can go: the outcome, what is written down, and the ledger to the token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from engine.errors import LimitReached, ModelError
from engine.ledger import Budget
from engine.models.answer import CUT, DONE, FULL, ODD, PAUSED, REFUSED
from engine.models.conversation import Conversation
from sessions import events
from tests.fake_messages import FakeMessages, Fault, Reply, text, thinking, tool
from tests.models.conftest import BASH, KEY, MODEL, Asking, exact

Make = Callable[..., Asking]
COMMAND = "printf '%s' ünïcödé 日本語 > /etc/motd && ls -l /etc"


def talk(asking: Asking) -> Conversation:
    made = Conversation("b1", "explore", MODEL, "You work in a shell. " * 40, (BASH,), asking.told.append)
    made.begin()
    made.tell("begin")
    return made


def working(body: object) -> list[dict[str, object]]:
    return [thinking("let me see"), text("I look."), tool("bash", command=COMMAND)]


async def test_a_good_answer(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one = working, asking()
    answer = await talk(one).ask(one.service)
    assert (answer.outcome, answer.tools[0]["input"]) == (DONE, {"command": COMMAND})
    kinds = [type(event).__name__ for event in one.told]
    assert kinds[:3] == ["ConversationBegun", "MessageAdded", "ModelAsked"]
    assert kinds[-2:] == ["MessageAdded", "ModelAnswered"]
    said = {
        kind: "".join(e.text for e in one.of(events.ModelSaid) if e.kind == kind) for kind in ("text", "tool")
    }
    assert said["text"] == "I look." and "日本語" in json.loads(said["tool"].removeprefix("bash "))["command"]
    exact(fake, one)
    answered = one.of(events.ModelAnswered)[0]
    assert answered.usd == pytest.approx(
        (answered.input_tokens * 2 + answered.output_tokens * 10 + answered.cache_write_tokens * 2.5) / 1e6
    )
    assert answered.usd > 0 and answered.usage and answered.request.startswith("req_")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.throttled(0.02), "throttled"),
        (Fault.overloaded(), "overloaded"),
        (Fault.http(500), "unavailable"),
        (Fault.http(503), "unavailable"),
        (Fault.http(408), "timeout"),
        (Fault.error_event(), "overloaded"),
        (Fault.error_event("api_error"), "broken"),
        (Fault.aborted(), "broken"),
        (Fault.silent_end(), "broken"),
        (Fault.no_end(), "broken"),
        (Fault.bad_json(), "broken"),
        (Fault.half_json(), "broken"),
        (Fault.nameless(), "broken"),
        (Fault.hang(), "timeout"),
        (Fault.hang_within(), "timeout"),
    ],
)
async def test_what_another_request_mends(
    fake: FakeMessages, asking: Make, fault: Fault, outcome: str
) -> None:
    fake.policy, one = working, asking(seconds=1.5)
    answer = await talk(fake.then(fault) and one).ask(one.service)
    assert answer.tools[0]["input"] == {"command": COMMAND}
    assert one.outcomes == [outcome, DONE]
    assert [event.attempt for event in one.of(events.ModelAsked)] == [1, 2]
    assert [event.call for event in one.of(events.ModelAsked)] == [1, 2]
    assert len([event for event in one.of(events.MessageAdded) if event.role == "assistant"]) == 1
    assert one.service.ledger.spent.failed == 1
    exact(fake, one)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.refused(), REFUSED),
        (Fault.paused(), PAUSED),
        (Fault.cut(), CUT),
        (Fault.stopped("model_context_window_exceeded"), FULL),
        (Fault.stopped("tea_time"), ODD),
        (Fault.too_long(), FULL),
        (Fault.http(413), FULL),
    ],
)
async def test_answers_that_are_no_command(
    fake: FakeMessages, asking: Make, fault: Fault, outcome: str
) -> None:
    """None of them is run, all of them are answered, and the conversation can go on."""
    fake.policy, one = working, asking()
    conversation = talk(fake.then(fault) and one)
    answer = await conversation.ask(one.service)
    assert (answer.outcome, answer.tools) == (outcome, ())
    if outcome != PAUSED:
        conversation.tell("go on")
    assert (await conversation.ask(one.service)).tools
    assert one.outcomes == [outcome, DONE]
    exact(fake, one)
    if outcome == REFUSED:
        assert [turn["role"] for turn in fake.bodies[1]["messages"]] == ["user"]
        assert answer.detail == "cyber: not this" and one.service.ledger.spent.refused == 1


@pytest.mark.parametrize("fault", [Fault.drip(), Fault.strange_frames()])
async def test_streams_that_are_only_odd(fake: FakeMessages, asking: Make, fault: Fault) -> None:
    fake.policy, one = working, asking()
    answer = await talk(fake.then(fault) and one).ask(one.service)
    assert answer.tools[0]["input"] == {"command": COMMAND} and one.outcomes == [DONE]
    exact(fake, one)


async def test_two_commands_and_a_megabyte(fake: FakeMessages, asking: Make) -> None:
    fake.policy, fake.piece, one = (
        (lambda body: [text("é" * 500_000), tool("bash", command="a")]),
        5000,
        asking(),
    )
    conversation = talk(fake.then(Fault.twice(command="b")) and one)
    answer = await conversation.ask(one.service)
    assert [block["input"]["command"] for block in answer.tools] == ["a", "b"]
    assert len(answer.text) == 500_000
    conversation.result(answer.tools[0]["id"], "done")
    await conversation.ask(one.service)  # the other one is answered by itself
    assert one.outcomes == [DONE, DONE]
    exact(fake, one)


@pytest.mark.parametrize(
    ("fault", "outcome"), [(401, "denied"), (403, "denied"), (404, "rejected"), (400, "rejected")]
)
async def test_what_no_request_mends(fake: FakeMessages, asking: Make, fault: int, outcome: str) -> None:
    one = asking()
    conversation = talk(fake.then(Fault.http(fault, f"not with {KEY}")) and one)
    with pytest.raises(ModelError) as failed:
        await conversation.ask(one.service)
    assert one.outcomes == [outcome] and one.service.ledger.spent.usd == 0 and one.service.ledger.spent.exact
    assert KEY not in f"{failed.value!r}{one.told}"


async def test_a_service_that_stays_away(fake: FakeMessages, asking: Make) -> None:
    one = asking(attempts=3)
    with pytest.raises(ModelError, match="529"):
        await talk(fake.then(*[Fault.overloaded()] * 3) and one).ask(one.service)
    assert one.outcomes == ["overloaded"] * 3 and len(fake.served) == 3


async def test_nobody_there(fake: FakeMessages, asking: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    one = asking(attempts=2)
    with pytest.raises(ModelError, match="cannot be reached"):
        await talk(one).ask(one.service)
    assert one.outcomes == ["unreachable"] * 2


async def test_an_interrupt_is_written_down(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one = working, asking()
    task = asyncio.create_task(talk(fake.then(Fault.hang_within()) and one).ask(one.service))
    async with asyncio.timeout(60):
        while not fake.served:  # noqa: ASYNC110 - it is filled by another thread
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert one.outcomes == ["cancelled"] and not one.of(events.ModelAnswered)[0].usage
    assert one.service.gate.running == 0


async def test_the_budget_ends_it_before_a_call(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one = working, asking(Budget(tokens=100))
    conversation = talk(one)
    await conversation.ask(one.service)
    with pytest.raises(LimitReached, match="of 100 tokens"):
        await conversation.ask(one.service)
    assert len(fake.served) == 1
    other = asking(Budget(usd=0.0001))
    await talk(other).ask(other.service)
    with pytest.raises(LimitReached, match=r"of \$0.0001"):
        await talk(other).ask(other.service)


async def test_what_was_sent_before_is_read_from_the_cache(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one = working, asking()
    conversation = talk(one)
    for _ in range(3):
        answer = await conversation.ask(one.service)
        conversation.result(answer.tools[0]["id"], "done")
    first, second, third = one.of(events.ModelAnswered)
    assert first.cache_read_tokens == 0 < second.cache_read_tokens < third.cache_read_tokens
    exact(fake, one)


async def test_a_server_that_knows_less(
    fake: FakeMessages, asking: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIGYM_PROVIDER", "plain")
    fake.lacks = {"cache_control", "thinking", "output_config", "strict", "tool_choice", "cache_usage"}
    fake.policy, one = working, asking()
    conversation = talk(one)
    conversation.model = "qwen"
    await conversation.ask(one.service)
    answered = one.of(events.ModelAnswered)[0]
    assert answered.usd is None and answered.input_tokens == fake.used("input_tokens") > 0
    assert one.service.ledger.spent.unpriced == 1


async def test_a_server_that_does_not_count(fake: FakeMessages, asking: Make) -> None:
    none = dict.fromkeys(("input_tokens", "output_tokens", "cache_creation_input_tokens"))
    fake.policy, one = (
        (lambda body: Reply([text("x")], usage=none | {"cache_read_input_tokens": None})),
        asking(),
    )
    await talk(one).ask(one.service)
    answered = one.of(events.ModelAnswered)[0]
    assert not answered.usage and answered.usd is None and one.service.ledger.spent.vague == 1
