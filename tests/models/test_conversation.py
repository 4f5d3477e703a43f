"""Conversations: into the journal and out of it, forked, and answered where nobody did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.models.answer import DONE, Answer
from engine.models.conversation import INTERRUPTED, Conversation, rebuilt
from sessions import events
from sessions.journal import Journal, read
from tests.fake_messages import text, tool
from tests.fake_messages.rules import check
from tests.models.conftest import BASH, MODEL


def talk(note: Any, branch: str = "b1") -> Conversation:
    return Conversation(branch, "explore", MODEL, "system", (BASH,), note)


def heard(to: Conversation, *blocks: dict[str, Any], call: int = 1) -> None:
    to._heard(Answer(DONE, blocks, "tool_use", call=call))


def lines(of: Conversation) -> list[str]:
    """What is in it, shortly."""
    names = {"text": "text", "tool_use": "input", "tool_result": "content"}
    return [f"{one.step} {block[names[block['type']]]}" for one in of.messages for block in one.content]


def worked(note: Any) -> tuple[Conversation, str]:
    """Two steps done, the third proposed; the id of that call."""
    one = talk(note)
    one.begin()
    one.tell("begin")
    for step in (1, 2):
        call = tool("bash", command=f"c{step}")
        heard(one, text(f"then {step}"), call, call=step)
        one.step = step
        one.result(call["id"], f"r{step}")
    last = tool("bash", command="c3")
    heard(one, last, call=3)
    return one, last["id"]


def test_the_journal_gives_it_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "events.jsonl") as journal:
        journal.append(events.BranchOpened(branch="b1", image="i"))
        one, call = worked(journal.append)
    back = rebuilt(read(tmp_path / "events.jsonl"), "b1", list[Any]().append)
    assert back is not None and (back.messages, back.step) == (one.messages, 2)
    assert back.open() == [call] and back.rendered() == one.rendered()
    assert rebuilt(read(tmp_path / "events.jsonl"), "b2", print) is None


def test_a_fork_has_what_was_said_up_to_its_step() -> None:
    told: list[events.Event] = [events.BranchOpened(branch="b1", image="i")]
    one, _ = worked(told.append)
    fork = one.forked("b2", 1)
    assert lines(fork)[-1] == "1 r1" and not fork.open()
    assert one.forked("b3", 2).messages == one.messages[:-1]
    told.append(events.BranchOpened(branch="b2", image="i", parent="b1", step=1))
    fork.begin()
    fork.tell("another way")
    one.tell("later")
    back = rebuilt(told, "b2", print)
    assert back is not None and back.messages == fork.messages
    assert one.rendered()[: len(fork.messages) - 2] == fork.rendered()[: len(fork.messages) - 2]


def test_a_fork_of_a_fork_has_all_that_was_said_before_that_one_began() -> None:
    told: list[events.Event] = [events.BranchOpened(branch="b1", image="i")]
    one, _ = worked(told.append)
    told.append(events.BranchOpened(branch="b2", image="i", parent="b1", step=2))
    fork = one.forked("b2", 2)
    fork.step = 0
    fork.begin()
    fork.tell("another way")
    call = tool("bash", command="d1")
    heard(fork, call)
    fork.step = 1
    fork.result(call["id"], "s1")
    said = one.messages[:-1]
    for name, step, length in (("b3", 0, 1), ("b4", 1, 3)):
        told.append(events.BranchOpened(branch=name, image="i", parent="b2", step=step))
        leaf = fork.forked(name, step)
        assert leaf.messages == [*said, *fork.messages[len(said) :][:length]]
        leaf.begin()
        back = rebuilt(told, name, print)
        assert back is not None and (back.messages, back.shared) == (leaf.messages, leaf.shared)


def test_results_come_first_and_turns_take_turns() -> None:
    one, call = worked(lambda event: None)
    one.tell("look at the locale")
    one.result(call, INTERRUPTED, error=True)
    sent = one.rendered()
    assert [turn["role"] for turn in sent] == ["user", "assistant"] * 3 + ["user"]
    assert [block["type"] for block in sent[-1]["content"]] == ["tool_result", "text"]
    check(
        {"model": "m", "max_tokens": 1, "messages": list(sent), "tools": [BASH]}, "2026-10-21", set(), set()
    )
