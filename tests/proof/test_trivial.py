"""Repairs that need no look are tried, and told or refused."""

from __future__ import annotations

import pytest

from engine.proof.gate import Fell
from engine.proof.trivial import ABOVE, FLOOR, Trivial
from tests.proof.conftest import Bench

pytestmark = pytest.mark.docker


@pytest.mark.whole_proofs
async def test_what_permissions_for_all_mend_is_known_and_refused_on_request(bench: Bench) -> None:
    inside = bench()
    with pytest.raises(Fell, match=r"^trivial: chown -R solves it$"):
        await Trivial(inside, reject=True).check()
    assert inside.notes == {"floor": FLOOR, "solved_by": ["chown -R", "rm -rf /tmp/*"]}


async def test_what_has_to_be_found_out_is_above_the_floor(bench: Bench) -> None:
    inside = bench("script")
    held = await Trivial(inside, reject=True).check()
    assert held.evidence["solved_by"] == []
    assert inside.notes == {"floor": ABOVE, "solved_by": []}
