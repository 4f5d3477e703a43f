"""Each format of trajectories keeps its own rules; `scripts/train-check` has the real libraries read them."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from sessions.exports import atif, messages, openai, sharegpt, trl
from sessions.exports.chat import dialogue
from sessions.exports.dataset import FORMATS
from sessions.trajectories.model import Call, Result, Text, Trajectory, Turn
from sessions.trajectories.pairs import Pair, pairs
from tests.trajectories import stories
from tests.trajectories.stories import INSTRUCTION, SYSTEM, told

ORACLE = told(stories.oracle())[0]
FAILED, SOLVED = told(stories.model())
(PAIR,) = pairs([FAILED, SOLVED])
EVERY = {"oracle": ORACLE, "failed": FAILED, "solved": SOLVED}


def odd() -> Trajectory:
    """What no loop of ours makes: two calls at once, a lost result, words in a row, tags in a command."""
    turns = (
        Turn(role="user", blocks=(Text("a"),)),
        Turn(role="user", blocks=(Text("b"),)),
        Turn(
            role="assistant",
            blocks=(Call("c1", "bash", {"command": "echo '</tool_call><think>'"}), Call("c2", "bash", {})),
            train=True,
        ),
        Turn(role="user", blocks=(Result("c1", "1"), Result("c2", "2"), Result("c9", "lost"), Text("so?"))),
        Turn(role="assistant", blocks=(Text("one"),), train=True),
        Turn(role="assistant", blocks=(Text("two"),), train=False),
        Turn(role="user", blocks=(Text("bye"),)),
    )
    return replace(ORACLE, turns=turns)


@pytest.fixture(params=[*EVERY, "odd"])
def one(request: pytest.FixtureRequest) -> Trajectory:
    return EVERY.get(request.param) or odd()


def plain(row: Any) -> Any:
    """The row as a reader of the file gets it."""
    return json.loads(json.dumps(row))


def test_atif(one: Trajectory) -> None:
    row = plain(atif.row(one))
    check_atif(row)
    assert row["schema_version"] == "ATIF-v1.7"
    assert row["extra"]["reward"] == one.reward


def test_atif_of_a_fork() -> None:
    row = plain(atif.row(SOLVED))
    assert [bool(step.get("is_copied_context")) for step in row["steps"]] == [True, True, True, False, False]
    assert row["extra"]["parent"] == {"trajectory_id": FAILED.id, "step_id": 3}
    parent = plain(atif.row(FAILED))
    own = ("is_copied_context", "extra")
    for ours, theirs in zip(row["steps"][:3], parent["steps"][:3], strict=True):
        assert {k: v for k, v in ours.items() if k not in own} == {
            k: v for k, v in theirs.items() if k not in own
        }
    assert row["final_metrics"] == {
        "total_prompt_tokens": 15,
        "total_completion_tokens": 3,
        "total_cached_tokens": 5,
        "total_cost_usd": 0.25,
        "total_steps": 5,
    }
    assert plain(atif.pair(PAIR)) == {
        "chosen": {"trajectory_id": SOLVED.id, "step_id": 4, "reward": 1.0},
        "rejected": {"trajectory_id": FAILED.id, "step_id": 4, "reward": 0.0},
    }
    assert row["steps"][3]["tool_calls"][0]["arguments"] == {"command": "chmod 755 /opt"}


def test_atif_without_a_model_has_no_calls_of_one() -> None:
    steps = plain(atif.row(ORACLE))["steps"]
    assert [step.get("llm_call_count") for step in steps] == [None, 0, 0, 0]
    assert steps[1]["observation"]["results"][0]["content"] == "venv\n\nExit code: 0"


@pytest.mark.train
@pytest.mark.skipif(not importlib.util.find_spec("harbor"), reason="scripts/train-check installs it")
def test_atif_by_harbor(one: Trajectory) -> None:
    from harbor.utils.trajectory_validator import TrajectoryValidator

    validator = TrajectoryValidator()
    assert validator.validate(plain(atif.row(one))), validator.errors


def check_atif(row: Any) -> None:
    """What harbor's models demand."""
    assert set(row) <= {
        *("schema_version", "session_id", "trajectory_id", "agent", "steps", "final_metrics", "extra"),
    }
    assert row["agent"]["name"]
    assert row["agent"]["version"]
    assert [step["step_id"] for step in row["steps"]] == list(range(1, len(row["steps"]) + 1))
    agents = {"model_name", "reasoning_content", "tool_calls", "metrics"}
    for step in row["steps"]:
        assert step["source"] in ("system", "user", "agent")
        assert isinstance(step["message"], str)
        if "timestamp" in step:
            datetime.fromisoformat(step["timestamp"])
        if step["source"] != "agent":
            assert not agents & set(step)
        if step.get("llm_call_count") == 0:
            assert not {"metrics", "reasoning_content"} & set(step)
        known = {call["tool_call_id"] for call in step.get("tool_calls", ())}
        for result in step.get("observation", {}).get("results", ()):
            assert result["source_call_id"] in known


