"""A repair on the screen: what was told and what the grader says, in the place of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from cligym_tui.screen.app import OperatorApp
from cligym_tui.screen.config import Config
from cligym_tui.screen.repairing import RepairScreen
from cligym_tui.screen.replaying import ReplayScreen
from sessions import events
from tests.screen import frames
from tests.screen.conftest import SIZES, Show
from tests.screen.story import ScriptedLive, began, proposed, ran

if TYPE_CHECKING:
    from engine.repair.hands import Hands

INSTRUCTION = "The tests of tiny fail.\n\nPlease repair \x1b[31mthe machine[/] so that they pass.\n"


def repaired(outcome: str = "solved") -> list[events.Event]:
    """A session in which a solver tried a task once."""
    first, *rest = began()
    graded = events.RepairGraded(
        branch="b1",
        step=1,
        reward=float(outcome == "solved"),
        outcome=outcome,
        detail="" if outcome == "solved" else "2 of 6 required tests do not pass",
        log="all 6 required tests pass\nreward 1\n" if outcome == "solved" else "reward 0\n",
    )
    told = events.RepairStarted(
        branch="b1", task="tiny-5f3a", path="/t", solver="claude", instruction=INSTRUCTION
    )
    return [first, told, *rest, proposed("chmod 644 /x", 1), *ran("chmod 644 /x", b"", 1), graded]


def to_the_end(screen: object) -> None:
    """Have a replay show what came last."""
    assert isinstance(screen, ReplayScreen)
    screen.player.seek_fraction(1.0)
    screen._moved()


@pytest.mark.parametrize("size", SIZES)
async def test_frames_of_a_repair(replay: Show, size: tuple[int, int]) -> None:
    async with replay(repaired(), size, at=1) as pilot:
        to_the_end(pilot.app.screen)
        await pilot.press("tab")
        await pilot.pause(0.15)
        frames.check(pilot.app, "repair")


async def test_a_repair_offers_nothing_that_is_about_breaking(replay: Show) -> None:
    async with replay(repaired("unsolved"), (140, 40)) as pilot:
        to_the_end(pilot.app.screen)
        await pilot.pause(0.15)
        screen = frames.text(pilot.app)
        assert "✘ unsolved" in screen
        assert "2 of 6 required tests do not pass" in screen
        assert "broken" not in screen
        assert not pilot.app.screen.check_action("branch_commit", ())


class ScriptedHands(ScriptedLive):
    """A person's attempt, as the screen sees it."""

    solved = False

    def submit(self) -> None:
        self.wishes.append(("submit",))

    def give_up(self) -> None:
        self.wishes.append(("give_up",))


def wishes(live: ScriptedLive) -> list[Any]:
    return [wish for wish in live.wishes if wish[0] != "resize"]


@pytest.mark.parametrize(("key", "wish"), [("S", "submit"), ("X", "give_up")])
async def test_the_end_is_asked_for_once_and_told_by_the_exit_code(key: str, wish: str) -> None:
    first, *rest = began()
    told = events.RepairStarted(
        branch="b1", task="tiny-5f3a", path="/t", solver="operator", instruction=INSTRUCTION
    )
    session = ScriptedHands(first, told, *rest, events.TakenOver(branch="b1"))
    app = OperatorApp(lambda app: RepairScreen(cast("Hands", session), app.finish), Config())
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.pause(0.2)
        await pilot.press(key, "m", "f")
        typed = [("type", "b1", each.encode()) for each in (key, "m", "f")]
        assert wishes(session) == typed  # the shell is the person's
        assert "ctrl+] gives it back, to read the task or submit" in frames.text(app)
        await pilot.press("ctrl+right_square_bracket")
        session.happen(events.HandedBack(branch="b1"))
        await pilot.pause(0.2)
        await pilot.press("m", "f", "b", "x", "i", key, "escape", key, "y")
        assert wishes(session)[len(typed) :] == [("hand_back", "b1"), (wish,)]
        await pilot.press(key, "t")
        assert "◌ being graded" in frames.text(app) and "take over" not in frames.text(app)
        session.solved = key == "S"
        session.happen(
            *repaired()[-1:],
            events.BranchClosed(branch="b1", outcome="graded"),
            events.SessionEnded(outcome="goal"),
        )
        session.over = True
        await pilot.pause(0.3)
        assert "✔ solved" in frames.text(app)
        await pilot.press("q")
    assert wishes(session)[len(typed) :] == [("hand_back", "b1"), (wish,)]
    assert app.return_value == (0 if key == "S" else 1)


@pytest.mark.parametrize("solved", [True, False])
async def test_only_a_repair_that_was_taken_is_a_success(solved: bool) -> None:
    session = ScriptedHands(*began())
    session.solved = solved
    app = OperatorApp(lambda app: RepairScreen(cast("Hands", session), app.finish), Config())
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause(0.2)
        await pilot.press("q", "y")
        await pilot.pause(0.3)
    assert wishes(session) == [("stop",)]
    assert app.return_value == (0 if solved else 1)
