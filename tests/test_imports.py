"""Who may know whom: the three storeys, and what stays out of each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LOOK = """
import importlib, pkgutil, sys
def load(name):
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if found.name != "__main__":
            load(f"{name}.{found.name}")
for name in sys.argv[1].split(): load(name)
print("\\n".join(name for name in sys.argv[2].split() if name in sys.modules))
"""


def loaded(modules: str, suspects: str) -> list[str]:
    """Which of `suspects` are in a fresh interpreter that has imported `modules` and all below them."""
    argv = [sys.executable, "-c", LOOK, modules, suspects]
    found = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


def test_the_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=200
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "0 broken" in told.stdout


@pytest.mark.parametrize(
    ("modules", "strangers"),
    [
        ("sessions", "engine cligym_tui textual rich aiodocker aiohttp docker anthropic"),
        ("engine", "cligym_tui textual rich"),
        ("cligym_tui.cli", "textual anthropic"),
    ],
)
def test_nothing_strange_comes_along(modules: str, strangers: str) -> None:
    assert loaded(modules, strangers) == []


def test_the_look_itself_sees_what_is_there() -> None:
    assert loaded("engine.sandbox", "aiodocker sessions") == ["aiodocker", "sessions"]


def test_no_file_is_long() -> None:
    for folder in ("sessions", "engine", "cligym_tui"):
        for path in ROOT.joinpath(folder).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 500, path
