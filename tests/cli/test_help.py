import os
import re
import resource
import subprocess
import sys
import time

import pytest

from cligym_tui import arguments
from cligym_tui.exits import ExitCode
from tests.cli.conftest import ROOT, Run

HEAVY = ("textual", "rich", "aiodocker", "aiohttp", "docker", "anthropic", "msgspec", "asyncio")


def test_the_top_level_fits_a_small_terminal(cli: Run) -> None:
    done = cli("--help")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_it_lists_every_exit_code_and_every_option() -> None:
    for code in ExitCode:
        assert re.search(rf"(?:^|\s){code.value} ", arguments.HELP, re.MULTILINE), code
    options = [word for action in arguments.parser()._actions for word in action.option_strings]
    assert {"--auto", "--tasks", "--out"} <= set(options)
    for option in set(options) - {"-h", "--help", "--version"}:
        assert option in arguments.HELP


def test_it_says_what_the_options_of_models_do() -> None:
    for told in ("--max-usd X dollars", "--max-tokens N tokens", "--max-steps N commands", "--version"):
        assert told in arguments.HELP
    assert re.search(r"^ +--batch +\w.* half the price$", arguments.HELP, re.MULTILINE)


@pytest.mark.parametrize(
    "command", [["gold"], ["gold", "build"], ["gold", "show"], ["gc"], ["doctor"], ["sessions"]]
)
def test_every_command_has_a_help_of_its_own(cli: Run, command: list[str]) -> None:
    done = cli(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: cligym-tui {' '.join(command)}")
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["gold", "--help"], ["--tasks", "0"]])
def test_what_needs_no_engine_imports_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys\nfrom cligym_tui.cli import main\n"
        f"sys.argv = ['cligym-tui', *{words!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_help_answers_at_once() -> None:
    command = [sys.executable, "-m", "cligym_tui", "--help"]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    # Processor time: the wall clock of a busy machine says nothing about the program.
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert min(used, wall) < 0.3


def test_the_version(cli: Run) -> None:
    done = cli("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("cligym-tui ")


def test_a_bare_call_in_a_script_is_one_line(cli: Run) -> None:
    done = cli()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == "error: no command"
    assert "--help" in done.stderr


def test_a_bare_call_on_a_terminal_opens_the_screen(state: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import pty

    monkeypatch.setenv("TERM", "xterm-256color")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "cligym_tui"])
    shown = b""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        # It leaves when it is told to, and not before it is seen.
        if b"Sessions" in data and b"Sessions" not in shown:
            os.write(terminal, b"q")
        shown += data
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"Gold environments" in shown
    assert b"\x1b[?1049l" in shown
