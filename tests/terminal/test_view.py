"""The view follows, scrolls, searches, copies and types; what it paints is what the terminal holds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from textual.geometry import Offset, Region
from textual.selection import Selection

from cligym_tui.terminal.terminal import Terminal
from cligym_tui.terminal.view import TerminalView
from tests.hostile import CORPUS, cut, everything
from tests.terminal.conftest import Show, ViewApp


def numbered(count: int) -> bytes:
    return b"\r\n".join(b"line %d" % number for number in range(count))


async def painted(app: ViewApp) -> list[str]:
    """The frame once all that was fed is drawn."""
    app.view.flush()
    await app.animator.wait_until_complete()
    await asyncio.sleep(0.05)
    return app.frame


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what comes without being asked for, on a machine that may have other things to do."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def test_it_shows_what_is_printed_and_follows(show: Show) -> None:
    async with show() as (app, _):
        app.view.feed(b"\x1b[31mhello\x1b[0m w\xc3\xb6rld \xe6\xbc\xa2")
        await until(lambda: app.frame[0] == "hello wörld 漢")
        app.view.feed(b"\r\n" + numbered(100))
        await until(lambda: app.frame == [f"line {number}" for number in range(90, 100)])


async def test_what_came_before_it_was_there_is_shown(show: Show) -> None:
    view = TerminalView(Terminal(40, 10))
    view.feed(b"early")
    async with show() as (app, _):
        await app.mount(view)
        await until(lambda: view.terminal.row(0).text == "early")


async def test_scrolling_up_ends_following_and_down_begins_it(show: Show) -> None:
    async with show() as (app, pilot):
        app.view.feed(numbered(100))
        await painted(app)
        await pilot.press("k", "k", "k")
        assert (await painted(app))[0] == "line 87"
        app.view.feed(b"\r\nmore" * 20)
        assert (await painted(app))[0] == "line 87"
        await pilot.press("G")
        assert (await painted(app))[-1] == "more"
        app.view.feed(b"\r\nlast")
        assert (await painted(app))[-1] == "last"
        await pilot.press("g")
        assert (await painted(app))[0] == "line 0"
        await pilot.press("ctrl+d")
        assert (await painted(app))[0] == "line 10"


async def test_rows_in_sight_stay_when_old_ones_are_dropped(show: Show) -> None:
    async with show() as (app, _):
        app.view.show(Terminal(40, 10, kept=600_000))
        app.view.feed(numbered(2500))
        await painted(app)
        app.view.scroll_to(y=2000, animate=False)
        assert (await painted(app))[0] == "line 2000"
        app.view.feed(b"\r\nmore" * 3000)
        assert app.view.terminal.first == 0
        assert (await painted(app))[0] == "line 2000"
        assert app.view.terminal.first > 0


async def test_a_pane_lower_than_the_terminal_keeps_the_cursor_in_sight(show: Show) -> None:
    async with show(size=(40, 5), rows=20) as (app, _):
        app.view.feed(b"prompt $ ")
        assert (await painted(app))[0] == "prompt $"
        app.view.feed(b"\x1b[?1049h\x1b[H" + numbered(20) + b"\x1b[3;1H")
        assert (await painted(app))[0] == "line 2"
        app.view.feed(b"\x1b[20;1H")
        assert (await painted(app))[-1] == "line 19"


async def test_search(show: Show) -> None:
    async with show() as (app, pilot):
        app.view.feed(numbered(100) + b"\r\nThe End")
        await painted(app)
        await pilot.press("slash", *"line 5")
        assert (await painted(app))[-1] == "/line 5"
        await pilot.press("enter")
        assert app.view.search
        assert (app.view.search.current, app.view.search.place()) == (59, (11, 11))
        assert "line 59" in await painted(app)
        await pilot.press("n")
        assert app.view.search.current == 58
        await pilot.press("N", "N")
        assert app.view.search.current == 5, "it goes around"
        await pilot.press("escape")
        assert app.view.search is None
        assert app.view.find("the end")
        assert not app.view.find("THE END")
        assert app.view.find("The")
        assert not app.view.find("nowhere")
        assert not app.view.find("")


async def test_the_search_prompt_takes_every_key(show: Show) -> None:
    async with show() as (app, pilot):
        app.view.feed(numbered(100))
        await pilot.press("slash", "q", "p", "backspace", "backspace", "N")
        assert (await painted(app))[-1] == "/N"
        assert app.left == 0
        await pilot.press("escape", "q")
        assert app.left == 1
        assert app.view.search is None


async def test_matches_are_marked(show: Show) -> None:
    async with show() as (app, _):
        app.view.feed("漢 x e\u0301x X".encode())
        app.view.find("x")
        await painted(app)
        line = app.view.render_line(0)
        marked = [
            segment.text
            for segment in line
            if segment.style and segment.style.bgcolor != line._segments[0].style.bgcolor
        ]
        assert marked == ["x", "x", "X"]


async def test_selecting_and_copying(show: Show) -> None:
    async with show(columns=10) as (app, pilot):
        app.view.feed(b"0123456789abcdef\r\nsecond\r\nthird")
        await painted(app)
        assert app.view.copyable() == ("0123456789abcdef\nsecond\nthird", "3 lines of the terminal in sight")
        app.screen.selections = {app.view: Selection(Offset(3, 0), Offset(3, 2))}
        assert app.screen.get_selected_text() == "3456789abcdef\nsec"
        assert app.view.copyable() == ("3456789abcdef\nsec", "2 lines of the selection")
        await pilot.press("y")
        assert app.clipboard == "3456789abcdef\nsec"
        app.screen.selections = {app.view: Selection(None, None)}
        assert app.screen.get_selected_text() == "0123456789abcdef\nsecond\nthird"


async def test_the_mouse_selects_what_it_is_drawn_over(show: Show) -> None:
    async with show() as (app, pilot):
        app.view.feed(numbered(100))
        await painted(app)
        await pilot.mouse_down(app.view, offset=(2, 3))
        await pilot.hover(app.view, offset=(4, 4))
        await pilot.mouse_up(app.view, offset=(4, 4))
        assert app.screen.get_selected_text() == "ne 93\nline "


async def test_the_cursor_is_seen_with_the_focus(show: Show) -> None:
    async with show() as (app, _):
        app.view.feed(b"ab\x1b[1D")
        await painted(app)

        def reversed_text() -> str:
            return "".join(seg.text for seg in app.view.render_line(0) if seg.style and seg.style.reverse)

        assert reversed_text() == "b"
        app.view.feed(b"\x1b[10C")
        await painted(app)
        assert reversed_text() == " "
        app.view.feed(b"\x1b[?25l")
        await painted(app)
        assert reversed_text() == ""
        app.view.feed(b"\x1b[?25h")
        app.screen.set_focus(None)
        await painted(app)
        assert reversed_text() == ""
        app.view.taken_over = True
        assert reversed_text() == " "


async def test_taken_over_every_key_but_one_is_typed(show: Show) -> None:
    async with show() as (app, pilot):
        await pilot.press("a", "q", "p")
        assert (app.typed, app.left) == (b"", 2)
        app.view.taken_over = True
        await pilot.press("a", "p", "ctrl+q", "ctrl+c", "escape", "up", "slash", "tab", "enter")
        assert app.typed == b"ap\x11\x03\x1b\x1b[A/\t\r"
        assert app.is_running
        app.view.feed(b"\x1b[?1h")
        app.view.flush()
        await pilot.press("up")
        assert app.typed.endswith(b"\x1bOA")
        await pilot.press("ctrl+right_square_bracket")
        assert app.left == 3


async def test_programs_get_answers_only_while_taken_over(show: Show) -> None:
    async with show() as (app, pilot):
        app.view.feed(b"\x1b[6n")
        await pilot.pause(0.1)
        assert app.typed == b""
        app.view.taken_over = True
        app.view.feed(b"ab\x1b[6n")
        await until(lambda: app.typed == b"\x1b[1;3R")


async def test_another_terminal(show: Show) -> None:
    async with show() as (app, _):
        before = app.view.terminal
        app.view.feed(numbered(20_000) + b"\r\nthe last")
        app.view.show(Terminal(40, 10))
        assert before.waiting, "what waits for another terminal holds nobody up"
        assert (await painted(app))[-1] == ""
        app.view.show(before)
        assert (await painted(app))[-1] == "the last"


async def test_another_size(show: Show) -> None:
    async with show(columns=80, rows=24) as (app, pilot):
        app.view.feed(b"x" * 100)
        assert (await painted(app))[:2] == ["x" * 39 + "›", "x" * 20]
        await pilot.press("l")
        await painted(app)
        app.view.resize_terminal(40, 10)
        assert [line for line in await painted(app) if line][:2] == ["x" * 40, "x" * 40]
        await pilot.resize_terminal(30, 5)
        assert len(await painted(app)) == 5


async def test_only_what_changed_is_drawn_anew(show: Show) -> None:
    async with show() as (app, _):
        app.view.feed(b"\x1b[?1049h" + numbered(10))
        await painted(app)
        drawn: list[int] = []
        render = app.view.render_line
        app.view.render_line = lambda y: drawn.append(y) or render(y)
        app.view.feed(b"\x1b[4;1Hhere")
        assert (await painted(app))[3] == "here 3"
        frame_of_ten = 10
        assert set(drawn[: len(drawn) - frame_of_ten]) <= {3, 9}, "the row, and the one the cursor left"


async def test_a_flood_leaves_room_for_keys(show: Show) -> None:
    async with show() as (app, pilot):
        app.view.feed(numbered(40_000))
        assert app.view.terminal.end < 40_000, "it is not drawn in one go"
        await pilot.press("q")
        assert app.left == 1
        app.view.flush()
        assert app.view.terminal.row(39_999).text == "line 39999"


@pytest.mark.parametrize("seed", range(2))
async def test_everything_hostile_is_painted_clean(show: Show, seed: int) -> None:
    async with show() as (app, pilot):
        dice = random.Random(seed)
        data = b"\r\n".join(each[:20_000] for each in CORPUS.values())
        for piece in cut(data, seed):
            app.view.feed(piece)
            if dice.random() < 0.02:
                await pilot.pause()
                assert clean(app)
            if dice.random() < 0.01:
                await pilot.resize_terminal(dice.randint(10, 100), dice.randint(3, 30))
            if dice.random() < 0.01:
                app.view.resize_terminal(dice.randint(1, 150), dice.randint(1, 50))
        await painted(app)
        assert clean(app)
        assert not app.view.terminal.plain
        for sought in ("owned", "]52", "\x1b", "e"):
            app.view.find(sought)
            await pilot.pause()
            assert clean(app)


def clean(app: ViewApp) -> bool:
    """Whether no segment on the screen holds anything but text of its width."""
    strips = app.screen._compositor.render_strips()
    return all(
        segment.control is None
        and all(char.isprintable() or "\ue000" <= char <= "\uf8ff" for char in segment.text)
        for strip in strips
        for segment in strip
    )


async def test_everything_at_once(show: Show) -> None:
    async with show() as (app, _):
        app.view.feed(everything())
        assert await painted(app)
        assert clean(app)


async def test_places_of_text_are_told_to_who_asks_and_not_painted(show: Show) -> None:
    async with show() as (app, _):
        app.view.feed(b"one\r\ntwo")
        await painted(app)
        asked = [segment.style.meta for segment in app.view.render_line(1) if segment.style]
        assert asked[0]["offset"] == (0, 1)
        strips = app.view.render_lines(Region(0, 0, *app.view.size))
        assert not any("offset" in segment.style.meta for each in strips for segment in each if segment.style)


async def test_a_row_that_goes_on_beyond_the_pane_says_so(show: Show) -> None:
    async with show(size=(20, 4), columns=40) as (app, pilot):
        app.view.feed(b"0123456789012345678\r\n" + b"x" * 30 + b"\r\n" + b"y" * 12 + "漢".encode() * 9)
        assert [line.rstrip() for line in await painted(app)][:3] == [
            "0123456789012345678",
            "x" * 19 + "›",
            "y" * 12 + "漢漢漢" + " ›",
        ]
        app.view.scroll_to(x=10, animate=False)
        await pilot.pause()
        assert (await painted(app))[1] == "x" * 20
