"""How the tests here run the program: as a person does, in a process of its own, with a state of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state directory, for this process and those it starts."""
    directory = tmp_path / "state"
    monkeypatch.setenv("CLIGYM_STATE", str(directory))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)
    return directory


@pytest.fixture
def cli(state: Path, tmp_path: Path) -> Run:
    """Run `cligym-tui` with these words; variables of the environment by keyword."""

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cligym_tui", *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=150,
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return run


@pytest.fixture
def nowhere() -> dict[str, str]:
    """An environment without an engine."""
    return {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
