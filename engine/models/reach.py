"""From the models a user wants to services: what can be wrong is found before anything begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.ledger import Budget, Ledger
from engine.models import prices
from engine.models.access import Access, access
from engine.models.gate import Gate
from engine.models.prices import Prices
from engine.models.service import Note, Service
from sessions import events


@dataclass(frozen=True, slots=True)
class Minds:
    """Which models do the work."""

    model: str
    fallback: str = ""
    """Asked where the first declines."""


@dataclass
class Account(Ledger):
    """A session's own sums; what may be spent is the run's."""

    purse: Ledger = field(default_factory=Ledger)

    def take(self, event: events.Event) -> None:
        """Enter an event, in the purse as well."""
        super().take(event)
        self.purse.take(event)

    def recall(self, happened: Iterable[events.Event]) -> None:
        """Enter what an earlier process did; the run's purse is told by whoever knows all its sessions."""
        for event in happened:
            super().take(event)

    def check(self) -> None:
        """See whether the run has something left.

        Raises:
            LimitReached: its budget is used up.
        """
        self.purse.check()


@dataclass(frozen=True)
class Reached:
    """A server that may be asked, and for how much: one client, purse and gate for all sessions of a run."""

    access: Access
    prices: Prices
    purse: Ledger
    gate: Gate = field(default_factory=Gate)

    def service(self, note: Note) -> Service:
        """That of one session, whose journal `note` writes."""
        return Service(self.access, self.prices, Account(purse=self.purse), note, self.gate)

    async def aclose(self) -> None:
        """Let go of the client."""
        await self.access.client.close()


def reach(minds: Minds, budget: Budget) -> Reached:
    """Find credentials and prices; nothing is sent.

    Raises:
        UsageError: something is missing or cannot be kept.
    """
    table = prices.load()
    budget.check(table, minds.model, minds.fallback)
    return Reached(access(), table, Ledger(budget))