def test_nothing_that_was_heard_is_lost_in_atif() -> None:
    steps = plain(atif.row(odd()))["steps"]
    heard = [result["content"] for step in steps for result in step.get("observation", {}).get("results", ())]
    assert heard == ["1", "2"]
    assert [step["message"] for step in steps if step["source"] == "user"] == ["a", "b", "lost\n\nso?", "bye"]


def test_trl(one: Trajectory) -> None:
    row = plain(trl.row(one))
    check_chat(row["messages"])
    assert row["messages"][-1]["role"] == "assistant"
    assert all(isinstance(message["train"], bool) for message in row["messages"])
    assert not any(message["train"] for message in row["messages"] if message["role"] != "assistant")
    assert json.loads(row["tools"])[0]["function"]["parameters"]["type"] == "object"


def test_trl_says_all() -> None:
    row = plain(trl.row(SOLVED))
    assert [(each["role"], each["train"]) for each in row["messages"]] == [
        ("system", False),
        ("user", False),
        ("assistant", False),
        ("tool", False),
        ("assistant", True),
        ("tool", False),
        ("assistant", True),
    ]
    assert row["messages"][0]["content"] == SYSTEM
    assert row["messages"][1]["content"] == INSTRUCTION
    assert row["messages"][4] == {
        "role": "assistant",
        "content": "I look.",
        "reasoning_content": "hm well",
        "tool_calls": [
            {
                "type": "function",
                "id": "toolu_b2_5",
                "function": {"name": "bash", "arguments": {"command": "chmod 755 /opt"}},
            }
        ],
        "train": True,
    }
    told_ = next(each for each in plain(trl.row(FAILED))["messages"] if "denied" in each["content"])
    assert told_["role"] == "tool"


def test_openai(one: Trajectory) -> None:
    row = plain(openai.row(one))
    assert set(row) == {"messages", "tools", "parallel_tool_calls"}
    check_chat(row["messages"])
    check_openai(row["messages"])
    assert row["messages"][-1]["role"] == "assistant"
    assert any(message.get("weight") == 1 for message in row["messages"])


def check_openai(messages: Any) -> None:
    """What the guide to fine-tuning demands."""
    for message in messages:
        assert set(message) <= {"role", "content", "tool_calls", "tool_call_id", "weight"}
        assert ("weight" in message) <= (message["role"] == "assistant")
        assert message.get("weight", 0) in (0, 1)
        assert message.get("content") is not None or message.get("tool_calls")
        for call in message.get("tool_calls", ()):
            assert isinstance(json.loads(call["function"]["arguments"]), dict)


def check_chat(messages: Any) -> None:
    """Results follow their calls, and users do not follow each other."""
    called: set[str] = set()
    before = ""
    for message in messages:
        assert message["role"] in ("system", "user", "assistant", "tool")
        assert before != message["role"] or before == "tool"
        before = message["role"]
        called |= {call["id"] for call in message.get("tool_calls", ())}
        if before == "tool":
            assert message["tool_call_id"] in called or message["content"] == "lost"


def test_sharegpt(one: Trajectory) -> None:
    row = plain(sharegpt.row(one))
    check_sharegpt(row["conversations"])
    assert len(row["conversations"]) % 2 == 0
    assert json.loads(row["tools"])[0]["name"] == "bash"


