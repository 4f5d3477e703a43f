"""`task` and `report` from the command line: what is said, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.tasks import export, output
from engine.tasks.model import Task
from tests.cli.conftest import Run
from tests.cli.test_streams import unread
from tests.tasks.conftest import task

__all__ = ["task"]


@pytest.fixture
def out(task: Task, tmp_path: Path) -> Path:
    """An output directory with one task in it."""
    path = output.prepare(tmp_path / "out")
    export.write(path, task)
    return path


def test_what_there_is(cli: Run, out: Path, task: Task) -> None:
    done = cli("task", "list", "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["TASK", task.id]
    assert json.loads(cli("task", "list", "out", "--json").stdout)[0]["gold"] == "thing"
    for form in output.FOLDERS:
        done = cli("task", "show", f"out/{form}/{task.id}")
        assert (done.returncode, done.stderr) == (0, "")
        assert {"families", "data", "rm", "x"} <= set(done.stdout.split())
        told = json.loads(cli("task", "show", f"out/{form}/{task.id}", "--json").stdout)
        assert told["about"]["session"] == task.session


@pytest.mark.docker
def test_a_task_that_does_not_hold_ends_with_1(cli: Run, out: Path, task: Task) -> None:
    (out / "harbor" / task.id / "tests/runner.py").write_text("pass\n")
    done = cli("task", "check", f"out/harbor/{task.id}")
    assert (done.returncode, done.stderr) == (1, "")
    files, gold, end = done.stdout.splitlines()
    assert files.startswith("✘ fell  files      tests/runner.py was changed: its sha256 is ")
    assert gold.startswith("✘ fell  gold       gold: the image cligym-gold/thing:000000000000 is not here")
    assert end == f"{task.id} does not hold: 2 gates of 2 fell"
    told = json.loads(cli("task", "check", f"out/harbor/{task.id}", "--json").stdout)
    assert (told["held"], told["format"]) == (False, "harbor")
    assert [gate["gate"] for gate in told["gates"]] == ["files", "gold"]
    assert set(told["gates"][0]["evidence"]["files"]) == {"tests/runner.py"}


@pytest.mark.docker
def test_a_check_that_nobody_reads_ends_with_1(state: Path, out: Path, task: Task) -> None:
    done = unread("task", "check", str(out / "harbor" / task.id))
    assert (done.returncode, done.stderr) == (1, "")


def test_what_cannot_be(cli: Run, out: Path, task: Task, nowhere: dict[str, str]) -> None:
    for words in (
        ["task", "check", "nowhere"],
        ["task", "show", "out"],
        ["task", "list", "nowhere"],
        ["report", "."],
    ):
        done = cli(*words)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert len(done.stderr.splitlines()) == 2
    assert cli("task", "check", f"out/harbor/{task.id}", **nowhere).returncode == 3
    assert cli("--self-contained").returncode == 2
    (out / "harbor" / task.id / "proof.json").write_text("[]")
    done = cli("task", "show", f"out/harbor/{task.id}")
    assert done.returncode == 2
    assert "proof.json" in done.stderr


def test_a_report_says_where_it_is(cli: Run, out: Path, task: Task) -> None:
    done = cli("report", "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["out/report.html", "out/README.md"]
    assert task.id in (out / "report.html").read_text()
