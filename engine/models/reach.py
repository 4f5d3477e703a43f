"""From the models a user wants to a service: what can be wrong is found before anything begins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engine.agents.expedition import Minds
from engine.ledger import Budget, Ledger
from engine.models import prices
from engine.models.access import Access, access
from engine.models.prices import Prices
from engine.models.service import Note, Service


@dataclass(frozen=True)
class Reached:
    """A server that may be asked, and for how much."""

    access: Access
    prices: Prices
    budget: Budget

    @asynccontextmanager
    async def service(self, note: Note) -> AsyncIterator[Service]:
        """For one session, whose journal `note` writes."""
        try:
            yield Service(self.access, self.prices, Ledger(self.budget), note)
        finally:
            await self.access.client.close()


def reach(minds: Minds, budget: Budget) -> Reached:
    """Find credentials and prices; nothing is sent.

    Raises:
        UsageError: something is missing or cannot be kept.
    """
    table = prices.load()
    budget.check(table, minds.model, minds.fallback)
    return Reached(access(), table, budget)
