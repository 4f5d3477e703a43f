"""Every fault of the server at every stage that asks a model: what comes of it, with each step and token.

The stages are the real ones, and so is the client; only commands are run by nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from engine.agents import claude as explorer
from engine.agents.hands import TOOLS
from engine.agents.model import Feedback, GiveUp, Nominate, Proposal
from engine.errors import ModelError
from engine.models.conversation import Conversation
from engine.models.reach import Minds
from engine.repair import claude as repairer
from engine.repair.solver import Stopped, Submit
from engine.suite.report import COMPLETE, Report, TestResult
from engine.writer import Words, Writer
from sessions.events import Flip
from tests.fake_messages import FakeMessages, Fault, Reply, text, thinking, tool
from tests.models.conftest import MODEL, Asking, exact

Make = Callable[..., Asking]
OTHER: Final = "claude-opus-5-5"
PLAN: Final = ("cat /etc/motd", "chmod 700 /etc/ünïcödé", "id")
"""What the model wants run, one after the other; the second breaks a test."""
SAID: Final = Words("Since Monday it fails.", "Rights, perhaps.", "Somebody said: `x`.")

FAULTS: Final[dict[str, tuple[Fault, str]]] = {
    "429": (Fault.throttled(0.01), "again"),
    "529": (Fault.overloaded(), "again"),
    "500": (Fault.http(500), "again"),
    "503": (Fault.http(503), "again"),
    "408": (Fault.http(408), "again"),
    "409": (Fault.http(409), "again"),
    "overloaded in the stream": (Fault.error_event(), "again"),
    "throttled in the stream": (Fault.error_event("rate_limit_error"), "again"),
    "failing in the stream": (Fault.error_event("api_error"), "again"),
    "aborted": (Fault.aborted(), "again"),
    "silent end": (Fault.silent_end(), "again"),
    "no end": (Fault.no_end(), "again"),
    "bad json": (Fault.bad_json(), "again"),
    "half json": (Fault.half_json(), "again"),
    "nameless frames": (Fault.nameless(), "again"),
    "hanging": (Fault.hang(), "again"),
    "hanging in the stream": (Fault.hang_within(), "again"),
    "drip": (Fault.drip(0.0), "fine"),
    "strange frames": (Fault.strange_frames(), "fine"),
    "two tools": (Fault.twice(command="rm -r /", why=""), "fine"),
    "cut off": (Fault.cut(), "told"),
    "odd reason": (Fault.stopped("tea_time"), "told"),
    "paused": (Fault.paused(), "told"),
    "no tool": (Fault(reply=lambda reply: Reply([text("Shall I?")])), "told"),
    "empty": (Fault(reply=lambda reply: Reply([])), "told"),
    "refused": (Fault.refused(), "refused"),
    "too long": (Fault.too_long(), "full"),
    "too large": (Fault.http(413), "full"),
    "context full": (Fault.stopped("model_context_window_exceeded"), "full"),
    "400": (Fault.http(400), "failed"),
    "401": (Fault.http(401), "failed"),
    "403": (Fault.http(403), "failed"),
    "404": (Fault.http(404), "failed"),
    "rejected in the stream": (Fault.error_event("invalid_request_error"), "failed"),
}
"""With what they come to: asked again the same, nothing, told and asked again, or an end."""


def patience(fault: Fault) -> float:
    """Seconds a server may be silent: few only where it will be, since a busy machine is slow, too."""
    return 2.0 if fault.wait or fault.end == "hang" else 30.0


def policy(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Works by its plan; where it is, the conversation tells, as the server is told it."""
    names = {one["name"] for one in body["tools"]}
    if names == {"write"}:
        return [tool("write", opening=SAID.opening, weak=SAID.weak, strong=SAID.strong)]
    ran = [
        block
        for message in body["messages"]
        for block in message["content"]
        if block["type"] == "tool_result" and "ran: " in str(block["content"])
    ]
    if len(ran) < len(PLAN):
        return [thinking("let me see"), text("I look."), tool("bash", command=PLAN[len(ran)], why="so")]
    if "nominate" in names:
        return [tool("nominate", family="permissions", intent="i", recovery="r")]
    return [text("Done."), tool("submit")]


@dataclass
class Course:
    """What a stage did from its beginning to its end."""

    commands: list[str] = field(default_factory=list)
    end: object = None


def feedback(step: int, command: str) -> Feedback:
    """A scripted container's: it says what it ran, and from the second command on a test is broken."""
    broken = ["a::one"] if step >= 2 else []
    return Feedback(
        step,
        "done",
        0,
        f"ran: {command} {step}\n".encode(),
        changed=("/etc/x",) if step == 2 else (),
        report=Report(COMPLETE, "", {"a::one": TestResult("a::one", "failed")}) if broken else None,
        flips=(Flip("a::one", "passed", "failed"),) if step == 2 else (),
        broken=frozenset(broken),
    )


async def driven(agent: Any) -> Course:
    """Let an agent work until it ends."""
    course = Course()
    try:
        while isinstance(proposal := await agent.propose(), Proposal):
            course.commands.append(proposal.command)
            agent.observe(feedback(len(course.commands), proposal.command))
        course.end = proposal
    except ModelError as error:
        course.end = error
    return course


