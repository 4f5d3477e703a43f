"""Completion knows every command, option and choice, and the names of what there is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cligym_tui.completion_command import completions
from sessions.library import Library
from tests.cli.conftest import ROOT, Run
from tests.screen.test_home import gold


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("go", ["gold"]),
        ("gold b", ["build"]),
        ("gold build --f", ["--fresh"]),
        ("gold build --name x --re", ["--recipe"]),
        ("open tiny --mode ", ["auto", "confirm", "manual"]),
        ("open tiny --mode auto --agent s", ["saboteur"]),
        ("repair one two --solv", []),
        ("repair one two --hi", ["--hint"]),
        ("trajectories export a b --format o", ["openai"]),
        ("completion ", ["bash", "fish", "zsh"]),
        ("gold build --recipe ", []),
    ],
)
def test_words(words: str, found: list[str]) -> None:
    assert completions(words.split(" ")) == found


def test_names_of_what_there_is(state: Path) -> None:
    gold()
    with Library().create() as made:
        session = made.id
    for words in ("open ", "--auto t", "gold show "):
        assert completions(words.split(" ")) == ["tiny"]
    assert completions(["replay", ""]) == [session, "demo"]
    assert completions(["export", session[:9]]) == [session]


def test_bash_completes_with_it(cli: Run, tmp_path: Path) -> None:
    script = cli("completion", "bash").stdout
    command = tmp_path / "cligym-tui"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m cligym_tui "$@"\n')
    command.chmod(0o755)
    asked = (
        "COMP_WORDS=(cligym-tui gold build --n); COMP_CWORD=3; _cligym_tui; "
        'printf "%s\\n" "${COMPREPLY[@]}"; COMP_WORDS=(cligym-tui gold ""); COMP_CWORD=2; _cligym_tui; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script + asked],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=150,
    )
    assert done.stdout.split() == ["--name", "build", "list", "remove", "show"]
