"""What the operator wishes reaches the session; what happens there reaches the screen."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from textual.app import App
from textual.pilot import Pilot

from cligym_tui.screen import approval
from cligym_tui.screen.app import OperatorApp
from cligym_tui.screen.approval import ApprovalCard
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.prompt import Prompt
from cligym_tui.screen.steered import LiveScreen
from sessions import events
from tests.screen import frames
from tests.screen.conftest import SIZES, Show
from tests.screen.story import TESTS, ScriptedLive, began, broke, gates, looked, proposed, ran, reported


def held(command: str = "apt-get remove -y libsqlite3-0") -> list[events.Event]:
    """A session in which a command waits."""
    return [
        *began(),
        events.ModeChanged(mode="confirm"),
        *looked("cat tiny/settings.ini", b"[tiny]\r\nlevel = 7\r\n"),
        proposed(command, 2, family="libraries", intent="no sqlite for any test"),
        events.StepHeld(branch="b1", step=2, pattern="apt-get remove *"),
    ]


def wishes(live: ScriptedLive) -> list[tuple[object, ...]]:
    """What was wished, but for sizes."""
    return [wish for wish in live.wishes if wish[0] != "resize"]


@pytest.mark.parametrize("size", SIZES)
async def test_frames_of_a_held_command(live: Show, size: tuple[int, int]) -> None:
    async with live(ScriptedLive(*held()), size) as pilot:
        await pilot.pause(0.4)
        frames.check(pilot.app, "held")


async def test_nothing_answers_a_card_that_has_just_appeared(
    live: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval, "DEAF", 60)
    session = ScriptedLive(*began())
    async with live(session) as pilot:
        session.happen(*held()[len(began()) :])
        card = pilot.app.screen.query_one(ApprovalCard)
        while card.step is None:
            await pilot.pause(0.01)
        await pilot.press("a", "enter", "d", "A", "e")
        assert not wishes(session)
        monkeypatch.setattr(approval, "DEAF", 0.3)
        await pilot.pause(0.4)
        await pilot.press("a")
        assert wishes(session) == [("decide", "b1", 2, "approved", "", "", "")]


async def test_a_card_tells_all_there_is_room_for_and_the_keys_that_are_set(
    live: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OperatorApp, "configured_keys", {"card.deny": "x", "card.edit": ""})
    why = "the loader would be " + "looking for it, and " * 7 + "in vain"
    session = ScriptedLive(
        *began(),
        proposed("ldconfig", 1, intent=why),
        events.StepHeld(branch="b1", step=1, pattern="ldconfig " * 20),
    )
    async with live(session, (80, 24)) as pilot:
        card = [line.strip("│ ") for line in frames.text(pilot.app).splitlines()[-8:-3]]
        assert " ".join(line.removeprefix("why: ") for line in card[1:4]).replace("     ", "") == why
        assert re.fullmatch("a run once   x deny   A run all like 'ldconfig ldconfig .*…", card[4])


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["a"], ("approved", "", "", "")),
        (["A", "enter"], ("pattern", "", "", "apt-get remove *")),
        (["e", "home", *"echo ", "enter"], ("edited", "echo apt-get remove -y libsqlite3-0", "", "")),
        (["d", "enter"], ("denied", "", "", "")),
        (["d", *"leave apt alone", "enter"], ("denied", "", "leave apt alone", "")),
    ],
)
async def test_answers_to_a_held_command(live: Show, keys: list[str], answer: tuple[str, ...]) -> None:
    session = ScriptedLive(*held())
    async with live(session) as pilot:
        await pilot.pause(0.4)
        await pilot.press(*(key if len(key) > 1 or key != " " else "space" for key in keys))
        assert wishes(session) == [("decide", "b1", 2, *answer)]


async def test_an_answer_that_was_being_typed_to_a_command_that_is_gone_does_nothing(live: Show) -> None:
    session = ScriptedLive(*held())
    async with live(session) as pilot:
        await pilot.pause(0.4)
        await pilot.press("d", *"no")
        session.happen(events.StepDecided(branch="b1", step=2, verdict="approved"), *ran("x", b"", 2))
        await pilot.pause(0.2)
        await pilot.press("enter")
        assert not wishes(session)


async def test_escape_leaves_the_command_waiting(live: Show) -> None:
    session = ScriptedLive(*held())
    async with live(session) as pilot:
        await pilot.pause(0.4)
        await pilot.press("e", "x", "escape")
        assert not wishes(session)
        assert not pilot.app.screen.query_one(Prompt).asking
        await pilot.press("a")
        assert wishes(session) == [("decide", "b1", 2, "approved", "", "", "")]


async def test_mode_pause_guidance_branches_and_labels_are_wishes(live: Show) -> None:
    session = ScriptedLive(*began(), *looked("ls", b""), *broke("rm tiny/settings.ini", TESTS[0]))
    async with live(session) as pilot:
        await pilot.press("m", "space")
        await pilot.press("i", *"only", "space", *"permissions", "enter")
        await pilot.press("f", "u", "b")
        await pilot.press("r", *"gone", "enter", "n", *"see", "enter")
        await pilot.press("x")
        assert "Discard b1? " in frames.text(pilot.app)
        await pilot.press("x")
        assert wishes(session) == [
            ("set_mode", "confirm"),
            ("pause", "b1", True),
            ("guide", "b1", "only permissions", False),
            ("fork", "b1", 2),
            ("fork", "b1", 1),
            ("add_branch",),
            ("label", "b1", "gone", ""),
            ("label", "b1", "", "see"),
            ("discard", "b1"),
        ]


async def test_the_keys_of_an_answer_are_told_where_it_is_asked_for(live: Show) -> None:
    session = ScriptedLive(*began())

    def last(pilot: Pilot[int]) -> str:
        return next(line for line in reversed(frames.text(pilot.app).splitlines()) if "Enter done" in line)

    async with live(session) as pilot:
        await pilot.press("i", "a", "ctrl+j", "b")
        assert "ctrl+j another line" in last(pilot)
        await pilot.press("enter", "r", "c", "ctrl+j", "d")
        assert "Esc back" in last(pilot) and "ctrl+j" not in last(pilot)
        await pilot.press("enter")
        assert wishes(session) == [("guide", "b1", "a\nb", False), ("label", "b1", "cd", "")]
        await pilot.press("question_mark", "slash")
        assert "Esc back" in last(pilot) and "close" not in last(pilot)
        await pilot.press("escape")
        assert "/ search  y copy  Esc close" in frames.text(pilot.app)
        await pilot.press("escape", "slash", "q")
        assert "Enter search  Esc back" in frames.text(pilot.app) and "quit" not in frames.text(pilot.app)
        await pilot.click("#tests")
        assert "q quit" in frames.text(pilot.app)
        await pilot.press("1", "slash", "q")
        await pilot.press("enter")
        assert "q quit" in frames.text(pilot.app)


async def test_a_key_pressed_twice_is_two_modes_on(live: Show) -> None:
    session = ScriptedLive(*began())
    async with live(session) as pilot:
        await pilot.press("m", "m")
        assert wishes(session) == [("set_mode", "confirm"), ("set_mode", "manual")]
        session.happen(events.ModeChanged(mode="confirm"), events.ModeChanged(mode="manual"))
        await pilot.pause(0.2)
        session.happen(events.ModeChanged(mode="confirm"))
        await pilot.pause(0.2)
        await pilot.press("m")
        assert wishes(session)[-1] == ("set_mode", "manual")


async def test_queued_guidance_is_shown_until_it_is_delivered(live: Show) -> None:
    session = ScriptedLive(
        *began(), *looked("ls", b""), events.GuidanceGiven(branch="b1", number=1, text="leave pip alone")
    )
    async with live(session) as pilot:
        assert "queued: leave pip alone" in frames.text(pilot.app)
        session.happen(
            events.GuidanceDelivered(branch="b1", number=1, understood="no package of pip"),
            proposed("chmod 000 /etc/hosts", 2),
        )
        await pilot.pause(0.2)
        assert "understood: no package of pip" in frames.text(pilot.app)


@pytest.mark.parametrize("size", SIZES)
async def test_commit_card_ticks(live: Show, size: tuple[int, int]) -> None:
    session = ScriptedLive(*began(), *looked("ls", b""), *broke("rm tiny/settings.ini", TESTS[0], TESTS[2]))
    async with live(session, size) as pilot:
        await pilot.press("c")
        await pilot.pause(0.2)
        frames.check(pilot.app, "commit-asks")
        await pilot.press("c")
        assert wishes(session) == [("commit", "b1", 2, True)]
        session.happen(
            events.CandidateNominated(branch="b1", step=2, by="operator"), *gates("healthy", "rebuild")
        )
        session.happen(events.GateStarted(branch="b1", step=2, gate="minimal"))
        await pilot.pause(0.4)
        frames.check(pilot.app, "commit-gates")
        session.happen(
            *gates("minimal", fallen="minimal"),
            events.CandidateFell(branch="b1", step=2, gate="minimal", reason="2 of 3 runs differ"),
        )
        await pilot.pause(0.4)
        assert "fell at minimal" in frames.text(pilot.app)
        assert "The candidate is kept" in frames.text(pilot.app)


async def test_what_is_known_to_be_broken_is_committed_while_the_next_step_is_tested(live: Show) -> None:
    testing = [event for event in broke("ls", step=3) if not isinstance(event, events.SuiteEnded)]
    session = ScriptedLive(*began(), *broke("rm tiny/settings.ini", TESTS[0]), *testing)
    async with live(session) as pilot:
        await pilot.press("c", "c")
        assert wishes(session) == [("commit", "b1", 2, True)]


async def test_the_card_compares_what_is_left_with_all_commands_and_commits_either(live: Show) -> None:
    session = ScriptedLive(
        *began(),
        *broke("touch x", TESTS[0], step=1),
        *broke("rm tiny/settings.ini", TESTS[0], TESTS[2], step=2),
    )
    async with live(session, (140, 50)) as pilot:
        await pilot.press("c", "c")
        assert wishes(session) == [("commit", "b1", 2, True)]
        session.happen(
            events.CandidateNominated(branch="b1", step=2, by="operator"),
            events.GateEnded(
                branch="b1",
                step=2,
                gate="minimal",
                held=True,
                reason="1 of 2 commands",
                seconds=1.0,
                evidence={"inert": [{"step": 1, "command": "touch x"}]},
            ),
        )
        await pilot.pause(0.4)
        assert "Dockerfile without 1 command that no test felt" in frames.text(pilot.app)
        assert "touch x" not in _card(pilot.app)
        await pilot.press("m")
        await pilot.pause(0.2)
        assert "Dockerfile with 1 command that no test felt" in frames.text(pilot.app)
        assert "touch x" in _card(pilot.app)
        session.happen(
            events.TaskCommitted(branch="b1", step=2, task="t", path="/t", families=(), f2p=2, p2p=1)
        )
        await pilot.pause(0.4)
        await pilot.press("c")
        assert wishes(session)[1:] == [("commit", "b1", 2, False)]


def _card(app: App[object]) -> str:
    return app.screen.query_one(Listing).copyable()


async def test_the_hint_of_an_empty_shell_goes_with_the_first_output(live: Show) -> None:
    *opened, prompt = began()
    session = ScriptedLive(*opened)
    async with live(session) as pilot:
        await pilot.pause(0.3)
        assert "appears here" in frames.text(pilot.app)
        session.happen(prompt)
        await pilot.pause(0.5)
        assert "root@sandbox" in frames.text(pilot.app)
        assert "appears here" not in frames.text(pilot.app)


@pytest.mark.parametrize("size", [(80, 24), (100, 30)])
async def test_quitting_ends_the_session_first(live: Show, size: tuple[int, int]) -> None:
    session = ScriptedLive(*began())
    async with live(session, size) as pilot:
        await pilot.press("q")
        await pilot.pause(0.1)
        frames.check(pilot.app, "quit")
        await pilot.press("escape")
        assert not wishes(session)
        await pilot.press("q", "y")
        await pilot.pause(0.3)
        assert wishes(session) == [("stop",)]
        assert pilot.app.return_value == 0


async def test_a_session_that_failed_is_not_a_success(live: Show) -> None:
    from engine.errors import EngineError

    session = ScriptedLive(*began())
    async with live(session) as pilot:
        session.failure, session.over = EngineError("the engine is gone", "start it"), True
        await pilot.pause(0.3)
        assert "the engine is gone" in frames.text(pilot.app)
        await pilot.press("q")
        await pilot.pause(0.1)
        assert pilot.app.return_value == 3


async def test_a_forked_branch_is_looked_at(live: Show) -> None:
    session = ScriptedLive(*began(), *broke("rm tiny/settings.ini", TESTS[0], step=1))
    async with live(session) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, LiveScreen)
        await pilot.press("f")
        session.happen(events.BranchOpened(branch="b2", image="i", parent="b1", step=1, container="c"))
        session.happen(proposed("ls", 2))
        await pilot.pause(0.2)
        assert screen.sight.selected == "b2"
        await pilot.press("4", "g", "enter")
        await pilot.pause(0.2)
        assert screen.sight.selected == "b1"


async def test_what_hands_did_is_a_step_in_every_pane(live: Show) -> None:
    session = ScriptedLive(*began(), *looked("ls", b""))
    by_hand = [
        events.StepProposed(
            branch="b1", step=2, command="rm /etc/passwd", origin="operator", intent="by hand"
        ),
        events.CommandEnded(branch="b1", step=2, outcome="done", exit_code=0, cwd="/app", seconds=0),
        *reported(TESTS[1], step=2),
        events.HandedBack(branch="b1", step=2),
    ]
    async with live(session, (140, 40)) as pilot:
        session.happen(*by_hand)
        await pilot.pause(0.3)
        frame = frames.text(pilot.app)
        assert "by hand" in frame
        assert 'RUN ["/bin/bash", "-c", "cd /\\nrm' in frame, "not in the directory the agent was in"
        assert "1 of 6 broken" in frame


def sizes(live: ScriptedLive) -> list[tuple[object, ...]]:
    """The sizes terminals were given."""
    return [wish[1:] for wish in live.wishes if wish[0] == "resize"]


async def until(pilot: Pilot[int], holds: Callable[[], bool]) -> None:
    """Wait for something, but not for ever."""
    for _ in range(1000):
        if holds():
            return
        await pilot.pause(0.05)
    pytest.fail("it never came")


async def test_the_terminal_gets_the_size_of_its_pane_once(live: Show) -> None:
    session = ScriptedLive(*began())
    async with live(session, (80, 24)) as pilot:
        await until(pilot, lambda: sizes(session) == [("b1", 20, 80)])
        session.happen(events.ShellResized(branch="b1", columns=80, rows=20), *held()[len(began()) :])
        await pilot.pause(0.6)
        session.happen(events.StepDecided(branch="b1", step=2, verdict="approved"))
        await pilot.pause(0.6)
        assert len(sizes(session)) == 1


async def test_no_card_covers_a_shell_that_was_taken_over(live: Show) -> None:
    session = ScriptedLive(*held(), events.TakenOver(branch="b1"))
    async with live(session, (80, 24)) as pilot:
        await until(pilot, lambda: sizes(session)[-1:] == [("b1", 18, 78)])
        assert "wants to run" not in frames.text(pilot.app)


async def test_while_something_is_asked_the_footer_has_the_keys_of_the_answer(live: Show) -> None:
    session = ScriptedLive(*held())
    async with live(session) as pilot:
        await pilot.pause(0.4)
        await pilot.press("d")
        await pilot.pause(0.1)
        footer = frames.text(pilot.app).splitlines()[-1]
        assert "Esc back" in footer
        assert "approve" not in footer
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert "approve" in frames.text(pilot.app).splitlines()[-1]


async def test_a_toast_does_not_cover_a_held_command(live: Show) -> None:
    session = ScriptedLive(*held())
    async with live(session) as pilot:
        await pilot.pause(0.4)
        pilot.app.notify("A branch from b1 step 2 is being opened.")
        await pilot.pause(0.2)
        card = pilot.app.screen.query_one(ApprovalCard).region
        toasts = [each.region for each in pilot.app.screen.query("Toast")]
        assert toasts
        assert not any(each.overlaps(card) for each in toasts)


async def test_the_commit_card_counts_what_all_steps_changed(live: Show) -> None:
    steps = [*broke("rm a", TESTS[0]), *broke("rm b", TESTS[0], TESTS[1], step=3, was=(TESTS[0],))]
    moved = [
        replace(event, changes=tuple(replace(each, path=f"/app/{event.step}") for each in event.changes))
        if isinstance(event, events.SnapshotTaken)
        else event
        for event in steps
    ]
    async with live(ScriptedLive(*began(), *moved)) as pilot:
        await pilot.press("c")
        await pilot.pause(0.2)
        assert "Δ 2 paths since gold" in frames.text(pilot.app)


async def test_the_keys_of_habit_never_end_a_session_unasked(live: Show) -> None:
    session = ScriptedLive(*began())
    async with live(session) as pilot:
        await pilot.press("ctrl+c")
        await pilot.pause(0.1)
        assert "q leaves" in frames.text(pilot.app)
        await pilot.press("ctrl+q")
        await pilot.pause(0.1)
        assert "End this session?" in frames.text(pilot.app)
        assert not wishes(session)


async def test_a_branch_without_a_container_can_be_forked(live: Show) -> None:
    session = ScriptedLive(
        *began(), *broke("rm a", TESTS[0], step=1), events.BranchClosed(branch="b1", outcome="left")
    )
    async with live(session) as pilot:
        await pilot.press("f", "t", "x")
        assert wishes(session) == [("fork", "b1", 1)]


async def test_tabs_tell_of_panes_that_are_not_seen(live: Show) -> None:
    session = ScriptedLive(*began(), *broke("rm a", TESTS[0], step=1))
    async with live(session, (80, 24)) as pilot:
        await pilot.pause(0.2)
        assert "2 tests ✘1   3 dockerfile +1" in frames.text(pilot.app)
        *coming, last = broke("rm b", TESTS[0], step=2, was=(TESTS[0],))
        session.happen(*coming[:6])
        await pilot.pause(0.3)
        assert "2 tests ◌   3 dockerfile +2" in frames.text(pilot.app)
        session.happen(*coming[6:], last)
        await pilot.pause(0.3)
        assert "2 tests ✘1   3 dockerfile +2" in frames.text(pilot.app)
