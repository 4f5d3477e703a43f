"""The real client and our calls, against the fake server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.ledger import Budget, Ledger
from engine.models import prices
from engine.models.access import access
from engine.models.service import Service
from sessions import events
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
        told: list[events.Event] = []
        options = {"pace": 0.01, "seconds": 5.0} | options
        service = Service(access(5.0), prices.load(), Ledger(budget or Budget()), told.append, **options)
        made.append(Asking(service, told))
        return made[-1]

    yield make
    for one in made:
        await one.service.access.client.close()
