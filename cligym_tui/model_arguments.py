"""Options about models: which, and how much they may take."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final, Protocol

from cligym_tui.option_types import dollars, filled, whole
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.ledger import Budget
    from engine.models.reach import Minds

MODEL: Final = "claude-sonnet-5-5"
"""Asked when nobody says which."""


class Asked(Protocol):
    """What of a command line matters here; all of it may be None."""

    model: str | None
    fallback_model: str | None
    max_usd: float | None
    max_tokens: int | None
    max_steps: int | None
    batch: bool


OPTIONS: Final[dict[str, tuple[Any, str]]] = {
    "model": (filled, f"the model that is asked (default {MODEL})"),
    "fallback_model": (filled, "asked where the first one declines"),
    "max_usd": (dollars, "stop when so many dollars are spent"),
    "max_tokens": (whole(1, 10**12), "stop when so many tokens are read and written"),
    "max_steps": (whole(1, 10**9), "stop after so many commands in all"),
}
"""By name: the type and what it means."""


def add(command: argparse.ArgumentParser, without: str = "") -> None:
    """Give a command these options, but one perhaps.

    They have no default: a command's would take the place of what was said before the command's name.
    """
    for name, (kind, told) in OPTIONS.items():
        if name != without:
            command.add_argument(
                f"--{name.replace('_', '-')}", dest=name, type=kind, help=told, default=argparse.SUPPRESS
            )


def check(agent: str, asked: Asked | None) -> None:
    """See that nobody relies on a limit that is not heeded.

    Raises:
        UsageError: an option of models, and an agent that is none.
    """
    if agent != "claude" and asked:
        for name in (*OPTIONS, "batch"):
            if getattr(asked, name) not in (None, False):
                said = name.replace("_", "-")
                raise UsageError(f"--{said} belongs to --agent claude", "leave it out, or have a model do it")


def minds(agent: str, asked: Asked | None) -> Minds | None:
    """The models of an agent that is one, else None; raises as `check`."""
    check(agent, asked)
    if agent != "claude":
        return None
    from engine.models.reach import Minds

    return Minds((asked and asked.model) or MODEL, (asked and asked.fallback_model) or "")


def budget(asked: Asked | None) -> Budget:
    """What they may take."""
    from engine.ledger import Budget

    return Budget(asked.max_usd, asked.max_tokens) if asked else Budget()
