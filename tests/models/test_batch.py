"""A batch that was under way when its process ended: fetched by the next one, and not paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from engine.models.access import access
from engine.models.answer import Ask
from engine.models.batch import Ticket, send_batch
from sessions import events
from tests.fake_messages import FakeMessages
from tests.models.conftest import Asking, exact
from tests.models.test_stages import SAID, policy, write

Make = Callable[..., Asking]


async def cut_off(fake: FakeMessages, one: Asking) -> list[events.Event]:
    """Let a process end while it waits for a batch; what is in its journal."""
    fake.policy, fake.batches.looks = policy, 1 << 30
    waiting = asyncio.create_task(write(one, batch=True))
    await one.until(events.ModelBatched)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not one.of(events.ModelAnswered)
    fake.batches.looks = 1
    return one.told


async def stranger(fake: FakeMessages) -> None:
    """Somebody else's batch on the same account."""
    request: Any = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hello"}]}
    client = access(5.0).client
    fake.policy = lambda body: "hello"
    await client.messages.batches.create(requests=[{"custom_id": "one", "params": request}])
    await client.close()
    fake.policy = policy
    fake.served.pop()


@pytest.mark.parametrize("known", [True, False], ids=["id in the journal", "only the intent"])
async def test_it_is_fetched(fake: FakeMessages, asking: Make, known: bool) -> None:
    await stranger(fake)
    told = [
        event
        for event in await cut_off(fake, asking(look=0.01))
        if known or not isinstance(event, events.ModelBatched)
    ]
    await stranger(fake)
    two = asking(look=0.01)
    two.service.recall(told)
    assert await write(two, batch=True) == SAID
    assert len(fake.batches.known) == 3 and len(fake.served) == 1
    assert [event.batch for event in two.of(events.ModelBatched)] == ([] if known else ["msgbatch_00000002"])
    two.told[:0] = told
    exact(fake, two)
    # What comes later is another call.
    assert await write(two, batch=True) == SAID
    assert [event.call for event in two.of(events.ModelAnswered)] == [1, 2]


async def test_what_was_never_created_is_created(fake: FakeMessages, asking: Make) -> None:
    told = await cut_off(fake, asking(look=0.01))
    fake.batches.known.clear()
    fake.served.clear()
    await stranger(fake)
    two = asking(look=0.01)
    two.service.recall(event for event in told if isinstance(event, events.ModelAsked))
    assert await write(two, batch=True) == SAID
    assert len(fake.served) == 1


async def test_where_none_can_be_looked_for_none_is_created(fake: FakeMessages, asking: Make) -> None:
    told = await cut_off(fake, asking(look=0.01))
    fake.batches.listed = False
    two = asking(look=0.01)
    two.service.recall(event for event in told if isinstance(event, events.ModelAsked))
    assert await write(two, batch=True) is None
    assert len(fake.batches.known) == 1 and two.service.ledger.spent.vague == 1


async def test_a_call_that_is_no_batch_is_over_with_its_process(fake: FakeMessages, asking: Make) -> None:
    one = asking()
    asked = events.ModelAsked(call=1, purpose="explore", model="m", branch="b1", step=3)
    one.service.recall([asked])
    (answered,) = one.of(events.ModelAnswered)
    assert (answered.call, answered.branch, answered.outcome) == (1, "b1", "cancelled")
    assert not answered.usage and answered.usd is None and one.service.ledger.calls == 1
    assert one.service.ledger.spent.vague == 1


async def test_batches_are_in_nobodys_way(fake: FakeMessages, asking: Make) -> None:
    """One waits for hours; calls that are answered at once go out meanwhile."""
    one, fake.policy, fake.batches.looks = asking(look=0.01), policy, 1 << 30
    one.service.gate.window.width = 1.0
    waiting = asyncio.create_task(write(one, batch=True))
    await one.until(events.ModelBatched)
    assert await asyncio.wait_for(write(one), 60) == SAID
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_the_ticket_is_all_that_is_needed(fake: FakeMessages, asking: Make) -> None:
    fake.policy = lambda body: "hello"
    ask = Ask("m", ({"role": "user", "content": "hello"},), "write")
    client = access(5.0)
    made: list[str] = []
    await send_batch(client, ask, Ticket("mine"), made.append, 10, 0.01)
    answer = await send_batch(client, ask, Ticket("mine", made[0]), made.append, 10, 0.01)
    assert answer.text == "hello" and len(made) == len(fake.batches.known) == 1
    await client.client.close()
