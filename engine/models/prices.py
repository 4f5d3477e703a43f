"""What tokens cost: the table that comes along, below the user's own. Unknown is unknown, never nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from importlib import resources
from pathlib import Path

import msgspec
import platformdirs

from engine.errors import UsageError
from engine.models.answer import Usage

VARIABLE = "CLIGYM_PRICES"


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: dollars for a million tokens."""

    model: str
    """Its id; also that of its dated versions, `<model>-20261001`."""
    usd: tuple[float, float, float, float, float]
    """Read, written, written to the cache for five minutes, for an hour, read from the cache."""
    since: date = date.min
    over: int = 0
    """Tokens a prompt has to have more of."""

    def fits(self, model: str, day: date, prompt: int) -> bool:
        """Whether the line is about this call."""
        base, _, version = model.rpartition("-")
        same = model == self.model or (base == self.model and len(version) == 8 and version.isdigit())
        return same and self.since <= day and (not self.over or prompt > self.over)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    price: tuple[Price, ...] = ()
    as_of: date = date.min
    batch: float = 0.5


class Prices(msgspec.Struct, frozen=True):
    """All lines, the more telling ones first."""

    lines: tuple[Price, ...]
    as_of: date
    batch: float

    def knows(self, model: str) -> bool:
        """Whether calls of the model have a price today."""
        return any(line.fits(model, date.today(), 1 << 60) for line in self.lines)  # noqa: DTZ011

    def cost(self, model: str, usage: Usage, day: date, *, batch: bool = False) -> float | None:
        """Dollars of a call; None when no price is known for it."""
        if not usage.total:
            return 0.0
        prompt = usage.total - usage.output
        line = next((one for one in self.lines if one.fits(model, day, prompt)), None)
        if line is None or not usage.plain:
            return None
        counts = (usage.input, usage.output, usage.cache_write, usage.cache_hour, usage.cache_read)
        dollars = sum(count * price for count, price in zip(counts, line.usd, strict=True)) / 1e6
        return dollars * (self.batch if batch else 1.0)


def load() -> Prices:
    """The table, with the user's lines before the others.

    Raises:
        UsageError: the user's file is not a table of prices.
    """
    ours = _parsed(resources.files("engine.models").joinpath("prices.toml").read_bytes(), "prices.toml")
    named = os.environ.get(VARIABLE)
    path = (
        Path(os.path.expanduser(named))
        if named
        else Path(platformdirs.user_config_dir("cligym")) / "prices.toml"
    )
    try:
        own = _parsed(path.read_bytes(), str(path))
    except FileNotFoundError:
        if named:
            raise UsageError(f"{VARIABLE}: there is no file {path}") from None
        return Prices(_ordered(ours.price), ours.as_of, ours.batch)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    return Prices(_ordered(own.price) + _ordered(ours.price), max(ours.as_of, own.as_of), ours.batch)


def _ordered(lines: Sequence[Price]) -> tuple[Price, ...]:
    return tuple(sorted(lines, key=lambda line: (line.since, line.over), reverse=True))


def _parsed(data: bytes, name: str) -> _File:
    try:
        return msgspec.toml.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{name}: {error}", "see engine/models/prices.toml for the form") from error
