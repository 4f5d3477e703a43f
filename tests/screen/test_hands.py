"""The keyboard in the operator's hands: when it comes, where what is typed goes, and that one gets out."""

from __future__ import annotations

import pytest

from cligym_tui.screen.steered import LiveScreen
from sessions import events
from tests.screen import frames
from tests.screen.conftest import Show
from tests.screen.story import TESTS, ScriptedLive, began, broke, looked, proposed


def wishes(live: ScriptedLive) -> list[tuple[object, ...]]:
    """What was wished, but for sizes."""
    return [wish for wish in live.wishes if wish[0] != "resize"]


async def test_every_key_goes_to_a_shell_that_was_taken_over(live: Show) -> None:
    session = ScriptedLive(*began(), *looked("ls", b""))
    async with live(session) as pilot:
        await pilot.press("t")
        session.happen(events.TakenOver(branch="b1"))
        await pilot.pause(0.2)
        await pilot.press("q", "escape", "ctrl+c", "ctrl+q", "ctrl+p", "tab", "f1", "up", "space", "1")
        assert wishes(session)[0] == ("take_over", "b1")
        typed = b"".join(data for name, *rest in wishes(session)[1:] for data in [rest[1]] if name == "type")
        assert typed == b"q\x1b\x03\x11\x10\t\x1bOP\x1b[A 1"
        frames.check(pilot.app, "hands")
        await pilot.press("ctrl+right_square_bracket")
        assert wishes(session)[-1] == ("hand_back", "b1")


async def test_who_clicks_elsewhere_is_told_the_way_back(live: Show) -> None:
    session = ScriptedLive(*began(), *looked("ls", b""), events.TakenOver(branch="b1"))
    async with live(session) as pilot:
        assert "The keyboard is yours" in frames.text(pilot.app)
        await pilot.click("#tests")
        assert "Keys are the screen's here: 1 types into the shell again" in frames.text(pilot.app)
        await pilot.press("1", "x")
        assert wishes(session) == [("type", "b1", b"x")]
        assert "The keyboard is yours" in frames.text(pilot.app)


@pytest.mark.parametrize(
    "end",
    [
        events.BranchClosed(branch="b1", outcome="failed", detail="the container is gone"),
        events.SessionEnded(outcome="failed"),
        None,
    ],
)
async def test_a_shell_that_is_gone_gives_the_keys_back(live: Show, end: events.Event | None) -> None:
    session = ScriptedLive(*began(), *looked("ls", b""), events.TakenOver(branch="b1"))
    async with live(session) as pilot:
        await pilot.press("1", "x")
        assert [wish[0] for wish in wishes(session)] == ["type"] * len(wishes(session))
        if end is None:
            session.over = True  # and its journal could not be written any more
        else:
            session.happen(end)
        await pilot.pause(0.3)
        before = len(wishes(session))
        await pilot.press("2", "f1")
        await pilot.pause(0.1)
        assert "Keys" in frames.text(pilot.app)
        await pilot.press("escape", "q")
        await pilot.pause(0.1)
        assert len(wishes(session)) == before
        assert pilot.app.return_value == 0 or "End this session?" in frames.text(pilot.app)


async def test_a_keyboard_that_cannot_be_given_back_is_left_all_the_same(live: Show) -> None:
    session = ScriptedLive(*began(), *looked("ls", b""), events.TakenOver(branch="b1"))
    async with live(session) as pilot:
        await pilot.press("ctrl+right_square_bracket", "1", "x", "escape")
        assert wishes(session) == [("hand_back", "b1")]
        await pilot.press("t", "x")
        assert wishes(session)[1:] == [("take_over", "b1"), ("type", "b1", b"x")]


OPENED = events.BranchOpened(branch="b2", image="i", parent="b1", step=1, container="c")


@pytest.mark.parametrize("key", ["f", "b"])
async def test_the_view_stays_where_the_keyboard_was_asked_for(live: Show, key: str) -> None:
    session = ScriptedLive(*began(), *broke("rm a", TESTS[0], step=1), proposed("sleep 9", 2))
    async with live(session) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, LiveScreen)
        await pilot.press(key, "t")
        await pilot.pause(0.2)
        assert "after this step" in frames.text(pilot.app)
        session.happen(OPENED, proposed("ls", 1, "b2"))
        await pilot.pause(0.2)
        assert screen.sight.selected == "b1"
        session.happen(events.TakenOver(branch="b1"))
        await pilot.pause(0.2)
        assert "after this step" not in frames.text(pilot.app)
        await pilot.press("x", "ctrl+right_square_bracket")
        assert wishes(session)[1:] == [("take_over", "b1"), ("type", "b1", b"x"), ("hand_back", "b1")]


async def test_no_fork_leads_away_from_a_shell_in_ones_hands(live: Show) -> None:
    session = ScriptedLive(*began(), *broke("rm a", TESTS[0], step=1))
    async with live(session) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, LiveScreen)
        await pilot.press("t", "f")
        session.happen(OPENED, events.TakenOver(branch="b1"))
        await pilot.pause(0.2)
        assert screen.sight.selected == "b1"


async def test_whichever_keyboard_was_taken_is_given_back(live: Show) -> None:
    session = ScriptedLive(*began(), *broke("rm a", TESTS[0], step=1), OPENED)
    async with live(session) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, LiveScreen)
        session.happen(events.TakenOver(branch="b1"))
        await pilot.pause(0.2)
        screen.choose(("b2", 0))
        await pilot.press("ctrl+right_square_bracket")
        assert wishes(session) == [("hand_back", "b1")]
        assert not screen.check_action("hands_leave", ())


async def test_what_waits_for_a_step_can_be_taken_back(live: Show) -> None:
    session = ScriptedLive(*began(), proposed("sleep 9", 1))
    async with live(session) as pilot:
        await pilot.press("t", "ctrl+right_square_bracket")
        assert wishes(session) == [("take_over", "b1"), ("hand_back", "b1")]
        await pilot.pause(0.1)
        assert "after this step" not in frames.text(pilot.app)


async def test_following_goes_to_the_branch_at_work(live: Show) -> None:
    session = ScriptedLive(*began(), *broke("rm a", TESTS[0], step=1), OPENED)
    async with live(session) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, LiveScreen)
        await pilot.pause(0.1)
        screen.choose(("b1", 0))
        session.happen(proposed("ls", 1, "b2"))
        await pilot.pause(0.2)
        assert screen.sight.selected == "b1"
        await pilot.press("w")
        assert screen.sight.selected == "b2"
        session.happen(proposed("ls", 2, "b1"))
        await pilot.pause(0.2)
        assert screen.sight.selected == "b2"
        await pilot.press("w")
        assert screen.sight.selected == "b1"
