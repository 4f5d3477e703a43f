"""What a model says and what it takes, on the screen: the same live and in a recording."""

from __future__ import annotations

import pytest

from cligym_tui.screen.bar import Bar
from cligym_tui.screen.words import MUTED, WARN
from cligym_tui.wording import short, spending
from engine.ledger import Budget
from sessions import events
from sessions.spending import Spent
from sessions.state import fold
from tests.screen import frames
from tests.screen.conftest import SIZES, Show
from tests.screen.story import ScriptedLive, began, looked, numbered

HOSTILE = "\x1b[31mred [bold]x[/bold]\u202e"


def spoken(call: int, *pieces: tuple[str, str], branch: str = "b1") -> list[events.Event]:
    """A call and its answer."""
    return [
        events.ModelAsked(call=call, purpose="explore", model="claude-sonnet-5-5", branch=branch),
        *(events.ModelSaid(call=call, kind=kind, text=text, branch=branch) for kind, text in pieces),
        events.ModelAnswered(
            call=call,
            outcome="done",
            branch=branch,
            input_tokens=200,
            output_tokens=120,
            cache_read_tokens=31_000,
            usd=0.0047,
        ),
    ]


def talked() -> list[events.Event]:
    """Two answers with a step between, and a third that is coming."""
    return [
        *began(),
        *spoken(1, ("thinking", "The tests read a setting."), ("text", "I look."), ("tool", "bash cat x")),
        *looked("cat tiny/settings.ini", b"[tiny]\r\nlevel = 7\r\n"),
        *spoken(2, ("text", "Now I know."), ("text", HOSTILE)),
        *spoken(3, ("text", "elsewhere"), branch="b9"),
        events.ModelAsked(call=4, purpose="explore", model="claude-sonnet-5-5", branch="b1", step=1),
        events.ModelSaid(call=4, kind="thinking", text="What would break", branch="b1"),
    ]


@pytest.mark.parametrize("size", SIZES)
async def test_frames_of_a_model_speaking(live: Show, size: tuple[int, int]) -> None:
    session = ScriptedLive(*talked())
    async with live(session, size) as pilot:
        await pilot.press("o")
        await pilot.pause(0.3)
        frames.check(pilot.app, "talk")


async def test_it_goes_on_while_one_reads(live: Show) -> None:
    session = ScriptedLive(*talked())
    async with live(session) as pilot:
        await pilot.press("o")
        await pilot.pause(0.3)
        session.happen(events.ModelSaid(call=4, kind="thinking", text=" a locale?", branch="b1"))
        await pilot.pause(0.8)
        assert "What would break a locale?" in frames.text(pilot.app)


def test_the_fold_joins_pieces_and_adds_up() -> None:
    state = fold(numbered(talked()))
    branch = state.branches["b1"]
    assert [(piece.call, piece.kind, piece.step) for piece in branch.said] == [
        (1, "thinking", 1), (1, "text", 1), (1, "tool", 1), (2, "text", 2), (4, "thinking", 2)
    ]  # fmt: skip
    assert branch.asking == "claude-sonnet-5-5"
    assert branch.spent and (branch.spent.calls, branch.spent.tokens) == (2, 2 * 31_320)
    assert state.spent and state.spent.calls == 3 and state.spent.usd == pytest.approx(0.0141)


def test_money_in_words() -> None:
    assert spending(Spent(usd=0.0047, input_tokens=31_320)) == "$0.0047 31.3k tok"
    assert spending(Spent(usd=12.345, input_tokens=2_000_000)) == "$12.35 2.0M tok"
    assert spending(Spent(usd=0.5, unpriced=1, input_tokens=9)) == "$0.5+ 9 tok"
    assert spending(Spent(unpriced=1, input_tokens=9)) == "$? 9 tok"
    assert short(999) == "999"


async def test_a_limit_that_is_near_is_shown_as_one(live: Show) -> None:
    session = ScriptedLive(*talked())
    session.budget = Budget(usd=0.015, tokens=1_000_000)
    async with live(session, (140, 40)) as pilot:
        await pilot.pause(0.2)
        looks = dict(pilot.app.screen.query_one(Bar).parts(140))
        assert looks[", limit $0.015"] == f"bold {WARN}"
        assert looks[", limit 1.0M tok"] == MUTED
