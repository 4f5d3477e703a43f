"""What is too large for a gold environment's record, and what comes of it when it is damaged."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.cast import saboteurs
from engine.errors import GoldBroken
from engine.gold import cache, large, store
from engine.sandbox.manifest import pack
from tests.gold.test_store import GOLD


def test_a_tree_is_read_again() -> None:
    gold = msgspec.structs.replace(GOLD, manifest=cache.digest(pack({})))
    store.save(gold, {}, (pack({}),))
    assert large.tree(gold) == {}


@pytest.mark.parametrize("kept", [(), (b"\xc1",)], ids=["lost", "damaged"])
def test_what_cannot_be_read_is_told_with_what_builds_it_again(kept: tuple[bytes, ...], state: Path) -> None:
    gold = msgspec.structs.replace(GOLD, facts=cache.digest(b"\xc1"))
    store.save(gold, {}, kept)
    with pytest.raises(GoldBroken) as caught:
        saboteurs(gold, 0)
    assert gold.again == caught.value.hint
