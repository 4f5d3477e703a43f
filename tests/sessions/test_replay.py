"""Playing a recording: any move lands where folding from the beginning would; nothing waits for a clock."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions import codec
from sessions import events as ev
from sessions.errors import JournalCorrupt, JournalNewer, JournalUnreadable
from sessions.journal import Journal
from sessions.replay import SPEEDS, Player
from sessions.state import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Flips = tuple[ev.Flip, ...]
BROKE = ev.Flip("t::a", "passed", "failed")
MENDED = ev.Flip("t::b", "error", "passed")
CHANGED = ev.Flip("t::c", "failed", "error")


def stamped(events: Iterable[ev.Event], gap: float = 0.5, began: float = 1e9) -> list[ev.Event]:
    """The events as a journal would stamp them, `gap` seconds apart."""
    return [
        msgspec.structs.replace(event, seq=number, at=began + gap * (number - 1))
        for number, event in enumerate(events, 1)
    ]


def step(branch: str, number: int, prints: bytes = b"", flips: Flips = ()) -> list[ev.Event]:
    """The events of a step that changes something."""
    at: dict[str, object] = {"branch": branch, "step": number}
    return [
        ev.StepProposed(command=f"break {number}", origin="saboteur", **at),
        ev.CommandStarted(**at),
        ev.ShellOutput(data=prints, **at),
        ev.CommandEnded(outcome="done", exit_code=0, cwd="/", seconds=1.0, **at),
        ev.SnapshotTaken(image=f"sha256:{branch}{number}", changes=(), changed=1, **at),
        ev.SuiteStarted(image=f"sha256:{branch}{number}", **at),
        ev.TestReported(id="t::a", outcome="failed", **at),
        ev.SuiteEnded(status="complete", detail="", passed=0, broken=1, flips=flips, seconds=1.0, **at),
    ]


def session() -> list[ev.Event]:
    """Two branches, the second forked from the first, with everything that makes a marker."""
    return stamped(
        [
            ev.SessionStarted(session="s", gold="g", image="sha256:g", agent="saboteur", tests=("t::a",)),
            ev.BranchOpened(branch="b1", image="sha256:g"),
            *step("b1", 1, b"one ", (BROKE, MENDED, CHANGED)),
            *step("b1", 2, b"two "),
            ev.BranchOpened(branch="b2", image="sha256:b11", parent="b1", step=1),
            *step("b2", 1, b"else", (BROKE,)),
            ev.ShellLost(branch="b2", step=1, reason="died", program="ash"),
            ev.GuidanceGiven(branch="b2", number=1, text="leave pip alone"),
            ev.StepProposed(branch="b2", step=2, command="rm -r /", origin="saboteur"),
            ev.StepHeld(branch="b2", step=2),
            ev.StepDecided(branch="b2", step=2, verdict="approved"),
            ev.StepDecided(branch="b2", step=2, verdict="edited", command="rm /x"),
            ev.StepDecided(branch="b2", step=2, verdict="denied", reason="too easy"),
            ev.StepDecided(branch="b2", step=2, verdict="denied"),
            ev.TakenOver(branch="b2"),
            ev.CandidateNominated(branch="b1", step=2, by="saboteur"),
            ev.GateStarted(branch="b1", step=2, gate="rebuild"),
            ev.SuiteStarted(branch="b1", step=2, image="i", purpose="rebuild"),
            ev.SuiteEnded(
                branch="b1", step=2, status="complete", detail="", passed=0, broken=1, flips=(), seconds=1.0
            ),
            ev.GateEnded(branch="b1", step=2, gate="rebuild", held=True, reason="same", seconds=1.0),
            ev.GateEnded(branch="b1", step=2, gate="nop", held=False, reason="reward 1", seconds=1.0),
            ev.CandidateFell(branch="b1", step=2, gate="nop", reason="reward 1"),
            ev.TaskCommitted(branch="b2", step=1, task="task-1", path="/t", families=(), f2p=1, p2p=0),
            ev.Remark(text="nearly full", level="warning"),
            ev.Remark(text="hello"),
            ev.SessionEnded(outcome="goal"),
        ]
    )


def written(path: Path, events: Iterable[ev.Event]) -> Path:
    """A journal file of events that are stamped already."""
    with Journal(path):
        pass
    with path.open("ab") as file:
        file.writelines(codec.encode(event) + b"\n" for event in events)
    return path


def test_the_state_anywhere_is_the_fold_to_there() -> None:
    events = session()
    player = Player(events)
    places = [*range(len(events) + 1)] * 3
    random.Random(1).shuffle(places)
    for index in places:
        player.seek_index(index)
        assert player.index == index
        assert player.state == fold(events[:index])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_events_and_any_moves(
    any_event: Callable[..., st.SearchStrategy[ev.Event]], data: st.DataObject
) -> None:
    names = st.sampled_from(["", "b1", "b2", "\x1b[31m"])
    kinds = any_event(names, branch=names, step=st.integers(0, 2))
    unknown = st.just(ev.Unknown(original="new.thing", line=b'{"t":"new.thing","seq":1}'))
    events = data.draw(st.lists(kinds | unknown, max_size=30))
    player = Player(events)
    moves = [
        player.next_step,
        player.previous_step,
        player.next_command,
        player.previous_command,
        player.next_marker,
        player.previous_marker,
        lambda: player.advance(3.0),
        lambda: player.seek_fraction(0.5),
        lambda: player.seek_step(1),
    ]
    for move in data.draw(st.lists(st.sampled_from(moves), max_size=8)):
        move()
        assert 0 <= player.index <= len(events)
        assert 0.0 <= player.time <= player.duration
        assert player.state == fold(events[: player.index])


def test_idle_time_is_cut_and_a_clock_set_back_costs_nothing() -> None:
    walls = (100.0, 101.0, 100000.0, 50.0, 51.5, 51.5)
    events = [ev.Remark(text="x", seq=seq, at=at) for seq, at in enumerate(walls, 1)]
    assert list(Player(events).recording.times) == [0.0, 1.0, 3.0, 3.0, 4.5, 4.5]
    assert Player(events, idle=10.0).duration == pytest.approx(12.5)


def test_seeking_by_time() -> None:
    player = Player(stamped([ev.Remark(text="x")] * 5, gap=1.0))
    assert (player.index, player.time) == (1, 0.0), "what happened at the first moment has happened"
    assert player.seek(2.5)
    assert (player.index, player.time) == (3, 2.5)
    assert not player.seek(2.5)
    player.seek(99.0)
    assert (player.index, player.time, player.at_end, player.fraction) == (5, 4.0, True, 1.0)
    player.seek(-1.0)
    assert (player.index, player.fraction) == (1, 0.0)
    player.seek_fraction(0.5)
    assert (player.index, player.time) == (3, 2.0)


def test_an_empty_recording_has_no_places() -> None:
    player = Player([])
    moves = [player.next_step, player.previous_step, player.next_marker, player.next_command]
    assert not any(move() for move in moves)
    assert player.at_end
    assert player.fraction == 1.0
    assert player.passage is None
    assert not player.seek_step(1)
    assert player.state == fold([])


def test_steps_end_where_their_report_is_in() -> None:
    player = Player(session())
    shown = []
    while player.next_step() and not player.at_end:
        passage = player.passage
        assert passage
        known = player.state.step(passage.branch, passage.step)
        assert known
        assert known.suite
        shown.append((passage.branch, passage.step, known.suite.status))
    assert shown == [("b1", 1, "complete"), ("b1", 2, "complete"), ("b2", 1, "complete")]
    player.previous_step()
    player.previous_step()
    assert player.passage
    assert (player.passage.branch, player.passage.step) == ("b1", 2)
    assert player.previous_step()
    assert player.previous_step()
    assert player.index == 0
    assert not player.previous_step()


def test_a_step_by_its_number() -> None:
    player = Player(session())
    assert player.seek_step(3)
    assert player.passage
    assert (player.passage.branch, player.passage.step) == ("b2", 1)
    assert player.seek_step(2, "b1")
    assert (player.passage.branch, player.passage.step) == ("b1", 2)
    for number, branch in ((4, ""), (2, "b2"), (1, "b9"), (-1, "")):
        assert not player.seek_step(number, branch)
    assert (player.passage.branch, player.passage.step) == ("b1", 2), "a step that is not there moves nothing"
    assert player.seek_step(0)
    assert player.seek_step(0), "it is there also when one is there already"
    assert player.time == 0.0


def test_commands_are_shown_running() -> None:
    player = Player(session())
    started = []
    while player.next_command() and not player.at_end:
        assert player.passage
        known = player.state.step(player.passage.branch, player.passage.step)
        assert known
        started.append((known.command, known.running))
    assert started == [("break 1", True), ("break 2", True), ("break 1", True)]
    player.previous_command()
    assert player.passage
    assert player.passage.branch == "b2"


def test_what_was_done_by_hand_is_a_step() -> None:
    by_hand: list[ev.Event] = [
        each for each in step("b1", 2, flips=(BROKE,)) if not isinstance(each, ev.CommandStarted)
    ]
    player = Player(stamped([ev.BranchOpened(branch="b1", image="i"), *step("b1", 1), *by_hand]))
    assert [(each.step, each.command) for each in player.passages] == [(1, "break 1"), (2, "break 2")]
    assert player.seek_step(2)
    assert player.index == len(player.recording)


def test_markers_say_what_happened() -> None:
    player = Player(session())
    assert [(marker.kind, marker.label) for marker in player.markers] == [
        ("flip", "1 broke, 1 mended, 1 changed"),
        ("fork", "b2 from b1 at step 1"),
        ("flip", "1 broke"),
        ("lost", "shell lost: died"),
        ("steer", "told: leave pip alone"),
        ("steer", "edited: rm /x"),
        ("steer", "denied: too easy"),
        ("steer", "denied"),
        ("steer", "keyboard taken over"),
        ("gate", "rebuild held"),
        ("gate", "nop did not hold: reward 1"),
        ("fell", "fell at nop: reward 1"),
        ("commit", "task-1"),
        ("warning", "nearly full"),
    ]
    for marker in player.markers:
        assert player.next_marker()
        assert (player.index, player.time) == (marker.index, marker.time)
    assert player.state.tasks
    player.previous_marker()
    player.previous_marker()
    assert not player.state.tasks


def test_playing_follows_the_clock_of_whoever_asks() -> None:
    player = Player(stamped([ev.Remark(text="x")] * 5, gap=1.0), speed=2.0)
    assert player.toggle()
    assert player.advance(0.5)
    assert (player.index, player.time) == (2, 1.0)
    assert not player.advance(0.0)
    player.advance(-5.0)
    assert player.time == 1.0
    player.advance(100.0)
    assert player.at_end
    assert not player.playing
    assert player.toggle()
    assert player.time == 0.0, "playing from the end begins anew"
    assert not player.toggle()


def test_speeds_have_ends() -> None:
    player = Player([])
    assert [player.faster() for _ in range(9)][-1] == SPEEDS[-1]
    assert [player.slower() for _ in range(9)][-1] == SPEEDS[0]
    player.speed = 3.0
    assert player.faster() == 4.0
    player.speed = 3.0
    assert player.slower() == 2.0


def test_what_a_branch_printed() -> None:
    player = Player(session())
    player.seek(player.duration)
    assert list(player.output("b1", 0)) == [b"one ", b"two "]
    assert list(player.output("b2", 0)) == [b"else"]
    assert list(player.output("b9", 0)) == []
    player.seek_step(1)
    reached = player.index
    assert list(player.output("b1", 0)) == [b"one "]
    player.seek(player.duration)
    assert list(player.output("b1", reached)) == [b"two "]
    assert player.recording.output_size("b1", reached, player.index) == 4
    assert player.recording.output_size("b9", 0, player.index) == 0


def test_the_end_of_long_output_begins_at_a_command() -> None:
    events = [ev.BranchOpened(branch="b1", image="i")]
    for number in range(1, 11):
        events += step("b1", number, b"%09d\n" % number)
    recording = Player(stamped(events)).recording

    def tail(size: int) -> bytes:
        return b"".join(recording.output("b1", recording.tail("b1", len(recording), size), len(recording)))

    assert tail(1000) == tail(100) == b"".join(b"%09d\n" % number for number in range(1, 11))
    assert tail(35) == b"000000008\n000000009\n000000010\n"
    assert tail(30) == tail(39) == tail(35)
    assert tail(5) == b"000000010\n", "never nothing"
    assert recording.tail("b9", len(recording), 5) == 0


def test_keyframes_bound_what_a_seek_costs() -> None:
    quiet = stamped([ev.Remark(text="x")] * 100, gap=1.0)
    assert [each.time for each in Player(quiet).recording.keyframes] == [0.0, *range(5, 99, 5)]
    loud = stamped([ev.ShellOutput(branch="b", data=bytes(100_000))] * 30, gap=0.0)
    assert [each.index for each in Player(loud).recording.keyframes] == [*range(0, 30, 3)]
    many = stamped([ev.Remark(text="x")] * 5000, gap=0.0)
    assert [each.index for each in Player(many).recording.keyframes] == [0, 2000, 4000]


def test_a_seek_folds_from_the_nearest_keyframe(monkeypatch: pytest.MonkeyPatch) -> None:
    player = Player(stamped([ev.Remark(text="x")] * 100, gap=1.0))
    read: list[tuple[int, int]] = []
    monkeypatch.setattr(player.recording, "slice", lambda *places: read.append(places) or iter(()))
    for index in (50, 53, 97, 20):
        player.seek_index(index)
        _ = player.state
    assert read == [(46, 50), (51, 53), (96, 97), (16, 20)]


def test_a_journal_plays_like_its_events(tmp_path: Path) -> None:
    events = session()
    with Player(written(tmp_path / "events.jsonl", events)) as player:
        other = Player(events)
        for index in (len(events), 3, 17, 0, 30):
            player.seek_index(index)
            other.seek_index(index)
            assert player.state == other.state
            assert list(player.output("b1", 0)) == list(other.output("b1", 0))
        assert player.markers == other.markers


def test_a_torn_tail_and_unknown_events_are_no_hindrance(tmp_path: Path) -> None:
    events = session()
    path = written(tmp_path / "events.jsonl", events)
    unknown = b'{"t":"later.thing","seq":%d,"at":2e9,"more":[1]}\n' % (len(events) + 1)
    with path.open("ab") as file:
        file.write(unknown + b'{"t":"remark","se')
    with Player(path) as player:
        assert len(player.recording) == len(events) + 1
        player.seek(player.duration)
        assert player.state.outcome == "goal"


@pytest.mark.parametrize("whole", [b"", b'{"v":1', b'{"v":1,"app":"cligym-tui"}\n'])
def test_a_journal_that_has_hardly_begun(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(whole)
    with Player(path) as player:
        assert player.at_end


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with pytest.raises(JournalUnreadable):
        Player(path)
    path.write_bytes(b"hello\n")
    with pytest.raises(JournalCorrupt):
        Player(path)
    path.write_bytes(b'{"v":99}\n')
    with pytest.raises(JournalNewer):
        Player(path)
    with pytest.raises(JournalUnreadable):
        Player(tmp_path)


@pytest.mark.parametrize("harm", [lambda data: data[:300], lambda data: data.replace(b"t::a", b'"":\n')])
def test_a_journal_that_changes_meanwhile(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    path = written(tmp_path / "events.jsonl", session())
    with Player(path) as player:
        path.write_bytes(harm(path.read_bytes()))
        player.seek_index(10)
        with pytest.raises(JournalUnreadable, match="changed"):
            _ = player.state


def test_output_stays_in_the_file(tmp_path: Path) -> None:
    shout = ev.ShellOutput(branch="b1", data=bytes(16 << 10))
    path = written(tmp_path / "events.jsonl", stamped([shout] * 600, gap=0.01))
    assert path.stat().st_size > 12 << 20
    tracemalloc.start()
    try:
        with Player(path) as player:
            player.seek(player.duration)
            assert sum(map(len, player.output("b1", 0))) == 600 * (16 << 10)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 6 << 20
