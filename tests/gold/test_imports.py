from __future__ import annotations

from collections.abc import Iterable

from engine.gold import imports
from engine.gold.requirements import parse_all


def stated(modules: Iterable[str], *texts: str) -> list[str]:
    known = {item.name: item for item in parse_all(texts)}
    return [item.text for item in imports.stated(modules, known)]


def test_what_is_stated_stays_below_the_bound_that_is_known_for_a_module() -> None:
    assert stated({"pkg_resources"}, "setuptools>=60") == ["setuptools>=60,<81"]
    assert stated({"pkg_resources"}, "setuptools") == ["setuptools<81"]
    assert stated({"setuptools"}, "setuptools>=60") == ["setuptools>=60"]
