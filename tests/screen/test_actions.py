"""One registry: bindings, help, README and configuration say the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widget import Widget

from cligym_tui.screen import config
from cligym_tui.screen.actions import ACTIONS, HOME, LIVE, REPAIR, REPLAY, at
from cligym_tui.screen.app import OperatorApp
from cligym_tui.screen.config import Config
from cligym_tui.screen.help import grouped
from cligym_tui.screen.home import HomeScreen
from cligym_tui.screen.keymap import key_name, markdown, place
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.panes.shell import ShellPane
from cligym_tui.screen.prompt import Prompt
from cligym_tui.screen.repairing import RepairScreen
from cligym_tui.screen.replaying import ReplayScreen
from cligym_tui.screen.steered import LiveScreen
from engine.errors import UsageError
from sessions import events
from tests.screen import frames
from tests.screen.conftest import Show
from tests.screen.story import ScriptedLive, began

SCREENS: dict[str, type[Widget]] = {
    LIVE: LiveScreen,
    REPAIR: RepairScreen,
    REPLAY: ReplayScreen,
    HOME: HomeScreen,
}


def test_every_action_can_be_done_where_it_is_offered() -> None:
    for where, screen in SCREENS.items():
        for action in at(where):
            doers = (Listing, ShellPane) if action.id.startswith("pane.") else (screen,)
            for doer in doers:
                if doer is ShellPane and action.id in ("pane.choose", "pane.copy-line"):
                    continue
                assert hasattr(doer, f"action_{action.method}"), (where, action.id)


def test_no_key_means_two_things_in_one_place() -> None:
    for where in SCREENS:
        taken: dict[str, str] = {}
        for action in at(where):
            for key in action.keys:
                if where == REPLAY and action.id.startswith("view.") and key.isdigit():
                    continue
                other = taken.setdefault(key, action.id)
                both = {other, action.id}
                assert len(both) == 1 or both in (
                    {"branch.note", "pane.match"},
                    {"home.start", "pane.choose"},
                ), (where, key, both)


def test_ids_are_unique_and_everything_is_told() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    for action in ACTIONS:
        assert action.told.endswith(".")
        assert len(action.label) <= 16


def test_help_has_every_action_of_a_place_once() -> None:
    for where in SCREENS:
        found = [action.id for actions in grouped(where).values() for action in actions]
        assert sorted(found) == sorted(action.id for action in at(where))


def test_a_repair_is_told_of_nothing_that_is_about_breaking() -> None:
    assert not {"branch.commit", "tests.filter"} & {action.id for action in at(REPAIR)}


def test_the_readme_has_the_table_of_keys() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert markdown() in readme, "cligym_tui.screen.keymap.markdown() is the table of keys"


def test_the_table_names_every_place_a_key_is_for() -> None:
    for action in ACTIONS:
        if action.where <= {LIVE, REPAIR}:
            assert place(action) == ", ".join(where for where in (LIVE, REPAIR) if where in action.where)


def test_configuration(tmp_path: Path) -> None:
    ours, here = tmp_path / "ours.toml", tmp_path / "here.toml"
    ours.write_text('theme = "nord"\n[keys]\n"branch.fork" = "F"\n"app.help" = "f1"\n')
    here.write_text('bell = false\n[keys]\n"branch.fork" = "ctrl+f,f9"\n')
    loaded = config.load((ours, here, tmp_path / "none.toml"))
    assert loaded == Config("nord", False, {"branch.fork": "ctrl+f,f9", "app.help": "f1"})


def test_two_actions_may_change_keys_or_share_one_at_different_places(tmp_path: Path) -> None:
    file = tmp_path / "cligym.toml"
    for text in (
        '"branch.fork" = "m"\n"session.mode" = "f"',
        '"branch.fork" = "f9"\n"replay.play" = "f9"',
        '"replay.faster" = "f8"\n"hands.leave" = "ctrl+]"',
    ):
        file.write_text(f"[keys]\n{text}\n")
        assert len(config.load((file,)).keys) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 1\n", "colour"),
        ('[keys]\n"branch.frok" = "x"\n', "branch.frok"),
        ('[keys]\n"branch.fork" = "hyper+x"\n', "hyper+x"),
        ('[keys]\n"branch.fork" = "ctrl+right_square_bracket"\n', "only way out"),
        ('[keys]\n"branch.fork" = "ctrl+]"\n', "only way out"),
        ('[keys]\n"session.mode" = "f9,g"\n', "'g': that is the key of pane.top"),
        ('[keys]\n"pane.down" = "f9"\n"app.help" = "f9"\n', "'f9': that is the key of app.help"),
        ('[keys]\n"app.help" = "f"\n', "'f': that is the key of branch.fork"),
        ('[keys]\n"app.help" = "f9"\n"branch.fork" = "f9"\n', "'f9': that is the key of"),
        ('[keys]\n"branch.fork" = "ctrl+m"\n', "as enter"),
        ('[keys]\n"hands.leave" = "ctrl+["\n', "as escape"),
        ('[keys]\n"hands.leave" = ""\n', "has to be one"),
        ('[keys]\n"hands.leave" = "q"\n', "typed into the shell"),
        ('[keys]\n"hands.leave" = "tab"\n', "typed into the shell"),
        ('[keys]\n"replay.percent" = "ctrl+a"\n', "digits"),
        ('theme = "mauve"\n', "mauve"),
        ("[keys\n", "cligym.toml"),
    ],
)
def test_what_is_not_known_is_refused_by_file_and_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "cligym.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as refused:
        config.load((file,))
    assert said in str(refused.value)
    assert str(file) in str(refused.value)


async def test_a_configured_key_does_what_it_is_for(live: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    session = ScriptedLive(*began())
    async with live(session) as pilot:
        pilot.app.set_keymap({"session.mode": "f9"})
        await pilot.press("m")
        assert not [wish for wish in session.wishes if wish[0] == "set_mode"]
        await pilot.press("f9")
        assert ("set_mode", "confirm") in session.wishes


def test_a_key_that_a_pane_does_not_need_is_free(tmp_path: Path) -> None:
    file = tmp_path / "cligym.toml"
    file.write_text('[keys]\n"session.mode" = "g,N"\n"pane.top" = "home"\n"home.start" = "enter"\n')
    assert config.load((file,)).keys["session.mode"] == "g,N"


def test_keys_are_called_as_they_arrive(tmp_path: Path) -> None:
    file = tmp_path / "cligym.toml"
    file.write_text('[keys]\n"app.help" = " f1, ctrl+\\\\,? ,"\n"hands.leave" = "ctrl+]"\n')
    assert config.load((file,)).keys == {
        "app.help": "f1,ctrl+backslash,question_mark",
        "hands.leave": "ctrl+right_square_bracket",
    }


@asynccontextmanager
async def with_keys(session: ScriptedLive, keys: dict[str, str]) -> AsyncIterator[Pilot[int]]:
    """A session at work, with these keys configured."""
    app = OperatorApp(lambda app: LiveScreen(session, app.finish), Config(keys=keys))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.pause(0.15)
        yield pilot


async def test_an_action_without_keys_can_be_given_one() -> None:
    keyless = [action.id for action in ACTIONS if not action.keys]
    keys = {name: f"f{number}" for number, name in enumerate(keyless, 9)}
    assert {"app.theme", "app.screenshot", "session.guide-now"} == set(keys)
    session = ScriptedLive(*began())
    async with with_keys(session, keys) as pilot:
        await pilot.press(keys["session.guide-now"])
        assert pilot.app.screen.query_one(Prompt).asking
        await pilot.press("escape", keys["app.theme"])
        await pilot.pause(0.2)
        assert isinstance(pilot.app.screen, CommandPalette)


async def test_an_action_can_be_left_without_a_key() -> None:
    session = ScriptedLive(*began())
    async with with_keys(session, {"branch.discard": "", "app.help": ""}) as pilot:
        await pilot.press("x", "question_mark", "f1")
        await pilot.pause(0.1)
        assert isinstance(pilot.app.screen, LiveScreen)
        await pilot.press("m")
        assert ("set_mode", "confirm") in session.wishes


@pytest.mark.parametrize("key", ["ctrl+g", "f12", "ctrl+right_square_bracket"])
async def test_a_configured_key_leaves_a_shell(key: str) -> None:
    session = ScriptedLive(*began(), events.TakenOver(branch="b1"))
    async with with_keys(session, {"hands.leave": "ctrl+g,f12"}) as pilot:
        assert "ctrl+g leave the shell" in frames.text(pilot.app)
        assert "ctrl+g gives it back" in frames.text(pilot.app)
        await pilot.press("x", key)
        wishes = [wish for wish in session.wishes if wish[0] != "resize"]
        assert wishes == [("type", "b1", b"x"), ("hand_back", "b1")]


async def test_the_palette_has_actions_with_their_keys(live: Show) -> None:
    async with live(ScriptedLive(*began())) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause(0.2)
        await pilot.press(*"guide now")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert pilot.app.screen.query_one("#prompt").asking


async def test_the_picture_lies_where_one_is(
    replay: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    async with replay() as pilot:
        await pilot.press("ctrl+p")
        await pilot.press(*"svg")
        await pilot.pause(0.5)
        await pilot.press("enter")
        for _ in range(50):
            if list(Path().glob("*.svg")):
                break
            await pilot.pause(0.1)
    (picture,) = Path().glob("*.svg")
    assert picture.read_text().startswith("<svg")


def test_seven_hints_fit_eighty_columns() -> None:
    for where in SCREENS:
        best = sorted((one for one in at(where) if one.show and one.keys), key=lambda one: -one.show)[:7]
        assert sum(len(key_name(one.keys[0])) + len(one.label) + 3 for one in best) <= 100
