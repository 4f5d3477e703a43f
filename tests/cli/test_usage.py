from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cligym_tui.arguments import AGENTS, parse
from cligym_tui.exits import ExitCode, code_of
from cligym_tui.home_command import begin, resume
from engine.errors import UsageError
from sessions import events
from sessions.errors import JournalUnreadable
from sessions.library import Library
from sessions.summary import Summary
from tests.cli.conftest import Run

if TYPE_CHECKING:
    from engine.live import Wanted

BAD = [
    ["frobnicate"],
    ["gold"],
    ["gold", "build"],
    ["gold", "build", ""],
    ["gold", "show"],
    ["gold", "show", "unknown"],
    ["gold", "show", "../etc"],
    ["gold", "show", "a/b"],
    ["gold", "show", "x" * 300],
    ["gold", "show", "two words"],
    ["gold", "remove", "unknown"],
    ["--auto"],
    ["--auto", ""],
    ["--auto", "x", "doctor"],
    ["--auto", "x", "--tasks", "0"],
    ["--auto", "x", "--tasks", "-1"],
    ["--auto", "x", "--tasks", "1.5"],
    ["--auto", "x", "--tasks", "1_0"],
    ["--auto", "x", "--tasks", "9" * 5000],
    ["--auto", "x", "--tasks", "many"],
    ["--auto", "x", "--seed", "-1"],
    ["--auto", "x", "--workers", "0"],
    ["--auto", "x", "--workers", "100000"],
    ["--auto", "x", "--max-minutes", "0"],
    ["--auto", "x", "--max-minutes", "-3"],
    ["--auto", "x", "--max-minutes", "nan"],
    ["--auto", "x", "--max-minutes", "inf"],
    ["--auto", "x", "--agent", "gremlin"],
    ["--auto", "x", "--agent", "[/bold]"],
    ["--auto", "x", "--format", "xml"],
    ["--auto", "x", "--out", ""],
    ["--auto", "x", "--out", "  "],
    ["--auto", "x", "--task", "3"],
    ["--tasks", "3"],
    ["doctor", "--tasks", "3"],
    ["--auto", "x", "--max-usd", "5"],
    ["--auto", "x", "--batch"],
    ["--max-usd", "5", "doctor"],
    ["--max-steps", "3", "repair", "x", "--agent", "claude"],
    ["repair", "x", "--agent", "oracle", "--max-tokens", "5"],
    ["task", "list", "~nosuch/x"],
    ["task", "check", "~nosuch/x"],
    ["task", "show", "~nosuch/x"],
    ["report", "~nosuch/x"],
]


@pytest.mark.parametrize("words", BAD, ids=lambda words: " ".join(words)[:40])
def test_a_mistake_is_one_line_and_exit_code_2(cli: Run, words: list[str], nowhere: dict[str, str]) -> None:
    done = cli(*words, **nowhere)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("error: ")
    assert len(lines) <= 2, done.stderr
    assert all(line.startswith("  ") for line in lines[1:])
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["", "doctor", "gold list", "config show"])
def test_what_a_command_does_not_know_leads_to_its_own_page(command: str) -> None:
    with pytest.raises(UsageError, match="unrecognized arguments: --jsn") as refused:
        parse([*command.split(), "--jsn"])
    assert refused.value.hint == f"see `{' '.join(['cligym-tui', *command.split()])} --help`"


def test_escapes_in_an_argument_do_not_reach_the_terminal(cli: Run) -> None:
    done = cli("gold", "show", "a\x1b]52;c;aGk=\x07\x9b2Jb\u202e\n")
    assert done.returncode == 2
    assert not set("\x1b\x07\x9b\u202e") & set(done.stderr)


def test_with_events_asked_for_the_last_line_is_a_result_also_then(cli: Run) -> None:
    for words in (["--format", "jsonl", "--tasks", "0"], ["--format=jsonl", "--wrong"]):
        done = cli("--auto", "x", *words)
        assert done.returncode == 2
        result = json.loads(done.stdout.splitlines()[-1])
        assert (result["t"], result["exit_code"], result["outcome"]) == ("result", 2, "failed")
        assert done.stderr.startswith("error: ")


def test_the_agents_are_the_engine_s() -> None:
    from engine import auto  # not above: it takes the whole engine with it

    assert AGENTS == auto.AGENTS


@pytest.mark.parametrize(
    "words",
    [
        ["--max-usd", "5", "--model", "m", "--agent", "claude", "open", "x"],
        ["open", "x", "--max-usd", "5", "--model", "m", "--agent", "claude"],
        ["--max-usd", "9", "--model", "m", "--agent", "claude", "open", "x", "--max-usd", "5"],
        ["--max-usd", "5", "resume", "x", "--model", "m"],
        ["--max-usd", "5", "--model", "m", "repair", "x", "--agent", "claude"],
    ],
)
def test_options_of_models_count_on_either_side_of_the_command(words: list[str]) -> None:
    asked = parse(words)
    assert (asked.max_usd, asked.model, asked.fallback_model) == (5, "m", None)
    if asked.command != "repair":
        assert asked.agent == ("claude" if "claude" in words else "saboteur")
        assert asked.max_steps is None


