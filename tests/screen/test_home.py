"""The home screen: what there is, and what to do when there is nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from cligym_tui.screen.app import OperatorApp
from cligym_tui.screen.config import Config
from cligym_tui.screen.home import HomeScreen, Starts
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.prompt import Prompt
from cligym_tui.screen.replaying import ReplayScreen
from cligym_tui.screen.steered import LiveScreen
from engine.gold import store
from engine.gold.model import Gold, Recipe, TestCommand
from sessions import events
from sessions.library import Library
from tests.screen import frames
from tests.screen.conftest import SIZES
from tests.screen.story import BEGAN, TESTS, ScriptedLive, began, whole


def app(live: ScriptedLive | None = None) -> OperatorApp:
    """Home, where Enter on a gold environment starts `live`."""
    starts = Starts(lambda gold, agent: live, resumed(live)) if live else None
    return OperatorApp(lambda app: HomeScreen(app.finish, starts), Config())


def resumed(live: ScriptedLive) -> Callable[[str], ScriptedLive]:
    """Goes on with `live`, which remembers with which session."""

    def resume(session: str) -> ScriptedLive:
        live.wishes.append(("resume", session))
        return live

    return resume


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
        assert re.search(rf"○ {ended} goal +tiny +3/6 +1 task +\S", frame)
        assert re.search(rf"✘ {killed} killed +tiny +0/6 ", frame)
        assert "interrupted" not in frame


@pytest.mark.parametrize(("columns", "name"), [(80, "tiny-but-lon…"), (120, "tiny-but-long-named")])
async def test_as_much_of_a_name_is_shown_as_there_is_room_for(columns: int, name: str) -> None:
    first, *others = whole()
    ended = session(replace(first, gold="tiny-but-long-named"), *others)
    async with app().run_test(size=(columns, 24)) as pilot:
        await pilot.pause(0.2)
        assert re.search(rf"○ {ended} goal +{name} +3/6 +1 task +\S", frames.text(pilot.app))


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


async def test_what_was_interrupted_goes_on_by_a_key_that_is_offered_there_alone() -> None:
    ended = session(*whole())
    cut = session(*began(), events.ModeChanged(mode="confirm"))
    live = ScriptedLive(*began())
    async with app(live).run_test(size=(80, 24)) as pilot:
        await _press(pilot)
        assert "1 was interrupted: r goes on with it" in frames.text(pilot.app)
        await _put_cursor(pilot, ended)
        assert "go on with it" not in frames.text(pilot.app).splitlines()[-1]
        await _press(pilot, "r")
        assert isinstance(pilot.app.screen, HomeScreen)
        await _put_cursor(pilot, cut)
        assert "r go on with it" in frames.text(pilot.app).splitlines()[-1]
        await _press(pilot, "r")
        assert isinstance(pilot.app.screen, LiveScreen)
        assert live.wishes[0] == ("resume", cut)


async def _put_cursor(pilot: Pilot[int], session: str) -> None:
    listing = pilot.app.screen.query_one("#home", Listing)
    keys = [listing.lines.key(at) for at in range(len(listing.lines))]
    listing.go(keys.index(("session", session)))
    await pilot.pause(0.2)


async def test_the_cursor_goes_past_headings() -> None:
    gold()
    ids = {session(*whole()), session(*began())}
    async with app().run_test(size=(80, 24)) as pilot:
        await _press(pilot)
        listing = pilot.app.screen.query_one("#home", Listing)
        seen = [listing.key]
        for key in ("down", "down", "down", "down", "up", "up", "up", "up", "G", "g"):
            await _press(pilot, key)
            seen.append(listing.key)
        one, two = seen[1:3]
        assert {one, two} == {("session", each) for each in ids}
        first, last = ("gold", "tiny"), ("demo", "")
        assert seen == [first, one, two, last, last, two, one, first, first, last, first]


async def test_the_demo_is_there_when_nothing_else_is() -> None:
    async with app().run_test(size=(100, 30)) as pilot:
        await _press(pilot)
        await _press(pilot, "enter")
        assert isinstance(pilot.app.screen, ReplayScreen)


async def test_the_palette_knows_the_place() -> None:
    async with app().run_test(size=(100, 30)) as pilot:
        await _press(pilot, "ctrl+p")
        await pilot.pause(0.3)
        assert "Home: start or open  (enter)" in frames.text(pilot.app)


class Ending(ScriptedLive):
    """Is not over as soon as it is to end."""

    def stop(self) -> None:
        self.wishes.append(("stop",))


@pytest.mark.parametrize("popup", ["question_mark", "o", "ctrl+p"])
async def test_a_session_that_is_over_goes_with_what_was_open_before_it(popup: str) -> None:
    gold()
    live = Ending(*began())
    async with app(live).run_test(size=(100, 30)) as pilot:
        await _press(pilot)
        await _press(pilot, "enter")
        await _press(pilot, "q", "y", popup)
        assert not isinstance(pilot.app.screen, LiveScreen | HomeScreen)
        live.over = True
        await pilot.pause(0.3)
        assert isinstance(pilot.app.screen, HomeScreen)


async def test_the_help_tells_of_nothing_that_is_elsewhere() -> None:
    async with app().run_test(size=(140, 60)) as pilot:
        await _press(pilot, "question_mark")
        said = pilot.app.screen.query_one(Listing).copyable()
        assert said.startswith("Home\n") and "Start a session" in said
        for word in ("Dockerfile:", "Tree:", "the shell follows"):
            assert word not in said


async def test_a_click_on_a_key_of_the_list_does_it() -> None:
    async with app().run_test(size=(100, 30)) as pilot:
        await _press(pilot)
        at = frames.text(pilot.app).splitlines()[-1].index("/ search")
        await pilot.click("Hints", offset=(at, 0))
        await pilot.pause(0.1)
        assert pilot.app.screen.query_one(Prompt).asking
