"""The explorer without a container: every kind of answer leads to something, and circles end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.agents import told
from engine.agents.claude import PATIENCE, Claude
from engine.agents.hands import TOOLS
from engine.agents.loops import CIRCLING, FINE, STUCK, Loops
from engine.agents.model import Feedback, GiveUp, Nominate, Proposal
from engine.errors import LimitReached
from engine.ledger import Steps
from engine.models.conversation import INTERRUPTED, Conversation
from engine.suite.report import COMPLETE, Report, TestResult
from engine.writer import Words, Writer
from sessions import events
from sessions.attempts import attempts
from sessions.events import Flip
from sessions.state import fold
from tests.fake_messages import FakeMessages, Fault, Reply, scripted, text, tool
from tests.models.conftest import MODEL, Asking
from tests.models.conftest import asking as asking

Make = Callable[..., Asking]
BASELINE = ("a::one", "a::two", "a::three")


def agent(one: Asking, **more: Any) -> Claude:
    talk = Conversation("b1", "explore", MODEL, "system", TOOLS, one.service.note)
    return Claude(one.service, talk, lambda: "Begin.", len(BASELINE), "data", **more)


def run(command: str = "ls") -> list[dict[str, Any]]:
    return [tool("bash", command=command, why="to see")]


def feedback(step: int, *broken: str, output: bytes = b"", **more: Any) -> Feedback:
    results = {name: TestResult(name, "failed", message=f"{name} says no") for name in broken}
    given: dict[str, Any] = {
        "changed": ("/etc/x",) if broken else (),
        "report": Report(COMPLETE, "", results) if broken else None,
        "flips": tuple(Flip(name, "passed", "failed") for name in broken),
    }
    return Feedback(step, "done", 0, output, broken=frozenset(broken), **(given | more))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.cut(), "cut off"),
        (Fault.paused(), ""),
        (Fault.stopped("tea_time"), "unusual"),
        (Fault(reply=lambda reply: Reply([text("Shall I?")])), "one call of a tool"),
        (Fault(reply=lambda reply: Reply([tool("bash", command=" ", why="")])), "There was no command"),
        (Fault(reply=lambda reply: Reply([tool("bash", command="x" * 9000, why="")])), "longer than"),
        (
            Fault(reply=lambda reply: Reply([tool("nominate", family="data", intent="", recovery="")])),
            "All tests",
        ),
        (Fault(reply=lambda reply: Reply([])), ""),
    ],
)
async def test_answers_that_are_no_command(fake: FakeMessages, asking: Make, fault: Fault, said: str) -> None:
    fake.policy, one = scripted(run()), asking()
    proposal = await agent(fake.then(fault) and one).propose()
    assert isinstance(proposal, Proposal) and (proposal.command, proposal.intent) == ("ls", "to see")
    assert said in str(fake.bodies[-1]["messages"]) and len(fake.served) == 2


async def test_two_commands_at_once_are_one(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one = scripted(run()), asking()
    claude = agent(fake.then(Fault.twice(command="id", why="")) and one)
    await claude.propose()
    claude.observe(feedback(1))
    await claude.propose()
    results = fake.bodies[-1]["messages"][-1]["content"]
    assert {block["type"] for block in results} == {"tool_result"} and "Only one call" in str(results)
    assert INTERRUPTED not in str(results)


async def test_nothing_to_do_in_the_end(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one = scripted("I think about it."), asking()
    assert isinstance(await agent(one).propose(), GiveUp) and len(fake.served) == PATIENCE


async def test_what_is_broken_is_put_forward_when_the_talk_is_full(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one = scripted(run()), asking()
    claude = agent(one)
    await claude.propose()
    claude.observe(feedback(1, "a::one"))
    fake.then(Fault.too_long())
    put = await claude.propose()
    assert isinstance(put, Nominate) and (put.step, put.family) == (1, "data")


async def test_declined_by_both(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one = scripted(run()), asking()
    end = await agent(
        fake.then(Fault.refused(), Fault.refused()) and one, fallback="claude-opus-5-5"
    ).propose()
    assert isinstance(end, GiveUp) and "cyber" in end.reason and one.service.ledger.spent.refused == 2


async def test_circles_are_told_and_end(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one = scripted(lambda body: run()), asking()
    claude, actions = agent(one), list[object]()
    for step in range(1, 9):
        actions.append(await claude.propose())
        if not isinstance(actions[-1], Proposal):
            break
        claude.observe(feedback(step, output=b"same"))
    assert len(actions) == 6 and isinstance(actions[-1], GiveUp)
    assert "several times" in str(fake.bodies[3]["messages"]) not in str(fake.bodies[2]["messages"])


async def test_a_fork_of_a_fork_knows_what_is_broken_where_that_one_began(
    fake: FakeMessages, asking: Make
) -> None:
    fake.policy, one = scripted(lambda body: run()), asking()
    first = agent(one)
    for step, broken in ((1, ()), (2, ("a::one",))):
        await first.propose()
        first.observe(feedback(step, *broken))
    fork = first.forked("b2", 2)
    await fork.propose()
    fork.observe(feedback(1))
    leaf = fork.forked("b3", 0)
    assert (leaf.broken, fork.forked("b4", 1).broken) == ({"a::one"}, set())
    await leaf.propose()
    assert "a::one says no" in str(fake.bodies[-1]["messages"])


async def test_a_fork_of_one_that_was_told_nothing_begins_as_that_would(
    fake: FakeMessages, asking: Make
) -> None:
    fake.policy, one = scripted(lambda body: run()), asking()
    silent = agent(one)
    await silent.forked("b2", 0).propose()
    await silent.propose()
    assert fake.bodies[-1]["messages"] == fake.bodies[-2]["messages"]
    silent.observe(feedback(1, "a::one"))
    await silent.forked("b3", 1).forked("b4", 0).propose()
    assert "a::one says no" in str(fake.bodies[-1]["messages"])


async def test_steps_of_all_branches(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one, steps = scripted(lambda body: run()), asking(), Steps(1)
    await agent(one, steps=steps).propose()
    with pytest.raises(LimitReached, match="1 of 1 steps"):
        await agent(one, steps=steps).propose()
    assert len(one.of(events.ModelAsked)) == 1


def test_loops() -> None:
    loops = Loops()
    assert [loops.add("ls ", "x") for _ in range(5)] == [FINE, FINE, CIRCLING, CIRCLING, STUCK]
    pairs = Loops()
    found = [pairs.add(action, "x") for _ in range(5) for action in ("ls", "id")]
    assert (found[4], found[5], found[9]) == (FINE, CIRCLING, STUCK)
    other = Loops()
    assert {other.add("ls", str(number)) for number in range(9)} == {FINE}


def test_what_is_told_of_a_step() -> None:
    said = told.of(
        feedback(
            2, "a::one", "a::two", output=b"\x1b[31mred\x1b[0m\n" + b"x" * 20_000 + b"end", command="id"
        ),
        3,
        "ls",
    )
    assert "changed the command to: id" in said and "red" in said and "\x1b" not in said
    assert "characters left out" in said and len(said) < 12_000 and said.count("end") >= 1
    assert "2 of 3 do not pass" in said and "a::one says no" in said and "- /etc/x" in said
    typed = b"id\x1b[?2004l\r\nuid=0(root)\r\n\x1b]133;A\x07root@sandbox:/app# "
    assert told.of(feedback(1, output=typed, command="id"), 3) == (
        "Exit code 0.\n\nOutput:\nuid=0(root)\n\nIt changed no files."
    )
    assert "All 3 tests pass." in told.of(feedback(1, changed=("/etc/x",)), 3)
    assert told.of(feedback(1), 3).endswith("It changed no files.")


def test_what_it_put_forward_is_the_attempts_family() -> None:
    happened = [
        events.BranchOpened(branch="b1", image="i"),
        events.CandidateNominated(branch="b1", step=1, by="claude", family="data"),
    ]
    assert attempts(fold(happened))[0].families == ("data",)


@pytest.mark.parametrize(
    "said",
    [
        "no",
        [tool("write", opening="", weak="w", strong="s")],
        [tool("write", opening=3, weak="w", strong="s")],
    ],
)
async def test_words_that_are_none(fake: FakeMessages, asking: Make, said: Any) -> None:
    fake.policy, one = scripted(said), asking()
    assert await Writer(one.service, MODEL).words("b1", 1, "report", "weak", "strong") is None


async def test_words(fake: FakeMessages, asking: Make) -> None:
    fake.policy, one = scripted([tool("write", opening="o\n\x1b[1mo", weak="w", strong="s")]), asking()
    assert await Writer(one.service, MODEL).words("b1", 1, "r", "w", "s") == Words("o \\x1b[1mo", "w", "s")
