"""Coming and going: exit codes, the terminal, and what is said on the normal screen."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.screen import Screen

from cligym_tui.exits import ExitCode
from cligym_tui.screen import run
from cligym_tui.screen.app import OperatorApp, exit_code
from cligym_tui.screen.config import Config
from cligym_tui.screen.home import HomeScreen, Starts
from engine.errors import EngineError
from sessions.journal import Journal
from tests.hostile import CORPUS
from tests.screen.story import ScriptedLive, began, looked, numbered, reported, whole

ROOT = Path(__file__).parents[2]
OURS = re.compile(rb"\x1b\](?:22;[a-z-]*\x07|52;c;[A-Za-z0-9+/=]*\x07)")
"""String sequences of the screen's own: the shape of the pointer, what was copied with `y`."""


class Broken(Screen[None]):
    """A screen with a mistake in it."""

    def on_mount(self) -> None:
        raise ZeroDivisionError


async def test_a_crash_is_never_a_success() -> None:
    app = OperatorApp(lambda app: Broken(), Config())
    with pytest.raises(ZeroDivisionError):
        async with app.run_test():
            pass
    assert exit_code(app, None) == ExitCode.SHORT
    assert exit_code(app, 0) != ExitCode.GOAL


def test_without_a_terminal_it_says_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cligym_tui", "replay", "demo"],
        cwd=ROOT,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"needs a terminal" in done.stderr
    assert b"export" in done.stderr


def journal(path: Path, happened: list[object]) -> Path:
    """A journal of these events."""
    with Journal(path) as made:
        for event in happened:
            made.append(event)
    return path


def on_terminal(keys: list[bytes], *words: str) -> tuple[int, bytes]:
    """Run the program on a terminal and press keys one after another; its exit code and what came out."""
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40")
        os.execv(sys.executable, [sys.executable, "-m", "cligym_tui", *words])
    out, waiting, last = b"", list(keys), time.monotonic()
    while True:
        ready, _, _ = select.select([terminal], [], [], 0.05)
        if ready:
            try:
                data = os.read(terminal, 1 << 16)
            except OSError:
                break
            out += data
        if waiting and b"help" in out and time.monotonic() - last > 0.3:
            os.write(terminal, waiting.pop(0))
            last = time.monotonic()
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out


def test_a_live_session_needs_a_terminal_and_says_what_does_without() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cligym_tui", "open", "nothing"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"--auto GOLD" in done.stderr


def test_on_a_terminal_it_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    path = journal(tmp_path / "events.jsonl", numbered(whole()))
    code, out = on_terminal([b".", b".", b"q"], "replay", str(path), "--at", "1")
    assert code == 0
    after = out[out.rindex(b"\x1b[?1049l") :]
    assert b"the whole session is in" in after
    assert b"\x1b[?25h" in out


def test_a_step_that_is_not_there_is_a_mistake_of_the_call(tmp_path: Path) -> None:
    path = journal(tmp_path / "events.jsonl", numbered(whole()))
    code, out = on_terminal([], "replay", str(path), "--at", "77")
    assert code == 2
    assert b"there is no step 77" in out


def test_nothing_a_container_printed_gets_to_the_terminal_as_a_sequence(tmp_path: Path) -> None:
    happened = began()
    for number, data in enumerate(CORPUS.values(), 1):
        happened += looked(data.decode("utf-8", "replace")[:500], data, number)
        happened += reported(step=number)
    path = journal(tmp_path / "events.jsonl", numbered(happened))
    keys = [b"."] * 8 + [b"5", b"9", b"\t", b"j", b"\r", b"q", b"\t", b"\t", b"y", b"z", b"q"]
    code, out = on_terminal(keys, "replay", str(path), "--at", "3")
    assert code == 0
    shown = OURS.sub(b"", out)
    assert not re.search(rb"\x1b[\]PX^_k]|\x1bc|\xc2[\x80-\x9f]", shown)
    assert not set(shown) & (set(range(32)) - {7, 8, 9, 10, 13, 27} | {127})


