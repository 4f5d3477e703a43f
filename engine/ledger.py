"""What a session's calls of models cost so far, and whether another may be made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.errors import LimitReached, UsageError
from engine.models.prices import Prices
from sessions import events
from sessions.spending import Spent


@dataclass(frozen=True, slots=True)
class Budget:
    """What the user is ready to spend; None for no limit."""

    usd: float | None = None
    tokens: int | None = None
    """Read and written, those of the cache too."""

    def check(self, prices: Prices, *models: str) -> None:
        """See that it can be kept.

        Raises:
            UsageError: a limit in dollars, and no price for one of the models.
        """
        for model in models:
            if self.usd is not None and model and not prices.knows(model):
                raise UsageError(
                    f"--max-usd cannot be kept: no price is known for {model}",
                    "give one in prices.toml of the configuration directory, or use --max-tokens",
                )


@dataclass
class Steps:
    """Commands an agent may run in a session."""

    most: int | None = None
    done: int = 0

    def check(self) -> None:
        """See whether there is one left.

        Raises:
            LimitReached: there is none.
        """
        if self.most is not None and self.done >= self.most:
            raise LimitReached(f"{self.done} of {self.most} steps are done", "a larger --max-steps goes on")


@dataclass
class Ledger:
    """The sums, kept from the journal's events; it can be filled with those of an earlier process."""

    budget: Budget = field(default_factory=Budget)
    spent: Spent = field(default_factory=Spent)
    branches: dict[str, Spent] = field(default_factory=dict)
    calls: int = 0
    """Number of the last call."""

    def take(self, event: events.Event) -> None:
        """Enter an event; those about something else do nothing."""
        if isinstance(event, events.ModelAsked):
            self.calls = max(self.calls, event.call)
        elif isinstance(event, events.ModelAnswered):
            self.spent = self.spent.plus(event)
            self.branches[event.branch] = self.branches.get(event.branch, Spent()).plus(event)

    def recall(self, happened: Iterable[events.Event]) -> None:
        """Enter what an earlier process did."""
        for event in happened:
            self.take(event)

    def check(self) -> None:
        """See whether there is something left, before a call.

        Raises:
            LimitReached: the budget is used up.
        """
        usd, tokens = self.budget.usd, self.budget.tokens
        if usd is not None and self.spent.usd >= usd:
            raise LimitReached(f"${self.spent.usd:.2f} of ${usd:g} are spent", "a larger --max-usd goes on")
        if tokens is not None and self.spent.tokens >= tokens:
            raise LimitReached(
                f"{self.spent.tokens} of {tokens} tokens are used", "a larger --max-tokens goes on"
            )
