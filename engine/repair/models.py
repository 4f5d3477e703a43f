"""Models for a run of repairs: one client and one purse for all its sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from engine.ledger import Budget, Ledger
from engine.models import prices
from engine.models.access import Access, access
from engine.models.conversation import Conversation
from engine.models.gate import Gate
from engine.models.prices import Prices
from engine.models.service import Note, Service
from engine.repair.claude import SYSTEM, TOOLS, Claude
from sessions import events


@dataclass(frozen=True)
class Choice:
    """Which model, and what it may cost in all."""

    model: str
    fallback: str = ""
    """Asked instead when the model refuses; empty for none."""
    budget: Budget = field(default_factory=Budget)


@dataclass
class Account(Ledger):
    """A session's own sums; its limit is that of the whole run."""

    purse: Ledger = field(default_factory=Ledger)

    def take(self, event: events.Event) -> None:
        """Enter an event, in the purse as well."""
        super().take(event)
        self.purse.take(event)

    def check(self) -> None:
        """See whether the run has something left.

        Raises:
            LimitReached: its budget is used up.
        """
        self.purse.check()


@dataclass
class Models:
    """Makes solvers that ask models."""

    choice: Choice
    access: Access
    prices: Prices
    purse: Ledger
    gate: Gate = field(default_factory=Gate)

    def service(self, note: Note) -> Service:
        """That of one session, whose journal `note` writes to."""
        account = Account(budget=self.choice.budget, purse=self.purse)
        return Service(self.access, self.prices, account, note, self.gate)

    def solver(self, service: Service, branch: str, instruction: str) -> Claude:
        """A model that was given the instruction."""
        talk = Conversation(branch, "repair", self.choice.model, SYSTEM, TOOLS, service.note)
        made = Claude(talk, service, self.choice.fallback)
        made.begin(instruction)
        return made


@asynccontextmanager
async def models(choice: Choice) -> AsyncIterator[Models]:
    """Find the server and the prices; the client is closed in the end.

    Raises:
        UsageError: there are no credentials, or a limit that cannot be kept.
    """
    table = prices.load()
    choice.budget.check(table, choice.model, choice.fallback)
    found = access()
    try:
        yield Models(choice, found, table, Ledger(choice.budget))
    finally:
        await found.client.close()
