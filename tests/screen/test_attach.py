"""A real shell in a container: the engine is found, and a failure is told."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import pytest

from cligym_tui.screen.app import OperatorApp
from cligym_tui.screen.attach import attach
from engine.sandbox import client
from tests.screen import frames
from tests.screen.conftest import Show
from tests.screen.story import ScriptedLive, began


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` that writes down how it was called, and ends as the file `code` says."""
    command = tmp_path / "bin" / "docker"
    command.parent.mkdir()
    command.write_text(
        f'#!/bin/sh\necho "${{DOCKER_HOST-none}} $*" >{tmp_path}/called\n'
        f"[ -e {tmp_path}/failure ] && cat {tmp_path}/failure >&2\nexit 1\n"
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    return tmp_path


def test_it_goes_to_the_engine_that_was_found(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "DEFAULT_SOCKET", str(docker / "default.sock"))
    monkeypatch.setenv("CLIGYM_ENGINE_HOME", str(docker))
    with socket.socket(socket.AF_UNIX) as private, socket.socket(socket.AF_UNIX) as default:
        private.bind(str(docker / "docker.sock"))
        private.listen()
        assert attach("c0ffee") == "", "the exit code is the shell's"
        called = f"unix://{docker}/docker.sock exec -it c0ffee /bin/bash -l\n"
        assert (docker / "called").read_text() == called
        # What the command finds by itself is left to it.
        default.bind(str(docker / "default.sock"))
        default.listen()
        attach("c0ffee")
        assert (docker / "called").read_text().startswith("none exec")


async def test_a_failure_is_told(live: Show, docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (docker / "failure").write_text("hint\nError response from daemon: No such container: c0ffee\n")
    monkeypatch.setattr(OperatorApp, "suspend", lambda app: contextlib.nullcontext())
    scripted = ScriptedLive(*began())
    async with live(scripted) as pilot:
        await pilot.press("T")
        await pilot.pause(0.2)
        assert "failed: Error response from daemon" in frames.text(pilot.app)
    assert ("hand_back", "b1") in scripted.wishes
