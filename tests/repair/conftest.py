"""A task to repair, made once of the small gold environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tasks.conftest import Made, Workshop, workshop

__all__ = ["workshop"]

BREAK = "chown root: /tmp/pytest-of-dev"
MEND = "chown dev: /tmp/pytest-of-dev"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of its own."""
    monkeypatch.setenv("CLIGYM_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
async def made(workshop: Workshop, home: Path) -> Made:
    """A task whose directory lies in a directory of the test's."""
    return await workshop.make(BREAK)