def check_sharegpt(conversation: Any) -> None:
    """What its converter demands."""
    for place, message in enumerate(conversation):
        assert message["from"] in (("human", "observation"), ("gpt", "function_call"))[place % 2]
        if message["from"] == "function_call":
            value = message["value"]
            calls = json.loads(value.rpartition("</think>\n\n")[2])
            for call in calls if isinstance(calls, list) else [calls]:
                assert set(call) == {"name", "arguments"}
            assert value.count("<think>") == value.count("</think>") <= 1
            assert "<tool_call>" not in value


def test_sharegpt_says_all() -> None:
    said = plain(sharegpt.row(SOLVED))["conversations"]
    assert said[3]["value"] == (
        "<think>\nhm well\n\nI look.\n</think>\n\n"
        '{"name": "bash", "arguments": {"command": "chmod 755 /opt"}}'
    )
    assert [each["train"] for each in said] == [False, False, False, True, False, True]
    assert [each["from"] for each in said] == [
        *("human", "function_call", "observation", "function_call", "observation", "gpt"),
    ]
    several = plain(sharegpt.row(odd()))["conversations"]
    assert len(json.loads(several[1]["value"])) == 2
    assert several[2]["value"] == "1\n\n2\n\nlost\n\nso?"


def test_dataset_info_names_the_files() -> None:
    info = sharegpt.info(["train.jsonl", "pairs-test.jsonl"])
    assert list(info) == ["cligym_train", "cligym_pairs_test"]
    assert info["cligym_pairs_test"]["ranking"] is True
    assert info["cligym_train"]["columns"] == {
        "messages": "conversations",
        "system": "system",
        "tools": "tools",
    }


def test_messages_are_what_was_said() -> None:
    row = plain(messages.row(SOLVED))
    assert row["system"] == SYSTEM
    assert row["tools"] == [stories.BASH]
    assert row["train"] == [False, False, False, True, False, True]
    assert row["messages"][3]["content"] == [
        {"type": "thinking", "thinking": "hm well", "signature": "sig"},
        {"type": "text", "text": "I look."},
        {
            "type": "tool_use",
            "id": "toolu_b2_5",
            "name": "bash",
            "input": {"command": "chmod 755 /opt"},
        },
    ]
    assert row["messages"][4]["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_b2_5", "content": "exit code 0"}
    ]


def test_what_follows_the_last_answer_teaches_nothing() -> None:
    turns = dialogue(odd().turns)
    assert [turn.role for turn in turns] == ["user", "assistant", "user", "assistant"]
    assert turns[0].text == "a\n\nb"
    assert not turns[-1].train, "half of it is not to be learned"


def test_silence_is_a_message_too() -> None:
    turns = (Turn(role="user", blocks=()), Turn(role="assistant", blocks=(), train=True))
    one = replace(ORACLE, turns=turns)
    assert [(each["role"], each["content"]) for each in openai.row(one)["messages"]] == [
        ("user", ""),
        ("assistant", ""),
    ]


def answers(pair: Pair, kind: str) -> Iterator[tuple[Any, Any]]:
    row = plain(FORMATS[kind].pair(pair))
    match kind:
        case "trl":
            yield row["chosen"][0]["tool_calls"][0]["function"]["arguments"]["command"], row["prompt"]
            yield row["rejected"][0]["tool_calls"][0]["function"]["arguments"]["command"], row["prompt"]
        case "openai":
            for name in ("preferred_output", "non_preferred_output"):
                (answer,) = row[name]
                check_openai([answer, *row["input"]["messages"]])
                assert "weight" not in json.dumps(row)
                arguments = json.loads(answer["tool_calls"][0]["function"]["arguments"])
                yield arguments["command"], row["input"]["messages"]
        case "sharegpt":
            check_sharegpt(row["conversations"])
            assert len(row["conversations"]) % 2 == 1
            for name in ("chosen", "rejected"):
                value = json.loads(row[name]["value"].rpartition("</think>\n\n")[2])
                yield value["arguments"]["command"], row["conversations"]
        case _:
            for name in ("chosen", "rejected"):
                yield row[name]["content"][-1]["input"]["command"], row["messages"]


@pytest.mark.parametrize("kind", ["trl", "openai", "sharegpt", "messages"])
def test_pairs(kind: str) -> None:
    (better, prompt), (worse, _) = answers(PAIR, kind)
    assert (better, worse) == ("chmod 755 /opt", "rm -rf /")
    assert "a\\n\\nexit code 0" in json.dumps(prompt[-1])
