"""A task to repair, made once of the small gold environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.tasks import export
from tests.tasks.conftest import Made, Workshop, workshop

__all__ = ["workshop"]

BREAK = "chown root: /tmp/pytest-of-dev"
MEND = "chown dev: /tmp/pytest-of-dev"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of its own."""
    monkeypatch.setenv("CLIGYM_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="session")
def once() -> dict[str, Made]:
    """What was made before."""
    return {}


@pytest.fixture
async def made(workshop: Workshop, home: Path, once: dict[str, Made]) -> Made:
    """A task whose directory lies in a directory of the test's; its image may be gone."""
    if BREAK not in once:
        once[BREAK] = await workshop.make(BREAK)
        return once[BREAK]
    return replace(once[BREAK], directory=export.stage(workshop.scratch, once[BREAK].task))
