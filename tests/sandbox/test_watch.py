"""The course of one command, decided without any I/O."""

from __future__ import annotations

import pytest

from engine.sandbox.watch import GRACE, PROBE_EVERY, State, Watch

PROMPT = State.parse("S 7 7 wait_woken")
EDITING = State.parse("S 7 7 poll_schedule_timeout.constprop.0")


@pytest.mark.parametrize(
    ("answer", "reads"),
    [
        ("S 7 7 wait_woken", True),
        ("S 7 7 poll_schedule_timeout.constprop.0", True),
        ("S 7 7 do_select", True),
        ("S 7 7 n_tty_read", True),
        ("S 7 9 do_wait", False),
        ("S 7 7 do_wait", False),
        ("S 7 7 anon_pipe_read", False),
        ("S 7 7 pipe_read", False),
        ("S 7 9 wait_woken", False),
        ("R 7 7 0", False),
        ("S 7 7 0", False),
        ("gone", False),
        ("", False),
    ],
)
def test_only_a_shell_that_reads_its_terminal_waits_for_input(answer: str, reads: bool) -> None:
    assert State.parse(answer).reads_terminal is reads


def course(watch: Watch, state: State, seconds: float) -> list[tuple[float, str]]:
    """What the watch does over `seconds` when every probe finds `state`."""
    now, done = watch.started, []
    while now < watch.started + seconds:
        action = watch.next(now)
        if action == "probe":
            watch.probed(state)
        elif action != "wait":
            done.append((round(now - watch.started, 2), action))
        now += max(0.01, watch.pause(now))
    return done


def test_a_running_command_is_left_alone_until_its_time_is_over() -> None:
    watch = Watch(100.0, 5.0)
    running = State.parse("S 7 9 do_wait")
    assert course(watch, running, 4.9) == []
    assert course(Watch(100.0, 5.0), running, 20) == [(5.0, "interrupt"), (7.0, "end"), (9.0, "replace")] + [
        (9.0 + GRACE * n, "replace") for n in range(1, 6)
    ]


def test_a_time_limit_is_named_as_the_outcome() -> None:
    watch = Watch(0.0, 1.0)
    course(watch, State.parse("R 7 9 0"), 2)
    assert watch.outcome == "timeout"


@pytest.mark.parametrize("state", [PROMPT, EDITING])
def test_a_shell_that_waits_for_input_is_told_soon(state: State) -> None:
    watch = Watch(0.0, 60.0)
    assert course(watch, state, 1.5)[0][1] == "interrupt"
    assert watch.outcome == "incomplete"


def test_one_look_at_a_waiting_shell_is_not_enough() -> None:
    watch = Watch(0.0, 60.0)
    for turn in range(50):
        now = PROBE_EVERY * (turn + 1)
        assert watch.next(now) == "probe"
        watch.probed(PROMPT if turn % 3 else State.parse("R 7 7 0"))
    assert watch.outcome == "done"


def test_an_interrupt_takes_effect_at_once_and_only_once() -> None:
    watch = Watch(0.0, 60.0)
    watch.interrupt(1.0)
    watch.interrupt(1.0)
    assert watch.next(1.0) == "interrupt"
    watch.interrupt(1.1)
    assert watch.next(1.1) in ("wait", "probe")
    assert watch.outcome == "interrupted"


def test_pauses_are_never_negative_nor_past_the_deadline() -> None:
    watch = Watch(0.0, 0.1)
    assert watch.pause(0.0) == pytest.approx(0.1)
    assert watch.pause(99.0) == 0.0
