"""`repair` as a person calls it: tables, JSON, exit codes, and what is left when it is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.repair import results
from sessions import events
from sessions.journal import read
from sessions.library import Library
from tests.fake_messages import FakeMessages, scripted, tool
from tests.models.conftest import environment, fake
from tests.repair.conftest import MEND
from tests.tasks.conftest import Made

__all__ = ["environment", "fake"]

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(made: Made) -> Run:
    """Start `cligym-tui repair` on the task."""

    def begin(*words: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "cligym_tui", "repair", str(made.directory), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        )

    return begin


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=200)
    return process.returncode, out, err


def test_a_table_or_json_and_whether_all_were_solved(start: Run, fake: FakeMessages) -> None:
    code, out, err = ended(start("--agent", "oracle"))
    assert (code, len(out.splitlines())) == (0, 2)
    assert "1 of 1" in out
    assert " solved, 1 step" in err
    fake.policy = scripted([tool("give_up", reason="no")])
    code, out, _ = ended(start("--agent", "claude", "--json"))
    told = json.loads(out)
    assert code == 1
    assert (told["attempts"][0]["outcome"], told["tasks"][0]["band"]) == ("gave up", "unsolved")
    assert told["attempts"][0]["spent"]["calls"] == 1


def test_limits_and_failures_have_their_codes(start: Run, fake: FakeMessages) -> None:
    fake.policy = scripted([tool("bash", command=MEND)])
    code, out, err = ended(start("--agent", "claude", "--attempts", "3", "--max-tokens", "9"))
    assert code == 5
    assert "1 of 1" in out
    assert "tokens are used" in err
    code, _, err = ended(start("--agent", "claude", "--max-usd", "1", "--model", "nobody-knows"))
    assert (code, "no price is known" in err) == (2, True)
    code, _, err = ended(start("--agent", "oracle", "--model", "x"))
    assert (code, "belongs to --agent claude" in err) == (2, True)
    code, _, err = ended(start("--agent", "operator"))
    assert (code, "needs a terminal" in err) == (2, True)
    code, _, err = ended(
        start("--agent", "claude", "--attempts", "3", ANTHROPIC_API_KEY="sk-ant-wrong-0123456789")
    )
    assert code == 4
    assert "sk-ant-wrong" not in err


def test_killed_in_the_middle_of_a_call_everything_up_to_there_is_kept(
    start: Run, fake: FakeMessages, made: Made
) -> None:
    def policy(body: dict[str, Any]) -> Any:
        if len(body["messages"]) > 2:
            time.sleep(3)
        return [tool("bash", command="echo one")]

    fake.policy = policy
    process = start("--agent", "claude")
    began = time.monotonic()
    while len(fake.bodies) < 2:
        assert time.monotonic() - began < 150
        time.sleep(0.05)
    process.kill()
    process.communicate()
    (session,) = Library().list()
    assert session.state == "killed"
    happened = list(read(Library().journal_path(session.id)))
    assert [one.command for one in happened if isinstance(one, events.StepProposed)] == ["echo one"]
    asked = [one.call for one in happened if isinstance(one, events.ModelAsked)]
    answered = [one.call for one in happened if isinstance(one, events.ModelAnswered)]
    assert (asked, answered) == ([1, 2], [1])
    assert results.read(results.collection(made.directory)) == ()
