"""Copying, to programs that stay and to files that cannot be."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cligym_tui.screen.clipboard import LARGEST, copy


class Told:
    """As much of a widget as copying needs; keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.app = SimpleNamespace(copy_to_clipboard=lambda text: None)

    def notify(self, message: str, **_: object) -> None:
        """Keep it."""
        self.said.append(message)


def test_a_program_that_stays_in_the_background_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "xclip"
    program.write_text(f"#!/bin/sh\ncat >{tmp_path}/copied\nsleep 4 &\n")
    program.chmod(0o755)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    told: Any = Told()
    copy(told, "text", "it")
    assert told.said == ["Copied it, 1 line."]
    assert (tmp_path / "copied").read_text() == "text"


def test_what_is_too_long_and_has_no_place_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CLIGYM_STATE", str(tmp_path / "file" / "state"))
    told: Any = Told()
    copy(told, "x" * (LARGEST + 1), "it")
    (said,) = told.said
    assert said.startswith("Not copied: too long for a terminal's clipboard")
    assert "Not a directory" in said
