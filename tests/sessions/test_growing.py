"""Versions of a growing mapping never change, whatever is put on top of any of them."""

from __future__ import annotations

import gc
import pickle

from hypothesis import given
from hypothesis import strategies as st

from sessions.growing import Growing

ENTRIES = st.tuples(st.sampled_from("abcd"), st.sampled_from(["passed", "failed", ""]))


@given(st.lists(st.tuples(st.integers(0, 30), ENTRIES), max_size=30))
def test_every_version_stays_what_it_was(puts):
    versions, expected = [Growing()], [{}]
    for base, (key, value) in puts:
        base %= len(versions)
        versions.append(versions[base].put(key, value))
        expected.append({**expected[base], key: value})
        # Some are looked at while they are new, some not before the end.
        if base % 2:
            assert versions[-1] == expected[-1]
    assert [dict(version) for version in versions] == expected
    assert [list(version) for version in versions] == [list(one) for one in expected]


def test_it_is_a_mapping():
    grown = Growing().put("a", "passed").put("b", "failed").put("a", "failed")
    assert grown == {"a": "failed", "b": "failed"}
    assert len(grown) == 2
    assert grown.get("c") is None
    assert "b" in grown
    assert repr(grown) == "Growing({'a': 'failed', 'b': 'failed'})"
    assert pickle.loads(pickle.dumps(grown)) == grown


def test_a_settled_one_is_the_same_and_can_still_grow():
    grown = Growing().put("a", "passed").put("b", "failed")
    later = grown.put("c", "passed")
    settled = grown.settled()
    assert dict(settled) == {"a": "passed", "b": "failed"}
    assert dict(settled.put("a", "failed")) == {"a": "failed", "b": "failed"}
    assert dict(settled) == dict(grown)
    assert len(later) == 3


def test_the_collector_has_nothing_to_walk_through_in_a_settled_one():
    settled = Growing()
    for number in range(200):
        settled = settled.put(f"test {number}", "passed")
    settled = settled.settled()
    gc.collect()
    assert not any(gc.is_tracked(held) for held in gc.get_referents(settled) if isinstance(held, tuple))
    assert not any(isinstance(held, list) for held in gc.get_referents(settled))