async def explore(one: Asking, minds: Minds) -> Course:
    talk = Conversation("b1", "explore", minds.model, "Break it. " * 60, TOOLS, one.service.note)
    return await driven(
        explorer.Claude(one.service, talk, lambda: "Begin.", 3, "data", fallback=minds.fallback)
    )


async def repair(one: Asking, minds: Minds) -> Course:
    return await driven(repairer.begun(one.service, minds, "r1", "Mend it. " * 60))


Stage = Callable[[Asking, Minds], Awaitable[Course]]
STAGES: Final[dict[str, Stage]] = {"explore": explore, "repair": repair}


async def write(one: Asking, *, batch: bool = False) -> Words | None:
    return await Writer(one.service, MODEL, batch).words("b1", 1, "report " * 90, "weak", "strong")


def ended(stage: str, kind: str, at: int) -> tuple[int, tuple[type, ...]]:
    """How many commands of the plan are run, and what the end is."""
    if kind in ("again", "fine", "told"):
        return len(PLAN), (Nominate, Submit)
    broken = stage == "explore" and at > 2
    return at - 1, {
        "refused": (GiveUp, Stopped),
        "full": (Nominate,) if broken else (GiveUp, Stopped),
        "failed": (ModelError,),
    }[kind]


@pytest.mark.parametrize("at", [1, 3])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("fault", FAULTS)
async def test_at_work(fake: FakeMessages, asking: Make, fault: str, stage: str, at: int) -> None:
    """The call with number `at` has bad luck; the plan is followed all the same, each command once."""
    unlucky, kind = FAULTS[fault]
    one = asking(seconds=patience(unlucky), pace=0.001)
    fake.policy = policy
    fake.then(*[None] * (at - 1), unlucky)
    course = await STAGES[stage](one, Minds(MODEL))
    done, end = ended(stage, kind, at)
    assert course.commands == list(PLAN[:done])
    assert isinstance(course.end, end), course.end
    exact(fake, one)
    again = kind in ("again", "told")
    assert len(one.outcomes) == done + 1 + again
    assert one.service.ledger.spent.failed == (kind in ("again", "failed"))


@pytest.mark.parametrize("stage", STAGES)
async def test_another_model_where_the_first_declines(fake: FakeMessages, asking: Make, stage: str) -> None:
    one, fake.policy = asking(), policy
    fake.then(None, Fault.refused())
    course = await STAGES[stage](one, Minds(MODEL, OTHER))
    assert course.commands == list(PLAN) and isinstance(course.end, Nominate | Submit)
    assert [body["model"] for body in fake.bodies][:3] == [MODEL, MODEL, OTHER]
    assert one.service.ledger.spent.refused == 1
    exact(fake, one)


@pytest.mark.parametrize("fault", FAULTS)
async def test_writing(fake: FakeMessages, asking: Make, fault: str) -> None:
    """Words, or none: ours are there."""
    unlucky, kind = FAULTS[fault]
    one = asking(seconds=patience(unlucky), pace=0.001)
    fake.policy = policy
    fake.then(unlucky)
    assert await write(one) == (SAID if kind in ("again", "fine") else None)
    assert len(fake.served) == 1 + (kind == "again")
    exact(fake, one)


@pytest.mark.parametrize("fault", FAULTS)
async def test_writing_in_a_batch(fake: FakeMessages, asking: Make, fault: str) -> None:
    """Nothing is streamed, so a fault is one of creating the batch, or of what the model says in it."""
    unlucky, kind = FAULTS[fault]
    one = asking(look=0.01, pace=0.001, client=patience(unlucky))
    fake.policy = policy
    fake.then(unlucky)
    said = await write(one, batch=True)
    lost = unlucky.end == "abort" or bool(unlucky.wait)  # it may have been taken, and nobody was told
    words = not lost and (kind in ("again", "fine") or (unlucky.frames is not None))
    assert said == (SAID if words else None)
    assert len(fake.batches.known) <= 1
    exact(fake, one)


@pytest.mark.parametrize("fate", ["errored", "canceled", "expired"])
async def test_a_batch_without_an_answer(fake: FakeMessages, asking: Make, fate: str) -> None:
    one, fake.policy, fake.batches.fate = asking(look=0.01), policy, fate
    assert await write(one, batch=True) is None
    assert one.outcomes == ["unavailable"] and one.service.ledger.spent.exact
    exact(fake, one)


@pytest.mark.parametrize("status", [429, 500, 529, 401, 404])
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_look_at_a_batch_that_fails(fake: FakeMessages, asking: Make, status: int, at: int) -> None:
    """What passes is waited for, for the batch is paid; it is not asked for again in any case."""
    one, fake.policy = asking(look=0.01), policy
    fake.batches.faults.extend([*[None] * (at - 1), Fault.http(status)])
    said = await write(one, batch=True)
    passing = status not in (401, 404)
    assert said == (SAID if passing else None)
    assert len(fake.batches.known) == 1
    assert one.service.ledger.spent.vague == (not passing)
    if passing:
        exact(fake, one)
