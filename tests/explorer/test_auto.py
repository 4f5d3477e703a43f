"""From a gold environment to a proven task with a model, headless; cut off, limited, declined."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cligym_tui.exits import ExitCode
from engine.ledger import Budget
from engine.models.reach import Minds
from sessions import events
from sessions.journal import read
from sessions.state import fold
from tests.auto.conftest import Made, Start, journal_of, make
from tests.fake_messages import FakeMessages, Fault
from tests.fake_messages.breaker import Breaker
from tests.models.conftest import KEY, MODEL

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("home"), pytest.mark.timeout(300)]

HARM = "chmod 700 /usr/lib/python3*/sqlite3"
CAREFUL = Breaker(["cat /etc/os-release; ls -d /usr/lib/python3*", HARM], "permissions")


async def run(out: Path, **order: object) -> Made:
    return await make(out, agent="claude", minds=Minds(MODEL, str(order.pop("fallback", ""))), **order)


def words(told: str) -> dict[str, str]:
    """What a model would write of a report: an opening of its own, and the hints said anew."""
    strong = told.partition("The strong hint:\n")[2]
    return {"opening": OPENING, "weak": "It smells of rights {sic}.", "strong": f"Somebody said: {strong}"}


OPENING = "Since Monday I cannot get this project's tests to pass, and {nobody} touched the code."


@pytest.mark.parametrize("batch", [False, True])
async def test_a_model_makes_a_proven_task(fake: FakeMessages, tmp_path: Path, batch: bool) -> None:
    fake.batches.looks = 0
    fake.policy = replace(CAREFUL, words=words)
    made = await run(tmp_path / "out", batch=batch)
    assert made.result.outcome == "goal", (made.result, made.of(events.CandidateFell))
    (task,) = made.of(events.TaskCommitted)
    assert task.families == ("permissions",)
    (nominated,) = made.of(events.CandidateNominated)
    assert (nominated.by, nominated.intent) == ("claude", CAREFUL.intent)
    assert list(made.commands.values()) == [list(CAREFUL.commands)]
    told = str(fake.bodies[2]["messages"])
    assert "Exit code 0" in told and "ceased to pass" in told and "/sqlite3" in told
    calls = made.of(events.ModelAnswered)
    assert [one.outcome for one in calls] == ["done"] * 4 and calls[2].cache_read_tokens > 0
    assert sum(one.input_tokens for one in calls) == fake.used("input_tokens")
    written = calls[3]
    assert (written.purpose, written.batch) == ("write", batch)
    paid = (written.input_tokens * 2 + written.output_tokens * 10 + written.cache_write_tokens * 2.5) / 1e6
    assert written.usd == pytest.approx(paid / 2 if batch else paid)
    (kept,) = (tmp_path / "out" / "harbor").iterdir()
    assert (kept / "instruction.md").read_text().startswith(OPENING)
    assert KEY not in journal_of(tmp_path / "out").read_text()


async def test_limits_keep_everything_and_more_goes_on(fake: FakeMessages, tmp_path: Path) -> None:
    fake.policy = CAREFUL
    made = await run(tmp_path / "out", max_steps=1)
    assert (made.result.outcome, made.result.exit_code) == ("limit", ExitCode.LIMIT)
    assert "1 of 1 steps" in made.result.detail and not made.result.tasks
    asked = len(fake.served)
    again = await run(tmp_path / "out", budget=Budget(tokens=10_000_000))
    assert again.result.outcome == "goal"
    # The branch goes on: what was asked in the first run is not asked again.
    assert list(again.commands) == ["a0000"] and (asked, len(fake.served)) == (1, 4)
    broke = await run(tmp_path / "other", budget=Budget(usd=0.000001))
    assert (broke.result.outcome, broke.result.exit_code) == ("limit", ExitCode.LIMIT)


async def test_another_model_where_the_first_declines(fake: FakeMessages, tmp_path: Path) -> None:
    fake.policy = CAREFUL
    fake.then(Fault.refused())
    made = await run(tmp_path / "out", fallback="claude-opus-5-5")
    assert made.result.outcome == "goal"
    assert [body["model"] for body in fake.bodies] == [MODEL, *["claude-opus-5-5"] * 3, MODEL]
    assert made.of(events.ModelAnswered)[0].outcome == "refused"


@pytest.mark.parametrize("when", ["call", "command", "batch"])
def test_killed_and_taken_up_again(fake: FakeMessages, start: Start, tmp_path: Path, when: str) -> None:
    """No call is paid twice that has its answer in the journal, and no step is lost."""
    slow = ["cat /etc/os-release", f"sleep 2; {HARM}"]
    fake.policy, fake.batches.looks = Breaker(slow, words=words), 1 << 30
    if when == "call":
        fake.then(None, None, Fault.hang())
    order = ("--agent", "claude", "--model", MODEL, "--batch", "--out", str(tmp_path / "out"))
    one = start(*order)
    if when == "call":
        one.until("model.asked", call=3)
        while len(fake.served) < 3:
            time.sleep(0.02)
    elif when == "command":
        one.until("command.started", step=2)
    else:
        one.until("model.batched")
    one.end(signal.SIGKILL)
    fake.batches.looks = 0
    before = [event for event in read(journal_of(tmp_path / "out")) if isinstance(event, events.MessageAdded)]
    answered = sum(event.role == "assistant" for event in before)
    two = start(*order)
    code, error = two.end()
    assert code == 0, error
    assert len(fake.batches.known) == 1
    (kept,) = (tmp_path / "out" / "harbor").iterdir()
    assert (kept / "instruction.md").read_text().startswith(OPENING)
    happened = list(read(journal_of(tmp_path / "out")))
    commands = [event.command for event in happened if isinstance(event, events.StepProposed)]
    assert commands == ([*slow, slow[1]] if when == "command" else slow)
    replies = [e for e in happened if isinstance(e, events.MessageAdded) and e.role == "assistant"]
    assert answered == (3 if when == "batch" else 2) and len(replies) == 3
    assert len(fake.served) == (5 if when == "call" else 4)
    ended = sorted(event.call for event in happened if isinstance(event, events.ModelAnswered))
    assert ended == list(range(1, len(fake.served) + 1))
    spent = fold(happened).spent
    assert spent is not None and spent.vague == (when == "call")
    assert spent.tokens == sum(sum(one.usage.values()) for one in fake.served)
    assert [event.call for event in happened if isinstance(event, events.ModelAsked)] == list(
        range(1, len(fake.served) + 1)
    )


def test_no_credentials(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    run = start("--agent", "claude", "--out", str(tmp_path / "out"))
    code, error = run.end()
    assert code == ExitCode.USAGE and "ANTHROPIC_API_KEY" in error and len(error.splitlines()) <= 2
    assert json.loads(json.dumps(run.result))["outcome"] == "failed"