def replaying(terminal: int) -> subprocess.Popen[bytes]:
    """The demo's replay, on a terminal of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "cligym_tui", "replay", "demo"],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )


def test_a_terminal_that_is_closed_ends_it() -> None:
    import pty

    ours, theirs = pty.openpty()
    child = replaying(theirs)
    os.close(theirs)
    try:
        shown = b""
        while b"\x1b[?1049h" not in shown:
            shown += os.read(ours, 1 << 16)
        os.close(ours)
        assert child.wait(timeout=100) == -signal.SIGHUP
    finally:
        child.kill()


@pytest.mark.parametrize("left", [ExitCode.GOAL, ExitCode.DOCKER, ExitCode.INTERRUPTED])
def test_why_a_session_failed_is_said_where_it_stays(
    left: ExitCode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    live = ScriptedLive()
    live.over, live.failure = True, EngineError("no Docker Engine answers", "start one")
    monkeypatch.setattr(run, "need_terminal", lambda instead: None)
    monkeypatch.setattr(run, "_run", lambda first, config: left)
    interrupted = left == ExitCode.INTERRUPTED
    assert run.run_live(live) == (left if interrupted else ExitCode.DOCKER)
    said = capsys.readouterr().err
    assert "the whole session is in" in said
    assert ("no Docker Engine answers" in said) is not interrupted


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_signal_puts_the_screen_away(number: signal.Signals) -> None:
    import pty
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    child = replaying(theirs)
    try:
        shown = b""
        while b"help" not in shown:
            shown += os.read(ours, 1 << 16)
        assert termios.tcgetattr(theirs) != before
        child.send_signal(number)
        while b"the whole session is in" not in shown and select.select([ours], [], [], 60)[0]:
            shown += os.read(ours, 1 << 16)
        assert child.wait(timeout=100) == ExitCode.INTERRUPTED
        assert termios.tcgetattr(theirs) == before
        left = shown[shown.rindex(b"\x1b[?1049l") :]
        assert b"\x1b[?1049h" not in left
        for mode in (1000, 1003, 1006):
            assert shown.rindex(b"\x1b[?%dl" % mode) > shown.rindex(b"\x1b[?%dh" % mode)
    finally:
        child.kill()
        os.close(ours)
        os.close(theirs)


class Slow(ScriptedLive):
    """Takes its time to end."""

    def stop(self) -> None:
        self.wishes.append(("stop",))

    def join(self, timeout: float) -> bool:
        self.wishes.append(("join",))
        self.over = len(self.wishes) > 2
        return self.over


@pytest.mark.parametrize("crash", [False, True])
def test_a_session_is_given_time_to_end(crash: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(first: object, config: object) -> ExitCode:
        if crash:
            raise ZeroDivisionError
        return ExitCode.INTERRUPTED

    live = Slow()
    monkeypatch.setattr(run, "need_terminal", lambda instead: None)
    monkeypatch.setattr(run, "_run", shown)
    if crash:
        with pytest.raises(ZeroDivisionError):
            run.run_live(live)
    else:
        assert run.run_live(live) == ExitCode.INTERRUPTED
    assert live.wishes == [("stop",), ("join",), ("join",)]


def test_so_is_one_that_was_begun_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    live = Slow()

    def shown(first: Callable[[OperatorApp], Screen[None]], config: Config) -> ExitCode:
        home = first(OperatorApp(first, config))
        assert isinstance(home, HomeScreen)
        assert home._starts is not None
        assert home._starts.begin("tiny", "saboteur") is live
        return ExitCode.INTERRUPTED

    monkeypatch.setattr(run, "need_terminal", lambda instead: None)
    monkeypatch.setattr(run, "_run", shown)
    assert run.run_home(Starts(lambda gold, agent: live, lambda session: live)) == ExitCode.INTERRUPTED
    assert live.wishes == [("stop",), ("join",), ("join",)]
