from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tasks.names import slug, task_id


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        ("python-dotenv", "python-dotenv"),
        ("Foo_Bar.baz", "foo-bar-baz"),
        ("../../etc/passwd", "etc-passwd"),
        ("--x--", "x"),
        ("\u00fc\u00f6", "task"),
        ("", "task"),
        ("a" * 300, "a" * 32),
    ],
)
def test_slugs(project: str, expected: str) -> None:
    assert slug(project) == expected


@given(st.text(), st.lists(st.one_of(st.text(), st.integers())))
def test_any_project_gives_a_name_that_clients_take(project: str, identity: list[object]) -> None:
    name = task_id(project, *identity)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*-[0-9a-f]{6}", name)
    assert len(name) <= 39


def test_the_identity_decides() -> None:
    assert task_id("p", "s", "b", 1) == task_id("p", "s", "b", 1)
    assert len({task_id("p", "s", "b", step) for step in range(100)}) == 100


def test_a_taken_name_grows() -> None:
    first = task_id("p", "s")
    second = task_id("p", "s", taken={first})
    assert second.startswith(first)
    assert len(second) == len(first) + 1
