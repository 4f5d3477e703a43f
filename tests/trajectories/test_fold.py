"""A session's trajectories: what was said, what was done, and what of it is to be learned."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from sessions import events as ev
from sessions.journal import read
from sessions.trajectories.fold import trajectories
from sessions.trajectories.model import Spent, Turn
from tests.hostile import CORPUS
from tests.trajectories import stories
from tests.trajectories.stories import INSTRUCTION, answered, asked, graded, opened, ran, said, started, told


def lines(turns: tuple[Turn, ...]) -> list[str]:
    """Role, what it is about, and whether it is trained on."""
    found = []
    for turn in turns:
        calls = [f"${call.input['command']}" for call in turn.calls]
        results = [f"={result.content}" for result in turn.results]
        mark = "+" if turn.train else f"-{turn.why}" if turn.role == "assistant" else ""
        found.append(" ".join(filter(None, [turn.role, turn.text, *calls, *results, mark])))
    return found


def test_without_a_model_commands_become_calls(tmp_path: Path) -> None:
    path = stories.recorded(stories.oracle(), tmp_path / "events.jsonl")
    (one,) = trajectories(read(path))
    assert lines(one.turns) == [
        f"user {INSTRUCTION}",
        "assistant Look. $ls /opt +",
        "user =venv\n\nExit code: 0",
        "assistant $chmod 755 /opt/venv +",
        "user =Exit code: 0",
        "assistant The environment is repaired. +",
    ]
    assert (one.id, one.purpose, one.agent, one.task) == ("s1-b1", "repair", "oracle", "tiny-1")
    assert (one.reward, one.outcome, one.solved, one.steps) == (1.0, "solved", True, 2)
    assert one.commands == ("ls /opt", "chmod 755 /opt/venv")
    assert [tool.name for tool in one.tools] == ["bash"]
    assert one.spent == Spent()


def test_what_failed_is_told_and_not_learned() -> None:
    (one,) = told(
        [
            started(),
            *opened(),
            *ran("cat", b"", 1, outcome="timeout", code=None),
            *ran("pytest", b"1 failed\r\n", 2, code=1),
            ev.StepProposed(branch="b1", step=3, command="reboot", origin="oracle"),
            ev.StepDecided(branch="b1", step=3, verdict="denied", reason="not that"),
            ev.StepProposed(branch="b1", step=4, command="never ran", origin="oracle"),
            *graded(0.0),
        ]
    )
    assert lines(one.turns)[1:] == [
        "assistant $cat -timeout",
        "user =The command took too long and was ended.\n\nExit code: unknown",
        "assistant $pytest +",
        "user =1 failed\n\nExit code: 1",
        "assistant $reboot -denied",
        "user =The operator did not allow this command. The reason: not that",
        "assistant I stop here. -unsolved",
    ]
    assert [result.is_error for turn in one.turns for result in turn.results] == [True, False, True]
    assert one.steps == 2


def test_the_operators_words_and_hands_are_the_users() -> None:
    (one,) = told(
        [
            started(agent="saboteur"),
            ev.BranchOpened(branch="b1", image="i"),
            *ran("one", b"", 1, origin="saboteur"),
            ev.GuidanceGiven(branch="b1", number=1, text="something with \x1b[31mfiles"),
            ev.GuidanceDelivered(branch="b1", number=1),
            *ran("touch /x", b"", 2, origin="operator"),
            *ran("two", b"", 3, origin="saboteur"),
        ]
    )
    assert lines(one.turns)[1:] == [
        "assistant $one +",
        "user =Exit code: 0",
        "user something with files",
        "user I ran this by hand:\n\ntouch /x\n\nExit code: 0",
        "assistant $two +",
        "user =Exit code: 0",
    ]
    assert (one.purpose, one.reward, one.outcome) == ("explore", None, "open")
    assert one.turns[0].text.startswith("All 2 tests of tiny pass")


def test_an_operator_who_repairs_is_the_assistant() -> None:
    (one,) = told(
        [
            started(),
            *opened(solver="operator"),
            *ran("fix", origin="operator", intent="by hand"),
            *graded(1.0),
        ]
    )
    assert lines(one.turns)[1] == "assistant $fix +"


def test_a_models_conversation_is_as_it_was() -> None:
    first, _ = told(stories.model())
    assert lines(first.turns) == [
        f"user {INSTRUCTION}",
        "assistant I look. $ls +",
        "user =a\n\nexit code 0",
        "assistant I look. $rm -rf / -denied",
        "user Look at /opt instead. =denied: no",
        "assistant I look. $sleep 99 -timeout",
        "user =ended",
        "assistant I look. $true +",
        "user =exit code 0",
        "assistant I give up. +",
    ]
    assert first.turns[1].thinking == "hm well"
    assert first.turns[1].model == "m-1"
    assert first.turns[1].spent == Spent(
        calls=1, prompt_tokens=15, cached_tokens=5, completion_tokens=3, usd=0.25
    )
    assert first.spent == Spent(calls=4, prompt_tokens=60, cached_tokens=20, completion_tokens=12, usd=1.0)
    assert (first.system, first.model, first.solved) == (stories.SYSTEM, "m", False)


def test_a_fork_begins_with_a_copy() -> None:
    first, second = told(stories.model())
    assert lines(second.turns) == [
        f"user {INSTRUCTION}",
        "assistant I look. $ls -copied",
        "user =a\n\nexit code 0",
        "assistant I look. $chmod 755 /opt +",
        "user =exit code 0",
        "assistant Done. +",
    ]
    assert [turn.copied for turn in second.turns] == [True, True, True, False, False, False]
    assert (second.parent, second.fork, second.task) == (first.id, 1, "tiny-1")
    assert second.commands == ("ls", "chmod 755 /opt")
    assert second.spent.calls == 1, "the shared part was paid for once"


def test_a_fork_without_a_model_too() -> None:
    _, fork = told(
        [
            started(),
            *opened(),
            *ran("one", b"", 1),
            *ran("two", b"", 2),
            *graded(0.0),
            ev.BranchOpened(branch="b2", image="i", parent="b1", step=1),
            *ran("three", b"", 1, "b2"),
            *graded(1.0, "b2", 1),
        ]
    )
    assert lines(fork.turns) == [
        f"user {INSTRUCTION}",
        "assistant $one -copied",
        "user =Exit code: 0",
        "assistant $three +",
        "user =Exit code: 0",
        "assistant The environment is repaired. +",
    ]


def test_a_call_that_makes_no_sense_is_an_error() -> None:
    (one,) = told(
        [
            started(agent="claude"),
            *opened(solver="claude"),
            said("user", {"type": "text", "text": "go"}, step=0),
            *asked(1, "x", 0),
            answered(1, "no such tool", 0, error=True),
            *asked(2, "y", 0),
        ]
    )
    assert lines(one.turns)[1:] == ["assistant I look. $x -error", "user =no such tool"]
    assert one.outcome == "not graded", "and the answer nobody acted on is left out"


def test_an_answer_that_was_cut_off_is_not_learned() -> None:
    (one,) = told(
        [
            started(agent="claude"),
            *opened(solver="claude"),
            said("user", {"type": "text", "text": "go"}, step=0),
            ev.ModelAnswered(call=1, outcome="cut", branch="b1", model="m-1", output_tokens=7),
            said("assistant", {"type": "text", "text": "I will"}, step=0, call=1),
            said("user", {"type": "text", "text": "say less"}, step=0),
            said("assistant", {"type": "text", "text": "Done."}, step=0),
        ]
    )
    assert lines(one.turns) == ["user go", "assistant I will -cut", "user say less", "assistant Done. +"]
    assert one.turns[1].model == "m-1"


def test_what_is_not_known_of_a_call_is_not_known_of_the_sum() -> None:
    events = stories.model(forks=False)
    events.insert(5, ev.ModelAnswered(call=9, outcome="cut", branch="b1", usage=False))
    (one,) = told(events)
    assert one.spent == Spent(
        calls=5, prompt_tokens=None, cached_tokens=None, completion_tokens=None, usd=None
    )


@pytest.mark.parametrize("name", CORPUS)
def test_nothing_a_terminal_would_act_on(name: str) -> None:
    data = CORPUS[name]
    text = data.decode("utf-8", "replace")
    found = told(
        [
            started("../../s"),
            *opened(),
            *ran("x", data, 1),
            *graded(1.0),
            *opened("../b2"),
            said("user", {"type": "text", "text": text}, step=0, branch="../b2"),
            said("assistant", {"type": "text", "text": text}, step=0, branch="../b2"),
        ]
    )
    assert found
    assert not any("/" in each.id or each.id.startswith(".") for each in found)
    for one in found:
        for turn in one.turns:
            shown = turn.text + "".join(result.content for result in turn.results)
            kinds = {unicodedata.category(char) for char in set(shown) - set("\n\t")}
            assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_a_failure_of_ours_is_no_reward() -> None:
    failed = ev.RepairGraded(branch="b1", step=1, reward=0.0, outcome="failed")
    (one,) = told([started(), *opened(), *ran("x"), failed])
    assert (one.reward, one.outcome) == (None, "failed")


def test_no_events_are_no_trajectories() -> None:
    assert told([]) == ()
    assert told([started(), *opened()]) == ()
