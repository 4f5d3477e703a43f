"""What becomes of a command whose output nobody reads, or which has none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cligym_tui import cli, output
from cligym_tui.exits import ExitCode

JUDGES = (
    ["task", "check", "x"],
    ["trajectories", "verify", "x"],
    ["repair", "x", "--agent", "oracle"],
    ["doctor"],
)


def unread(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program into a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            [sys.executable, "-m", "cligym_tui", *words],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=150,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            check=False,
        )
    finally:
        os.close(writer)


def test_a_reader_that_has_had_enough_is_no_failure(state: Path) -> None:
    done = unread("sessions", "--json")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_verdict_that_nobody_read_is_none(state: Path, nowhere: dict[str, str]) -> None:
    done = unread("doctor", **nowhere)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("words", JUDGES, ids=lambda words: words[0])
def test_what_judges_does_not_say_0_to_nobody(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> ExitCode:
        raise output.ReaderGone

    monkeypatch.setattr(f"cligym_tui.{words[0]}_command.run", gone)
    assert cli.run(words) is ExitCode.SHORT
    monkeypatch.setattr("cligym_tui.task_command.run", gone)
    with pytest.raises(output.ReaderGone):
        cli.run(["task", "list", "x"])


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["sessions", "--json"]])
def test_without_standard_output_data_is_an_error_in_a_line(state: Path, words: list[str]) -> None:
    done = redirected(">&-", *words)
    assert done.returncode == 2
    assert done.stderr == "error: cannot write standard output: Bad file descriptor\n"


@pytest.mark.parametrize("redirection", ["2>&-", "<&- 2>&-"])
def test_without_standard_error_nothing_goes_where_data_goes(state: Path, redirection: str) -> None:
    for words in (["gold", "show", "nosuch"], ["open", "nosuch"], []):
        done = redirected(redirection, *words)
        assert (done.returncode, done.stdout) == (2, ""), words
    done = redirected(redirection, "sessions", "--json")
    assert (done.returncode, done.stdout) == (0, "[]\n")


def redirected(redirection: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program with a redirection of the shell's."""
    call = [sys.executable, "-m", "cligym_tui", *words]
    return subprocess.run(
        ["bash", "-c", f'exec "$@" {redirection}', "bash", *call],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
