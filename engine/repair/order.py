"""What is to be tried, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.ledger import Budget
from engine.models.reach import Minds
from engine.repair.attempt import Allowance
from engine.repair.environment import digest
from engine.tasks.exported import Exported
from sessions.repairs import Attempted


@dataclass(frozen=True)
class Order:
    """What is to be tried."""

    tasks: Sequence[Path]
    """Directories of exported tasks, each once."""
    solver: str
    attempts: int = 1
    """At each task, on top of those that were made before by orders that came to their end."""
    workers: int = 1
    """Attempts at a time."""
    hint: str = "none"
    allowance: Allowance = field(default_factory=Allowance)
    minds: Minds | None = None
    """The models, for a solver that is one."""
    budget: Budget = field(default_factory=Budget)
    """What they may take in all."""


@dataclass
class Outcome:
    """What came of an order."""

    attempts: list[Attempted] = field(default_factory=list)
    """In the order they ended."""
    unready: dict[str, str] = field(default_factory=dict)
    """Tasks that could not be tried, each with why."""
    limit: str = ""
    """The limit that ended the run, if one did."""


def same(order: Order, tasks: Sequence[Exported]) -> list[str]:
    """What makes an order the same as another: all but how often and with what limits."""
    models = (order.minds.model, order.minds.fallback) if order.minds else ("", "")
    return [order.solver, order.hint, *models, *(f"{one.directory} {digest(one)}" for one in tasks)]
