"""The headless run as it is shown: by the real command, over a scripted engine."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.sandbox.client import Endpoint
from sessions import codec
from tests.cli import scripted
from tests.cli.conftest import ROOT, Run

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(state: Path) -> Iterator[Start]:
    """Start the scripted run; what still runs at the end is killed."""
    started = []

    def begin(how: str, form: str, **options: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.cli.scripted", how, form]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen(command, cwd=ROOT, **pipes)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def finished(process: subprocess.Popen[bytes], timeout: float = 100) -> tuple[int, list[str], str]:
    """Exit code, lines of standard output, standard error."""
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out.decode().splitlines(), err.decode()


ENDS = [
    ("goal", 0, "goal", ""),
    ("short", 1, "short", "every fault was tried"),
    ("limit", 5, "limit", "10 minutes are over"),
    ("limited", 5, "limit", "10 minutes are over"),
    ("refused", 2, "failed", "there is no gold environment 'x'"),
    ("engine", 3, "failed", "the Docker Engine does not answer"),
    ("crash", 1, "failed", "KeyError"),
]


@pytest.mark.parametrize(("how", "code", "outcome", "detail"), ENDS)
def test_events_are_the_journal_s_and_the_last_is_the_result(
    start: Start, how: str, code: int, outcome: str, detail: str
) -> None:
    done, lines, err = finished(start(how, "jsonl"))
    assert done == code
    events = [codec.decode(line.encode()) for line in lines]
    assert events[:-1] == ([] if how == "refused" else scripted.story())
    result = json.loads(lines[-1])
    assert (result["t"], result["exit_code"], result["outcome"]) == ("result", code, outcome)
    assert detail in result.get("detail", "")
    assert detail in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("how", "code", "outcome", "detail"), ENDS)
def test_a_pipe_gets_one_plain_line_for_each_notable_event(
    start: Start, how: str, code: int, outcome: str, detail: str
) -> None:
    done, lines, err = finished(start(how, "text"))
    assert done == code
    assert detail in err
    text = "\n".join(lines)
    assert "\x1b" not in text
    if how != "refused":
        assert "b1 step 1 (dependencies) $ rm [/bold]\\x1b]52;c;aGk=\\x07\\x1b[2J\\x9b31m\\u202e next" in text
        assert "b1 step 1 2 tests flipped, 2 of 3 broken" in text
        assert "b1 task t1: dependencies, 2 F2P, 1 P2P" in text
        assert "b2 step 1 1 test flipped, 3 of 3 broken; suite died: killed" in text
        assert "b2 step 1 fell at oracle: [/bold]" in text
        assert "3 attempts, 2 flipped, 1 proven, yield 33%, fell: oracle 1" in text
        assert "  tasks/harbor/t1" in lines
        assert f"{scripted.SESSION}/events.jsonl" in lines[-1]


def test_a_crash_of_ours_names_the_file_with_its_traceback(start: Start, state: Path) -> None:
    done, _, err = finished(start("crash", "text"))
    assert done == 1
    assert len(err.splitlines()) == 2
    assert "\x1b" not in err
    (kept,) = (state / "crashes").iterdir()
    assert str(kept) in err
    assert "KeyError" in kept.read_text()


def until(process: subprocess.Popen[bytes], text: bytes) -> bytes:
    """Read standard output until it has said something."""
    seen = b""
    while text not in seen:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 60)
        assert ready, seen
        data = os.read(process.stdout.fileno(), 65536)
        assert data, seen
        seen += data
    return seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_the_first_interrupt_ends_in_good_order(start: Start, form: str, number: signal.Signals) -> None:
    process = start("patient", form)
    until(process, b"b3")
    process.send_signal(number)
    done, lines, err = finished(process)
    assert done == 130
    assert "Traceback" not in err
    if form == "jsonl":
        assert json.loads(lines[-1])["outcome"] == "interrupted"
    else:
        assert any("stopping in good order" in line for line in lines)
        assert any(line.startswith("interrupted after 1:05") for line in lines)


@pytest.mark.parametrize("how", ["stubborn", "stuck", "deaf"])
def test_a_second_interrupt_ends_it_at_once(start: Start, how: str) -> None:
    process = start(how, "jsonl")
    until(process, b'"branch":"b3"')
    process.send_signal(signal.SIGINT)
    time.sleep(1.5)  # two at once would count as one
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    done, lines, err = finished(process)
    assert time.monotonic() - began < 20
    assert done == 130
    assert (json.loads(lines[-1])["t"], json.loads(lines[-1])["exit_code"]) == ("result", 130)
    assert err.splitlines() == ["error: interrupted"]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_a_reader_that_goes_away_ends_the_run_without_a_traceback(start: Start, form: str) -> None:
    process = start("flood" if form == "jsonl" else "patient", form)
    until(process, b"dotenv")
    assert process.stdout is not None
    process.stdout.close()
    if form == "text":  # nothing more is written until the end
        process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    err = process.stderr.read().decode()
    assert process.wait(100) == 130
    assert "Traceback" not in err
    assert "Exception" not in err


def test_a_full_disk_below_standard_output_is_said(start: Start) -> None:
    with open("/dev/full", "wb") as full:
        process = start("patient", "jsonl", stdout=full)
        assert process.stderr is not None
        err = process.stderr.read().decode()
        assert process.wait(100) == 2
    assert err.splitlines() == ["error: cannot write standard output: No space left on device"]


def test_a_slow_reader_stops_nobody(start: Start) -> None:
    process = start("flood", "jsonl")
    assert select.select([process.stdout], [], [], 60)[0]
    time.sleep(1)  # until there is no room for more
    process.send_signal(signal.SIGINT)
    done, lines, _ = finished(process)
    assert done == 130
    assert json.loads(lines[-1])["outcome"] == "interrupted"


def on_a_terminal(how: str, columns: int = 80, rows: int = 24, *, interrupt: bool = False) -> tuple[int, str]:
    """Exit code and everything the run wrote to a terminal of this size."""
    import fcntl
    import struct
    import termios

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        command = [sys.executable, "-m", "tests.cli.scripted", how, "text"]
        os.execve(sys.executable, command, {**os.environ, "TERM": "xterm-256color"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    shown = b""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
        if interrupt and b"network" in shown:
            interrupt = False
            os.write(terminal, b"\x03")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


@pytest.mark.usefixtures("state")
def test_a_terminal_gets_a_live_display_and_keeps_what_matters() -> None:
    code, shown = on_a_terminal("patient", interrupt=True)
    assert code == 130
    assert "tasks 1 of 3" in shown
    assert "stopping in good order" in shown
    assert "\x1b[?25h" in shown[shown.rindex("\x1b[?25l") :], "the cursor must be back"
    assert "✔" in shown
    assert "✘" in shown
    assert "interrupted after 1:05" in shown
    for harm in ("\x1b]52", "\x07", "\x9b", "\u202e"):
        assert harm not in shown


@pytest.mark.usefixtures("state")
def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    _, shown = on_a_terminal("goal")
    assert "\x1b[3" not in shown
    assert "\x1b[9" not in shown


@pytest.mark.usefixtures("state")
def test_a_terminal_that_is_not_unicode_s_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "iso-8859-1")
    code, shown = on_a_terminal("goal")
    assert code == 0
    assert "goal reached after" in shown
    assert "\x1b" not in shown


def test_an_engine_that_does_not_even_import_ends_with_a_result(state: Path) -> None:
    script = (
        "import sys; sys.modules['engine.auto'] = None\n"
        "from cligym_tui.cli import main\n"
        "sys.argv = ['cligym-tui', '--auto', 'x', '--format', 'jsonl']\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["exit_code"] == 1
    assert "the traceback is in" in done.stderr


@pytest.mark.docker
@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_an_unknown_gold_environment(cli: Run, endpoint: Endpoint, form: str) -> None:
    done = cli("--auto", "unknown", "--format", form, DOCKER_HOST=endpoint.host)
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no gold environment 'unknown'")
    if form == "jsonl":
        assert json.loads(done.stdout)["exit_code"] == 2


def test_no_engine(cli: Run, nowhere: dict[str, str]) -> None:
    done = cli("--auto", "x", "--format", "jsonl", **nowhere)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 2
    assert json.loads(done.stdout)["exit_code"] == 3
