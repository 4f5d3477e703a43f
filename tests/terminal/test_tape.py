"""A recording's terminals at any moment, as if each had been fed from the beginning."""

from __future__ import annotations

import random

import pytest

from cligym_tui.terminal import tape as module
from cligym_tui.terminal.tape import Tape
from cligym_tui.terminal.terminal import Terminal
from sessions import events as ev
from sessions.recording import Recording


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in small."""
    monkeypatch.setattr(module, "FAR", 8000)
    monkeypatch.setattr(module, "APART", 4000)
    monkeypatch.setattr(module, "KEPT", 16)


def session(steps: int, size: int, branches: int = 1) -> Recording:
    """Branches of so many steps, each printing about `size` bytes; their terminals change their size."""
    happened: list[ev.Event] = []
    for name in (f"b{number}" for number in range(branches)):
        happened.append(ev.BranchOpened(branch=name, image="i"))
        for number in range(1, steps + 1):
            at = {"branch": name, "step": number}
            happened.append(ev.StepProposed(command=f"step {number}", origin="saboteur", **at))
            happened.append(ev.CommandStarted(**at))
            happened += [
                ev.ShellOutput(
                    data=b"\x1b[3%dm%s step %d, piece %d\x1b[m\r\n"
                    % (place % 8, name.encode(), number, place)
                    * 10,
                    **at,
                )
                for place in range(size // 400 + 1)
            ]
            if number % 3 == 0:
                happened.append(ev.ShellResized(branch=name, columns=60 + number % 50, rows=10 + number % 20))
            happened.append(ev.CommandEnded(outcome="done", exit_code=0, cwd="/", seconds=0.1, **at))
    return Recording(happened)


def shown(terminal: Terminal) -> tuple[object, ...]:
    screen = [terminal.row(number) for number in range(terminal.top, terminal.end)]
    x, y = terminal.cursor
    return screen, (x, y - terminal.top), terminal.columns, terminal.rows


def from_the_beginning(recording: Recording, branch: str, index: int) -> Terminal:
    terminal = Terminal()
    for _, event in recording.shell(branch, 0, index):
        if isinstance(event, ev.ShellOutput):
            terminal.feed(event.data)
        else:
            terminal.resize(event.columns, event.rows)
    return terminal


@pytest.mark.parametrize("warm", [False, True])
def test_any_moment_in_any_order(warm: bool) -> None:
    recording = session(15, 2000, 2)
    tape = Tape(recording)
    while warm and tape.warm(1.0):
        pass
    dice = random.Random(1)
    for _ in range(30):
        branch, index = dice.choice(("b0", "b1")), dice.randrange(len(recording) + 1)
        expected = from_the_beginning(recording, branch, index)
        terminal, _ = tape.terminal(branch, index)
        assert shown(terminal) == shown(expected)
        if warm:
            assert list(terminal.lines(0, terminal.end)) == list(expected.lines(0, expected.end))


def test_a_cold_tape_draws_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = session(30, 3000)
    drawn: list[int] = []
    feed = Terminal.feed
    monkeypatch.setattr(Terminal, "feed", lambda self, data: drawn.append(len(data)) or feed(self, data))
    tape = Tape(recording)
    for index in (len(recording), 5, len(recording) // 2, len(recording) - 10, 0):
        drawn.clear()
        tape.terminal("b0", index)
        assert sum(drawn) <= module.FAR


def test_what_was_missing_is_there_once_the_tape_is_warm() -> None:
    recording = session(15, 2000)
    tape, end = Tape(recording), len(recording)
    expected = from_the_beginning(recording, "b0", end)
    cold, _ = tape.terminal("b0", end - 60)
    assert cold.end < expected.end // 2
    assert shown(tape.terminal("b0", end)[0]) == shown(expected)
    while tape.warm(1.0):
        pass
    terminal, wound = tape.terminal("b0", end)
    assert wound, "its rows have other numbers now"
    assert list(terminal.lines(0, terminal.end)) == list(expected.lines(0, expected.end))


def test_forwards_only_what_is_new_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = session(10, 1000)
    tape = Tape(recording)
    terminal, _ = tape.terminal("b0", 30)
    drawn: list[bytes] = []
    monkeypatch.setattr(terminal, "feed", drawn.append)
    assert tape.terminal("b0", 35) == (terminal, False)
    assert drawn == list(recording.output("b0", 30, 35))


def test_what_is_remembered_is_bounded() -> None:
    recording = session(100, 4000)
    tape = Tape(recording)
    assert not tape.warm(60.0)
    assert not tape._moments, "not all of it could be remembered, so none is"
    for index in range(0, len(recording), 10):
        tape.terminal("b0", index)
    assert len(tape._moments) == module.KEPT


def test_warming_stops_in_time_and_ends() -> None:
    tape = Tape(session(20, 2000))
    assert tape.warm(0.0)
    rounds = 0
    while tape.warm(0.001):
        rounds += 1
    assert rounds > 1
    assert tape._moments


def test_an_unknown_branch_shows_nothing() -> None:
    assert Tape(session(1, 10)).terminal("b9", 3)[0].end == 1
