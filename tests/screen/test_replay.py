"""A recorded session: the same panes over the same fold, and the keys of a player."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest

from cligym_tui.demo import DEMO
from cligym_tui.screen.lines import ending, spread, width_of
from cligym_tui.screen.panes.shell import ShellPane
from cligym_tui.screen.popup import TextPopup
from cligym_tui.screen.prompt import Prompt
from cligym_tui.screen.replaying import ReplayScreen
from cligym_tui.screen.safe import shown
from cligym_tui.terminal import tape
from cligym_tui.terminal.tape import Tape
from sessions import events
from sessions.replay import Player
from tests.screen import frames
from tests.screen.conftest import SIZES, Show
from tests.screen.story import TESTS, began, broke, looked


def screen(pilot: object) -> ReplayScreen:
    found = pilot.app.screen
    assert isinstance(found, ReplayScreen)
    return found


@pytest.mark.parametrize("size", SIZES)
async def test_frames_of_a_replay(replay: Show, size: tuple[int, int]) -> None:
    async with replay(size=size, at=2) as pilot:
        frames.check(pilot.app, "replay")
        await pilot.press("tab")
        await pilot.pause(0.1)
        frames.check(pilot.app, "replay-tests")
        await pilot.press("f1")
        await pilot.pause(0.2)
        frames.check(pilot.app, "help")


async def test_panes_of_a_narrow_terminal(replay: Show) -> None:
    async with replay(size=(80, 24), at=3) as pilot:
        for key, name in (("f4", "dockerfile"), ("f5", "tree")):
            await pilot.press(key)
            await pilot.pause(0.1)
            frames.check(pilot.app, f"replay-{name}")


async def test_steps_commands_markers_and_per_cent(replay: Show) -> None:
    async with replay(at=0) as pilot:
        player = screen(pilot).player
        await pilot.press("full_stop")
        assert (player.passage.branch, player.passage.step) == ("b1", 1)
        await pilot.press("full_stop")
        assert screen(pilot).sight.steps[-1].suite.broken == 2
        await pilot.press("comma")
        assert len(screen(pilot).sight.steps) == 1
        await pilot.press("right_square_bracket")
        assert screen(pilot).sight.step.running
        await pilot.press("left_square_bracket")
        assert screen(pilot).sight.step.number == 1
        await pilot.press("m")
        assert "2 broke" in frames.text(pilot.app)
        await pilot.press("5")
        assert player.fraction == pytest.approx(0.5, abs=0.01)
        await pilot.press("left")
        assert player.time == pytest.approx(player.duration / 2 - 5, abs=0.1)
        await pilot.press("0", "greater_than_sign")
        assert (player.time, player.speed) == (0.0, 2.0)


async def test_it_plays_and_ends(replay: Show) -> None:
    async with replay(at=0) as pilot:
        player = screen(pilot).player
        player.speed = 64.0
        await pilot.press("space")
        await pilot.pause(1.2)
        assert player.at_end
        assert not player.playing
        assert "goal" in frames.text(pilot.app)


async def test_the_shell_is_the_same_however_one_got_there(replay: Show) -> None:
    async with replay(at=0) as pilot:
        shell = screen(pilot).shell

        def shown() -> list[str]:
            shell.flush()
            return [row.text for row in shell.terminal.lines(0, shell.terminal.end)]

        for _ in range(3):
            await pilot.press("full_stop")
        await pilot.press("comma")
        back = shown()
        await pilot.press("0")
        await pilot.press("full_stop", "full_stop")
        assert shown() == back
        assert "level = 7" in back


async def test_enter_on_a_broken_test_shows_what_it_said(replay: Show) -> None:
    async with replay(at=2) as pilot:
        await pilot.press("f3", "enter")
        await pilot.pause(0.2)
        frames.check(pilot.app, "failure")


async def test_tests_are_filtered_and_searched(replay: Show) -> None:
    async with replay(at=2, size=(140, 40)) as pilot:
        tests = screen(pilot).tests
        await pilot.press("f3", "s")
        assert [tests.lines.key(at) for at in range(len(tests.lines))] == [None, TESTS[0], TESTS[2]]
        await pilot.press("s", "s", "slash", *"double", "enter")
        await pilot.pause(0.1)
        assert tests.key == TESTS[3]
        await pilot.press("n")
        assert tests.key == TESTS[4]


async def test_a_dockerfile_line_leads_to_the_tests_it_flipped(replay: Show) -> None:
    async with replay(at=2, size=(140, 40)) as pilot:
        await pilot.press("f4", "G", "enter")
        tests = screen(pilot).tests
        assert tests.has_focus
        assert [tests.lines.key(at) for at in range(len(tests.lines))] == [None, TESTS[0], TESTS[2]]


async def test_the_footer_stays_when_a_pane_is_maximised(replay: Show) -> None:
    async with replay(at=2) as pilot:
        await pilot.press("f3", "z")
        await pilot.pause(0.1)
        frames.check(pilot.app, "maximised")
        await pilot.press("z")
        await pilot.pause(0.1)
        assert "shell" in frames.text(pilot.app).splitlines()[1]


@pytest.mark.parametrize("size", [(40, 12), (20, 6), (300, 80)])
async def test_no_size_is_too_small(replay: Show, size: tuple[int, int]) -> None:
    async with replay(at=2, size=size) as pilot:
        await pilot.press("tab", "tab", "tab", "z", "f1")
        await pilot.pause(0.1)
        await pilot.resize_terminal(80, 24)
        await pilot.pause(0.2)
        assert "help" in frames.text(pilot.app) or "Keys" in frames.text(pilot.app)


async def test_an_empty_recording_says_what_will_be_there(replay: Show) -> None:
    async with replay(began()[:1], size=(140, 40)) as pilot:
        frames.check(pilot.app, "empty")


def day() -> Iterator[events.Event]:
    """An hour of steps, with output and a suite of tests for each."""
    yield from began()
    for step in range(1, 700):
        was = TESTS[:1] if step % 2 == 0 else ()
        yield from broke(f"step {step}", *(TESTS[:1] if step % 2 else ()), step=step, was=was)
        for _ in range(8):
            yield events.ShellOutput(branch="b1", step=step, data=b"\x1b[32mline of output\x1b[0m\r\n" * 40)


async def test_seeking_anywhere_in_an_hour(replay: Show) -> None:
    async with replay(list(day()), size=(140, 40), at=0) as pilot:
        player = screen(pilot).player
        assert player.duration > 3600
        for digit in (9, 1, 5, 2, 8):
            screen(pilot).action_replay_percent(digit)
            assert player.fraction == pytest.approx(digit / 10, abs=0.01)


def test_the_demo_is_a_whole_session_of_a_real_project() -> None:
    with Player(DEMO) as player:
        state = player.recording.state
        families = {family for task in state.tasks for family in task.families}
        flipped = sum(marker.kind == "flip" for marker in player.markers)
    assert state.outcome == "goal"
    assert len(families) >= 2
    assert flipped >= 3
    assert DEMO.stat().st_size < 300_000


async def test_what_scrolled_off_comes_later_and_moves_nothing(
    replay: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tape, "FAR", 4000)
    monkeypatch.setattr(tape, "APART", 2000)
    monkeypatch.setattr(tape, "KEPT", 50)
    warm = Tape.warm
    monkeypatch.setattr(Tape, "warm", lambda self, seconds: True)
    lines = [b"line %04d\r\n" % number for number in range(2000)]
    output = [
        events.ShellOutput(branch="b1", data=b"".join(lines[at : at + 50])) for at in range(0, 2000, 50)
    ]
    proposal, start, _, end = looked("seq", b"")
    async with replay([*began(), proposal, start, *output, end], at=1) as pilot:
        shell = pilot.app.screen.query_one(ShellPane)
        assert shell.terminal.end < 1000
        await pilot.press("ctrl+u")
        await pilot.pause(0.2)

        def seen() -> list[str]:
            top = shell.terminal.first + shell.scroll_offset.y
            return [shell.terminal.row(top + y).text for y in range(shell.size.height)]

        before = seen()
        assert before[0].startswith("line")
        monkeypatch.setattr(Tape, "warm", warm)
        while shell.terminal.end < 2000:
            await pilot.pause(0.05)
        await pilot.pause(0.2)
        assert seen() == before
        await pilot.press("g")
        await pilot.pause(0.2)
        assert "line 0000" in frames.text(pilot.app)


async def test_the_paths_that_all_commands_changed(replay: Show) -> None:
    async with replay(at=2, size=(140, 40)) as pilot:
        await pilot.press("D")
        await pilot.pause(0.1)
        frame = frames.text(pilot.app)
        assert "1 path since gold  +0 ~0 -1" in frame
        assert re.search(r"- /app/tiny/settings.ini +b1 2", frame)
        await pilot.press("enter")
        assert screen(pilot).tests.only.number == 2
        await pilot.press("D")
        await pilot.pause(0.1)
        assert "FROM cligym-gold/tiny" in frames.text(pilot.app)


@pytest.mark.parametrize(
    ("keys", "copied"),
    [
        (["f3", "j"], TESTS[1]),
        (["f5"], "rm tiny/settings.ini"),
        (["f4", "G", "k"], 'RUN ["/bin/bash", "-c", "cd /app\\nrm tiny/settings.ini"]'),
        (["D"], "/app/tiny/settings.ini"),
    ],
)
async def test_what_a_line_is_about_is_copied(replay: Show, keys: list[str], copied: str) -> None:
    async with replay(at=2, size=(140, 40)) as pilot:
        await pilot.press(*keys, "Y")
        await pilot.pause(0.1)
        assert pilot.app.clipboard == copied
        assert re.search(r"Copied the \S.*, 1 line", frames.text(pilot.app))


async def test_the_palette_copies_what_the_pane_shows(replay: Show) -> None:
    async with replay(at=2, size=(140, 40)) as pilot:
        await pilot.press("f5", "ctrl+p")
        await pilot.pause(0.2)
        await pilot.press(*"copyline")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert pilot.app.clipboard == "rm tiny/settings.ini"


@pytest.mark.parametrize(
    ("where", "at"), [("50%", 0.5), ("0:00", 0.0), ("99:59", 1.0), ("3", None), ("77", None)]
)
async def test_going_to_a_place(replay: Show, where: str, at: float | None) -> None:
    async with replay(at=2) as pilot:
        player = screen(pilot).player
        await pilot.press("colon", *where, "enter")
        await pilot.pause(0.1)
        if at is not None:
            assert player.fraction == pytest.approx(at, abs=0.01)
        elif where == "3":
            assert (player.passage.branch, player.passage.step) == ("b2", 1)
        else:
            assert "There is no '77' to go to" in frames.text(pilot.app)
            assert player.passage.step == 2


async def test_why_a_test_was_not_run(replay: Show) -> None:
    *before, last = broke("rm conftest.py", TESTS[0], step=1)
    errors = ("tests/test_numbers.py: other", f"{TESTS[0].split('::')[0]}: ModuleNotFoundError: no tiny")
    gone = [one for one in before if not (isinstance(one, events.TestReported) and one.id == TESTS[0])]
    async with replay([*began(), *gone, msgspec.structs.replace(last, errors=errors)], at=1) as pilot:
        await pilot.press("f3", "enter")
        await pilot.pause(0.2)
        frame = frames.text(pilot.app)
        assert "missing at step 1" in frame
        assert "ModuleNotFoundError: no tiny" in frame
        assert "other" not in frame


@pytest.mark.parametrize(
    ("value", "width", "shown"),
    [
        ("/a/b", 4, "/a/b"),
        ("/a/bc", 4, "…/bc"),
        ("/a/日本", 5, "…日本"),
        ("/a/日本", 4, "…本"),
        ("/ab", 1, "…"),
    ],
)
def test_of_a_path_the_end_is_seen(value: str, width: int, shown: str) -> None:
    assert ending(value, width) == shown


def test_a_command_of_several_lines_leaves_the_figures_their_room() -> None:
    (line,) = [spread([("a\nb\x07c" * 30, "")], [("152/152", "")], 40)]
    assert width_of([(shown(part), look) for part, look in line]) == 40
    assert shown("".join(part for part, _ in line)).endswith("… 152/152")


async def test_a_picture_of_the_screen_needs_nothing_from_elsewhere(replay: Show) -> None:
    async with replay(at=2) as pilot:
        drawn = pilot.app.export_screenshot()
    assert set(re.findall(r"https?://[^/\s]+", drawn)) <= {"http://www.w3.org", "https://www.textualize.io"}
    assert "font-face" not in drawn
    assert drawn.count("<text ") == drawn.count('xml:space="preserve"') > 10


async def test_a_click_on_a_key_of_the_pane_does_it(replay: Show) -> None:
    async with replay(size=(220, 40), at=2) as pilot:
        await pilot.press("tab")
        await pilot.pause(0.2)
        for label in ("enter open", "/ search"):
            at = frames.text(pilot.app).splitlines()[-1].index(label)
            await pilot.click("Hints", offset=(at, 0))
            await pilot.pause(0.2)
            if label == "enter open":
                assert isinstance(pilot.app.screen, TextPopup)
                await pilot.press("escape")
        assert pilot.app.screen.query_one("#prompt", Prompt).asking


async def test_the_palette_goes_to_no_share_that_it_cannot_ask_for(replay: Show) -> None:
    async with replay() as pilot:
        await pilot.press("ctrl+p")
        await pilot.press(*"per", "space", *"cent")
        await pilot.pause(0.5)
        assert "(0-9)" not in frames.text(pilot.app)
