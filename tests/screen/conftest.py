"""Screens on a terminal of our own, without anybody's configuration or clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from cligym_tui.screen import session
from cligym_tui.screen.app import OperatorApp
from cligym_tui.screen.config import Config
from cligym_tui.screen.replaying import ReplayScreen
from cligym_tui.screen.source import ReplaySource
from cligym_tui.screen.steered import LiveScreen
from sessions.replay import Player
from tests.screen.story import BEGAN, ScriptedLive, numbered, whole

Show = Callable[..., AbstractAsyncContextManager[Pilot[int]]]
TURN = 0.01
"""Seconds of a small pause, the loop has one turn at least in each."""
SIZES = ((80, 24), (100, 30), (140, 40))


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No sessions, no gold environments, a clock that stands still."""
    monkeypatch.setenv("CLIGYM_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    for name in ("NO_COLOR", "SSH_CONNECTION", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(session, "wall", lambda: BEGAN + 75)
    return tmp_path / "state"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause is made of small ones: it gives the screen its turns also where the machine gives it none."""
    pause = Pilot.pause

    async def patiently(pilot: Pilot[int], delay: float | None = None) -> None:
        for _ in range(round((delay or 0.0) / TURN)):
            await asyncio.sleep(TURN)
        await pause(pilot)

    monkeypatch.setattr(Pilot, "pause", patiently)


@pytest.fixture
def replay() -> Show:
    """A recorded session on the screen."""

    @asynccontextmanager
    async def show(
        happened: Any = None, size: tuple[int, int] = (100, 30), at: int | None = None
    ) -> AsyncIterator[Pilot[int]]:
        player = Player(happened if isinstance(happened, Path) else numbered(happened or whole()))
        if at is not None:
            player.seek_step(at)
        app = OperatorApp(lambda app: ReplayScreen(ReplaySource(player), app.finish), Config())
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause(0.15)
            yield pilot

    return show


@pytest.fixture
def live() -> Show:
    """A session at work on the screen."""

    @asynccontextmanager
    async def show(scripted: ScriptedLive, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Pilot[int]]:
        app = OperatorApp(lambda app: LiveScreen(scripted, app.finish), Config())
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause(0.15)
            yield pilot

    return show
