"""The large parts of a gold environment's record: its filesystem, and what the probe learnt of it."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from engine.errors import GoldBroken
from engine.faults.facts import Facts
from engine.gold import store
from engine.gold.model import Gold
from engine.sandbox.delta import Entry, Tree
from sessions.errors import SessionsError

T = TypeVar("T")


def tree(gold: Gold) -> Tree:
    """The gold image's filesystem.

    Raises:
        GoldBroken: the record lacks it, or it is damaged.
    """
    return _read(gold, gold.manifest, dict[str, Entry])


def facts(gold: Gold) -> Facts:
    """What the probe learnt; raises as `tree`."""
    return _read(gold, gold.facts, Facts)


def _read(gold: Gold, digest: str, kind: type[T]) -> T:
    try:
        return msgspec.msgpack.decode(store.blobs(gold.name).get(digest), type=kind)
    except (SessionsError, msgspec.MsgspecError) as error:
        raise GoldBroken(
            f"the record of the gold environment {gold.name} is incomplete, damaged, or another version's",
            gold.again,
        ) from error
