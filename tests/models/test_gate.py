"""The width of the gate: decided without a clock, and kept by real calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from engine.models.gate import Gate, Window, remaining
from tests.fake_messages import FakeMessages, Fault
from tests.models.conftest import Asking
from tests.models.test_faults import talk


def test_it_grows_by_one_a_round_and_is_halved_once_a_refusal() -> None:
    window = Window(width=4.0)
    for _ in range(5):
        window.taken(1.0, now=1.0)
    assert 5.0 < window.width < 5.2
    window.refused(began=1.0, now=2.0, wait=3.0)
    window.refused(began=1.5, now=2.1)  # was under way with the other
    assert 2.5 < window.width < 2.6
    assert not window.free(0, 4.9) and window.free(1, 5.0) and not window.free(2, 5.0)
    window.refused(began=5.0, now=6.0)
    window.refused(began=7.0, now=8.0)
    window.refused(began=9.0, now=10.0)
    assert window.width == 1.0 and window.free(0, 10.0)


def test_a_scarce_limit_stops_the_growth_and_none_left_stops_all() -> None:
    window = Window(width=4.0)
    window.taken(0.05, now=1.0)
    assert window.width == 4.0
    window.taken(0.0, now=1.0, reset=2.0)
    assert not window.free(0, 2.9) and window.free(0, 3.0)


def test_the_tightest_limit_counts() -> None:
    reset = (datetime.now(UTC) + timedelta(seconds=20)).isoformat().replace("+00:00", "Z")
    headers = {
        "anthropic-ratelimit-requests-limit": "100",
        "anthropic-ratelimit-requests-remaining": "90",
        "anthropic-ratelimit-input-tokens-limit": "1000",
        "anthropic-ratelimit-input-tokens-remaining": "50",
        "anthropic-ratelimit-input-tokens-reset": reset,
        "anthropic-ratelimit-tokens-limit": "nonsense",
    }
    left, seconds = remaining(headers)
    assert left == 0.05 and 18 < seconds <= 20
    assert remaining({}) == (1.0, 0.0)


async def test_no_more_at_once_than_it_is_wide() -> None:
    gate, most = Gate(Window(width=2.0)), 0

    async def call() -> None:
        nonlocal most
        async with gate.entered():
            most = max(most, gate.running)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(call() for _ in range(9)))
    assert (most, gate.running) == (2, 0)


async def test_everybody_waits_as_long_as_the_server_says(
    fake: FakeMessages, asking: Callable[..., Asking]
) -> None:
    one, began = asking(), time.monotonic()
    conversations = [talk(one), talk(one)]
    await conversations[0].ask(fake.then(Fault.throttled(0.4)) and one.service)
    assert time.monotonic() - began >= 0.4 and one.service.gate.window.width < 4.0
    whole = datetime.now(UTC) + timedelta(seconds=1)
    fake.limit = {
        "anthropic-ratelimit-requests-limit": "9",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": whole.isoformat(),
    }
    conversations[0].tell("go on")
    await conversations[0].ask(one.service)
    await conversations[1].ask(one.service)
    assert datetime.now(UTC) > whole - timedelta(seconds=0.1)
