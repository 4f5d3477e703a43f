"""The real client and our calls, against the fake server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from engine.ledger import Budget, Ledger
from engine.models import prices
from engine.models.access import access
from engine.models.service import Service
from sessions import events
from sessions.spending import Spent
from tests.fake_messages import FakeMessages

MODEL = "claude-sonnet-5-5"
KEY = "sk-ant-test-0123456789"

BASH: dict[str, Any] = {
    "name": "bash",
    "description": "Run a command.",
    "strict": True,
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
        "additionalProperties": False,
    },
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own."""
    for name in ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "ANTHROPIC_CUSTOM_HEADERS", "CLIGYM_PRICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("ANTHROPIC_CONFIG_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("CLIGYM_PROVIDER", "anthropic")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMessages]:
    """A server; its policy is the test's to set."""
    with FakeMessages(keys={KEY}) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        yield server


@dataclass
class Asking:
    """A service and what it wrote down."""

    service: Service
    told: list[events.Event] = field(default_factory=list)
    waits: list[tuple[type, asyncio.Event]] = field(default_factory=list)

    def note(self, event: events.Event) -> None:
        """What writes it down, with the time as a journal does."""
        self.told.append(replace(event, at=time.time()))
        for kind, seen in self.waits:
            if isinstance(event, kind):
                seen.set()

    async def until(self, kind: type) -> None:
        """Wait for the next of a kind."""
        self.waits.append((kind, asyncio.Event()))
        await asyncio.wait_for(self.waits[-1][1].wait(), 60)

    def of(self, kind: type) -> list[Any]:
        """What it wrote down of one kind."""
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def outcomes(self) -> list[str]:
        """How the calls ended."""
        return [event.outcome for event in self.of(events.ModelAnswered)]


@pytest.fixture
async def asking(fake: FakeMessages) -> AsyncIterator[Callable[..., Asking]]:
    """Makes services."""
    made: list[Asking] = []

    def make(budget: Budget | None = None, **options: Any) -> Asking:
        options = {"pace": 0.01, "seconds": 5.0} | options
        client = access(options.pop("client", 5.0))

        def note(event: events.Event) -> None:
            one.note(event)

        one = Asking(Service(client, prices.load(), Ledger(budget or Budget()), note, **options))
        made.append(one)
        return one

    yield make
    for one in made:
        await one.service.access.client.close()


def exact(fake: FakeMessages, asking: Asking) -> None:
    """The ledger has what the server told of its bill, and knows of which calls it was not told all."""
    spent = asking.service.ledger.spent
    heard = [one for one in fake.served if one.heard]
    for kind, known in (
        ("input_tokens", spent.input_tokens),
        ("output_tokens", spent.output_tokens),
        ("cache_read_input_tokens", spent.cache_read_tokens),
        ("cache_creation_input_tokens", spent.cache_write_tokens),
    ):
        assert known == sum(one.usage.get(kind, 0) for one in heard), kind
    assert spent.vague == sum(one.status in (0, 200) and not one.told for one in fake.served)
    folded = Spent()
    for event in asking.of(events.ModelAnswered):
        folded = folded.plus(event)
    assert folded == spent
    assert [one.call for one in asking.of(events.ModelAsked)] == list(range(1, spent.calls + 1))