def test_a_repair_s_own_steps_are_not_those_of_a_run() -> None:
    assert parse(["repair", "x", "--agent", "claude"]).attempt_steps == 100
    assert parse(["repair", "x", "--agent", "claude", "--max-steps", "3"]).attempt_steps == 3


def test_a_limit_that_nobody_would_heed_is_refused(state: Path) -> None:
    with pytest.raises(UsageError, match="--max-usd belongs to --agent claude"):
        begin("x", asked=parse(["open", "x", "--max-usd", "5"]))
    with Library().create() as made:
        made.journal.append(
            events.SessionStarted(session=made.id, gold="x", image="sha256:0", agent="saboteur")
        )
    with pytest.raises(UsageError, match="--model belongs to --agent claude"):
        resume(made.id, parse(["resume", made.id, "--model", "m"]))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["sessions"], 0),
        (["replay", "x"], 2),
        (["trajectories", "export", "demo", "--format", "trl", "--out", "~nosuch/x", "--view", "all"], 0),
        (["trajectories", "list", "demo", "--benchmark", "~nosuch/x"], 2),
    ],
)
def test_a_home_that_nobody_has_is_a_name_like_any_other(cli: Run, words: list[str], code: int) -> None:
    done = cli(*words, CLIGYM_STATE="~nosuch/x")
    assert done.returncode == code, done.stderr
    assert "mistake" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_crash_is_told_once_also_where_its_traceback_has_no_place(cli: Run, tmp_path: Path) -> None:
    script = tmp_path / "cligym_tui_crashes.py"
    script.write_text(
        "import sys\nfrom cligym_tui import cli, sessions_command\n"
        "def crash(_): raise ZeroDivisionError('x')\n"
        "sessions_command.run = crash\nsys.argv = ['cligym-tui', 'sessions']\ncli.main()\n"
    )
    (tmp_path / "file").touch()
    for state in ("~nosuch/x", str(tmp_path / "file")):
        done = subprocess.run(
            [sys.executable, script],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "CLIGYM_STATE": state},
            check=False,
        )
        assert done.returncode == 1
        assert "this is a mistake in cligym-tui: ZeroDivisionError: x" in done.stderr
        assert done.stderr.count("Traceback") <= 1


LONG = "x" * 300
PLACES = [
    ["replay", LONG],
    ["export", LONG, "--format", "cast"],
    ["trajectories", "list", LONG],
    ["trajectories", "export", "demo", "--format", "trl", "--view", "all", "--out", LONG],
    ["task", "check", LONG],
    ["task", "list", LONG],
    ["task", "show", LONG],
    ["repair", LONG, "--agent", "oracle"],
    ["report", LONG],
]


@pytest.mark.parametrize("words", PLACES, ids=lambda words: " ".join(words)[:17])
def test_a_name_that_no_file_can_have_is_one_line(words: list[str]) -> None:
    with pytest.raises(UsageError, match="File name too long") as caught:
        parse(words)
    assert len(str(caught.value)) < 200


def test_a_place_that_may_not_be_looked_at_is_one_line() -> None:
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as place:
        closed = Path(place, "closed")
        closed.mkdir()
        Path(place).chmod(0o755)
        closed.chmod(0)
        try:
            if root:  # who may look everywhere, and is somebody else for a moment
                os.seteuid(65534)
            for text in (str(closed), str(closed / "events.jsonl")):
                with pytest.raises(UsageError, match="cannot be looked at: Permission denied"):
                    parse(["replay", text])
        finally:
            if root:
                os.seteuid(0)
            closed.chmod(0o700)


@pytest.mark.parametrize("action", ["path", "show", "init"])
def test_where_the_current_directory_is_gone_that_is_said(state: Path, tmp_path: Path, action: str) -> None:
    (tmp_path / "gone").mkdir()
    call = f'cd gone && rmdir ../gone && exec "{sys.executable}" -m cligym_tui config {action}'
    done = subprocess.run(["sh", "-c", call], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: the current directory cannot be told: No such file")
    assert len(done.stderr.splitlines()) == 2


def test_a_journal_that_cannot_be_read_is_named_wrongly() -> None:
    assert code_of(JournalUnreadable(Path("x"), "Permission denied")) is ExitCode.USAGE


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["open", "x"], "tasks"),
        (["open", "x", "--out", "there"], "there"),
        (["--out", "there", "resume", "x"], "there"),
    ],
)
def test_the_screen_s_tasks_go_where_they_shall(
    state: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], out: str
) -> None:
    told: list[Wanted] = []

    class Begun:
        """What the engine is told; no session begins."""

        def __init__(self, wanted: Wanted) -> None:
            told.append(wanted)

        def start(self) -> None:
            """Nothing."""

    monkeypatch.setattr("engine.live.Live", Begun)
    monkeypatch.setattr(Library, "summary", lambda library, text: Summary(id=text, state="killed"))
    asked = parse(words)
    if asked.command == "open":
        begin(asked.gold, asked.agent, asked.mode, asked)
    else:
        resume(asked.session, asked)
    assert [wanted.out for wanted in told] == [Path(out)]
