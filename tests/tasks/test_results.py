"""The grader's reading of results, and its verdict on a whole run, without a container."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from engine.suite.runner import _json
from engine.tasks import grader_files
from engine.tasks.grader import results
from engine.tasks.grader.suite import Run
from engine.tasks.model import Task
from tests.tasks.conftest import lay

TEST = 'tests/test_a.py::test_x[a "b" [c] \u00fc]'


def lines(*records: dict[str, object], tail: bytes = b"") -> bytes:
    return b"".join(_json(record).encode() + b"\n" for record in records) + tail


BEGIN = {"k": "begin", "pytest": "9", "python": "3.11"}
COLLECTED = {"k": "collected", "ids": [TEST]}
START = {"k": "start", "id": TEST}
PASSED = {"k": "test", "id": TEST, "outcome": "passed", "seconds": 0.1, "message": ""}
FAILED = {**PASSED, "outcome": "failed", "message": "AssertionError: no\n  at tests/test_a.py:3"}
END = {"k": "end", "exit": 0}
GOOD = (BEGIN, COLLECTED, START, PASSED, END)


def found(records: bytes, ended: str = "", required: tuple[str, ...] = (TEST,)) -> list[str]:
    judged = results.verdict(Run(records, b"some words\nlast words\n", 0, ended), required)
    return [*judged.wrong, *judged.missed.values()]


def test_a_whole_run_with_all_passed_is_fine() -> None:
    assert found(lines(*GOOD)) == []


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (b"", "did not start (exit code 0): last words"),
        (lines(*GOOD[:-1]), "did not reach its end"),
        (lines(*GOOD[1:]), "no beginning"),
        (lines(*GOOD) + lines(END), "did not reach its end"),
        (lines(BEGIN, COLLECTED, END, START, PASSED), "did not reach its end"),
        (lines(COLLECTED, BEGIN, START, PASSED, END), "no beginning"),
        (lines(*GOOD[:-1], {"k": "end", "exit": 1}), "ended otherwise than it says"),
        (lines(*GOOD[:-1], {"k": "end"}), "ended otherwise than it says"),
        (lines(*GOOD, *GOOD), "no beginning"),
        (lines(BEGIN, COLLECTED, START, {**PASSED, "id": "tests/test_a.py::test_y"}, END), "missing"),
        (lines(BEGIN, COLLECTED, START, {"k": "collect_error", "id": TEST}, END), "missing"),
        (lines(BEGIN, COLLECTED, START, {**PASSED, "outcome": "error"}, END), "error"),
        (lines(BEGIN, COLLECTED, START, {**PASSED, "outcome": "xpassed"}, END), "xpassed"),
        (lines(BEGIN, COLLECTED, START, {**PASSED, "outcome": "xfailed"}, END), "xfailed"),
        (lines(BEGIN, COLLECTED, START, {**PASSED, "outcome": True}, END), TEST),
        (lines(*GOOD, tail=b'{"k":"te'), "cut short"),
        (lines(*GOOD)[:-1], "cut short"),
        (lines(BEGIN) + b"nonsense\n" + lines(*GOOD[1:]), "malformed"),
        (b"\xff\xfe\n", "malformed"),
        (b"[1]\n", "malformed"),
        (b"\n", "malformed"),
        (lines(BEGIN, START, PASSED, END), "was not collected"),
        (lines(BEGIN, COLLECTED, START, END), "missing"),
        (lines(BEGIN, COLLECTED, START, FAILED, END), "failed: AssertionError: no"),
        (lines(BEGIN, COLLECTED, START, FAILED, PASSED, END), "failed"),
        (lines(BEGIN, COLLECTED, START, PASSED, FAILED, END), "failed"),
        (lines(BEGIN, COLLECTED, {**PASSED, "outcome": "skipped"}, END), "skipped"),
        (lines(BEGIN, COLLECTED, {**PASSED, "outcome": ["passed"]}, END), TEST),
        (lines(BEGIN, {**COLLECTED, "ids": TEST}, PASSED, END), "was not collected"),
    ],
)
def test_anything_else_is_not(records: bytes, reason: str) -> None:
    assert any(reason in finding for finding in found(records)), found(records)


def test_a_run_that_was_ended_is_not() -> None:
    assert found(lines(*GOOD), ended="the suite took more than 1 s") == ["the suite took more than 1 s"]


def test_nothing_required_is_nothing_earned() -> None:
    assert found(lines(*GOOD), required=()) == ["no test is required"]


def grade(
    task: Task, directory: Path, script: str, timeout: float = 50.0, f2p: tuple[str, ...] = (TEST,)
) -> tuple[str, str]:
    """Run the grader's program on this machine with a shell script as test command."""
    files = grader_files.grader(task)
    terms = json.loads(files["contract.json"])
    terms |= {"argv": ["/bin/sh", "-c", script], "timeout": timeout, "f2p": [*f2p], "p2p": []}
    lists = ("tests", "above", "sites", "roots", "login", "venv", "search", "named")
    tables = ("files", "hooks", "packages", "programs", "plugins", "caches")
    nothing: dict[str, object] = {name: [] for name in lists} | {name: {} for name in tables}
    real = os.path.realpath(sys.executable)
    terms |= nothing | {"user": "nobody in particular", "python": sys.executable, "interpreter": real}
    terms |= {"texts": ["/etc/nsswitch.conf"], "above": ["/"]}
    with tarfile.open(directory / "gold.tar", "w") as tar:
        if os.path.exists("/etc/nsswitch.conf"):
            tar.add("/etc/nsswitch.conf", filter=lambda info: info)
    files |= {"contract.json": json.dumps(terms).encode(), "tests.tar": (directory / "gold.tar").read_bytes()}
    lay(files, directory)
    ran = subprocess.run(
        ["bash", "-c", f"exec 3>{directory}/answer; exec {sys.executable} -I -S -B {directory} 4711"],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        env={**os.environ, "LC_ALL": "C"},
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    return (directory / "answer").read_text(), ran.stdout


def test_the_answer_is_given_for_a_good_run_alone(task: Task, tmp_path: Path) -> None:
    (tmp_path / "records").write_bytes(lines(*GOOD))
    assert grade(task, tmp_path, f"cat {tmp_path}/records >&3")[0] == "solved:4711"
    assert grade(task, tmp_path, f"cat {tmp_path}/records >&3; kill -9 $$")[0] == ""
    assert grade(task, tmp_path, f"cat {tmp_path}/records >&3; exit 1")[0] == ""
    assert grade(task, tmp_path, f"head -n 4 {tmp_path}/records >&3")[0] == ""
    assert grade(task, tmp_path, "true")[0] == ""


def test_a_flood_is_bounded_and_a_hang_ended(task: Task, tmp_path: Path) -> None:
    answer, log = grade(task, tmp_path, "yes | head -c 100000000 >&3")
    assert (answer, "flood" in log) == ("", True)
    answer, log = grade(task, tmp_path, "yes | head -c 300000000; printf '\\033[31mred\\n'; exit 3")
    assert (answer, "\x1b" in log, "exit code 3" in log) == ("", False, True)
    answer, log = grade(task, tmp_path, "sleep 60 & sleep 60", timeout=1.0)
    assert (answer, "more than 1 s" in log) == ("", True)


def test_what_outlives_the_suite_holds_nothing_up(task: Task, tmp_path: Path) -> None:
    (tmp_path / "records").write_bytes(lines(*GOOD))
    answer, _ = grade(task, tmp_path, f"cat {tmp_path}/records >&3; setsid sleep 30 &", timeout=20.0)
    assert answer == "solved:4711"


@pytest.mark.parametrize(
    ("broken", "again", "earned"),
    [
        (["t0"], [], True),
        (["t0"], ["t1"], False),
        (["t0"], ["t0"], False),
        (["t0", "t1"], [], False),
        ([f"t{number}" for number in range(10)], [], False),
    ],
)
def test_a_test_that_minds_the_load_gets_a_second_chance(
    task: Task, tmp_path: Path, broken: list[str], again: list[str], earned: bool
) -> None:
    ids = tuple(f"t{number}" for number in range(10))
    for run, fails in (("1", broken), ("2", again)):
        told = [{**(FAILED if test in fails else PASSED), "id": test} for test in ids]
        (tmp_path / f"run{run}").write_bytes(lines(BEGIN, {**COLLECTED, "ids": [*ids]}, *told, END))
    script = f"cd {tmp_path}; cat run1 >&3; mv run2 run1 || true"
    answer, log = grade(task, tmp_path, script, f2p=ids)
    assert (answer == "solved:4711") is earned, log
    assert ("once more" in log) is (len(broken) == 1)


def test_without_any_repair_there_is_no_second_chance(task: Task, tmp_path: Path) -> None:
    (tmp_path / "records").write_bytes(lines(BEGIN, COLLECTED, FAILED, END))
    answer, log = grade(task, tmp_path, f"cat {tmp_path}/records >&3")
    assert (answer, "once more" in log) == ("", False)


def test_a_suite_is_ended_once_it_is_decided(task: Task, tmp_path: Path) -> None:
    ids = tuple(f"t{number}" for number in range(40))
    told = [{**(FAILED if number < 3 else PASSED), "id": test} for number, test in enumerate(ids)]
    (tmp_path / "three").write_bytes(lines(BEGIN, {**COLLECTED, "ids": [*ids]}, *told[:3]))
    (tmp_path / "two").write_bytes(
        lines(BEGIN, {**COLLECTED, "ids": [*ids]}, *told[1:], {**PASSED, "id": "t0"}, END)
    )
    answer, log = grade(task, tmp_path, f"cat {tmp_path}/three >&3; sleep 50", f2p=ids)
    assert (answer, "t0 failed: AssertionError: no" in log, "3 of 40 required" in log) == ("", True, True)
    # Two of forty may waver, so the suite goes on; of the second run nothing may.
    answer, log = grade(
        task, tmp_path, f"cat {tmp_path}/two >&3; [ -e {tmp_path}/x ] && sleep 50; : >{tmp_path}/x", f2p=ids
    )
    assert (answer, "once more" in log, "were not run" in log) == ("", True, True)
