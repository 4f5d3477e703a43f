"""Projects small enough to read, and a state directory of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engine.gold import store
from engine.gold.model import Gold
from engine.gold.tree import Member, ProjectTree
from engine.sandbox import images
from engine.sandbox.client import Engine

THREE = "def test_a():\n    assert 1\n\ndef test_b():\n    assert 2\n\ndef test_c():\n    assert 3\n"
"""Enough tests for a baseline."""


def tree_of(files: Mapping[str, str]) -> ProjectTree:
    """A project of these texts."""
    return ProjectTree({path: Member(text.encode()) for path, text in files.items()})


async def forget(engine: Engine, gold: Gold) -> None:
    """Leave nothing of it."""
    store.remove(gold.name)
    await images.remove(engine, gold.tag)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory, so that no test sees or leaves a gold environment of the user's."""
    path = tmp_path / "state"
    monkeypatch.setenv("CLIGYM_STATE", str(path))
    return path


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str, Mapping[str, str]], Path]:
    """Writes a project into a directory."""

    def make(name: str, files: Mapping[str, str]) -> Path:
        root = tmp_path / name
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return root

    return make
