"""The home screen: what there is, and what to do when there is nothing."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from cligym_tui.screen.app import OperatorApp
from cligym_tui.screen.config import Config
from cligym_tui.screen.home import HomeScreen
from cligym_tui.screen.replaying import ReplayScreen
from cligym_tui.screen.working import LiveScreen
from engine.gold import store
from engine.gold.model import Gold, Recipe, TestCommand
from sessions import events
from sessions.library import Library
from tests.screen import frames
from tests.screen.conftest import SIZES
from tests.screen.story import BEGAN, TESTS, ScriptedLive, began, whole


def app(live: ScriptedLive | None = None) -> OperatorApp:
    """Home, where Enter on a gold environment starts `live`."""
    begin = (lambda gold, agent: live) if live else None
    return OperatorApp(lambda app: HomeScreen(app.finish, begin), Config())


def gold() -> None:
    """A gold environment."""
    store.save(
        Gold(
            name="tiny",
            source="tiny==1.0",
            project="tiny",
            version="1.0",
            image="sha256:" + "d7" * 32,
            tag="cligym-gold/tiny:d7",
            recipe=Recipe(),
            test=TestCommand(),
            baseline=TESTS,
            suite_seconds=1.5,
            created=BEGAN,
        ),
        {},
    )


def session(*happened: events.Event) -> str:
    """A recorded session."""
    with Library().create() as made:
        for event in happened:
            made.journal.append(event)
        return made.id


@pytest.mark.parametrize("size", SIZES)
async def test_frames_of_an_empty_home(size: tuple[int, int]) -> None:
    async with app().run_test(size=size) as pilot:
        await pilot.pause(0.2)
        frames.check(pilot.app, "home-empty")


async def test_everything_is_listed_with_its_state() -> None:
    gold()
    ended, killed = session(*whole()), session(*began())
    async with app().run_test(size=(100, 30)) as pilot:
        await pilot.pause(0.2)
        frame = frames.text(pilot.app)
        assert "tiny" in frame
        assert "6 tests" in frame
        assert f"○ {ended}  ended goal" in frame
        assert f"✘ {killed}  killed" in frame
        assert "1 task" in frame


async def _press(pilot: Pilot[int], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause(0.2)


async def test_enter_starts_a_session_and_quitting_it_comes_back() -> None:
    gold()
    live = ScriptedLive(*began())
    async with app(live).run_test(size=(100, 30)) as pilot:
        await _press(pilot)
        await _press(pilot, "enter")
        assert isinstance(pilot.app.screen, LiveScreen)
        await _press(pilot, "q", "y")
        await _press(pilot)
        assert isinstance(pilot.app.screen, HomeScreen)
        assert live.wishes[-1] == ("stop",)
        await _press(pilot, "q")
        assert pilot.app.return_value == 0


async def test_enter_replays_a_recorded_session() -> None:
    session(*whole())
    async with app().run_test(size=(100, 30)) as pilot:
        await _press(pilot)
        await _press(pilot, "enter")
        assert isinstance(pilot.app.screen, ReplayScreen)
        await _press(pilot, "q")
        assert isinstance(pilot.app.screen, HomeScreen)


async def test_a_damaged_session_is_told_of_and_not_opened() -> None:
    name = session(*began())
    (Library().root / name / "events.jsonl").write_bytes(b'{"v":1}\n{"t":"nonsense\n')
    async with app().run_test(size=(100, 30), notifications=True) as pilot:
        await _press(pilot)
        await _press(pilot, "enter")
        assert isinstance(pilot.app.screen, HomeScreen)
        assert "damaged" in frames.text(pilot.app)


async def test_the_demo_is_there_when_nothing_else_is() -> None:
    async with app().run_test(size=(100, 30)) as pilot:
        await _press(pilot)
        await _press(pilot, "enter")
        assert isinstance(pilot.app.screen, ReplayScreen)
