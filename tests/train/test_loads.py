"""The exports in the libraries they are made for, which `scripts/train-check` installs."""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from cligym_tui.cli import run
from tests.trajectories import stories
from tests.trajectories.stories import recorded

pytestmark = [
    pytest.mark.train,
    # These libraries warn about each other.
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(not importlib.util.find_spec("datasets"), reason="scripts/train-check installs it"),
]


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes an export with everything in it: two projects, failures, forks, thoughts, several tools."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    several = stories.model("s4", "third")
    place = next(number for number, each in enumerate(several) if hasattr(each, "tools"))
    submit = {
        "name": "submit",
        "description": "Say that it is done.",
        "input_schema": {"type": "object", "properties": {"sure": {"type": "boolean"}}},
    }
    several[place] = type(several[place])(
        branch="b1", purpose="repair", model="m", system=stories.SYSTEM, tools=(stories.BASH, submit)
    )
    done = {"type": "tool_use", "id": "toolu_s", "name": "submit", "input": {"sure": True}}
    several.insert(-2, stories.said("assistant", done, step=1, branch="b2"))
    tags = stories.oracle("s1")
    tags[-3:-3] = stories.ran("echo '<tool_call>{}</tool_call> <think>\n x\n</think>\n\n'", step=3)
    journals = [
        str(recorded(events, tmp_path / f"{number}.jsonl"))
        for number, events in enumerate(
            [tags, stories.oracle("s3", "other", 0.0), stories.model("s2"), several]
        )
    ]

    def write(kind: str) -> Path:
        out = tmp_path / kind
        words = ["--format", kind, "--out", str(out), "--view", "all", "--pairs"]
        words += ["--split", "0.8", "--curate", "none"]
        assert run(["trajectories", "export", *journals, *words, "--curate", "none"]) == 0
        return out

    return write


@pytest.mark.parametrize("kind", ["trl", "sharegpt", "openai", "messages"])
def test_datasets_gives_back_what_was_written(kind: str, export: Any, tmp_path: Path) -> None:
    from datasets import load_dataset

    out = export(kind)
    for name in ("default", "pairs"):
        found = load_dataset(str(out), name, cache_dir=str(tmp_path / "cache"))
        for split, table in found.items():
            start = "pairs-" if name == "pairs" else ""
            lines = (out / f"{start}{split}.jsonl").read_text().splitlines()
            assert [bare(row) for row in table] == [bare(json.loads(line)) for line in lines]
    assert set(load_dataset(str(out), cache_dir=str(tmp_path / "cache"))) == {"train", "test"}


def bare(value: Any) -> Any:
    """Without the fields a table adds to have all rows alike."""
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items() if item is not None}
    return [bare(item) for item in value] if isinstance(value, list) else value


def test_trl_takes_rows_and_preferences(export: Any, tmp_path: Path) -> None:
    from datasets import load_dataset
    from trl.data_utils import is_conversational, maybe_apply_chat_template

    from tests.train.tiny import tokenizer

    out = export("trl")
    words = tokenizer()
    rows = load_dataset("json", data_files=str(out / "train.jsonl"), split="train", cache_dir=str(tmp_path))
    for row in rows:
        assert is_conversational(row)
        tools = json.loads(row["tools"])
        told = words.apply_chat_template(row["messages"], tools=tools, tokenize=False)
        assert "bash" in told
    pairs = load_dataset(
        "json", data_files=str(out / "pairs-train.jsonl"), split="train", cache_dir=str(tmp_path)
    )
    for row in pairs:
        applied = maybe_apply_chat_template(
            {name: row[name] for name in ("prompt", "chosen", "rejected")}, words
        )
        assert "chmod 755 /opt" in applied["chosen"]
        assert "rm -rf /" in applied["rejected"]
        assert "a\n\nexit code 0" in applied["prompt"]


@pytest.mark.skipif(not importlib.util.find_spec("harbor"), reason="scripts/train-check installs it")
def test_harbors_validator_takes_every_document(export: Any) -> None:
    from harbor.utils.trajectory_validator import TrajectoryValidator

    documents = sorted(export("atif").rglob("*/*.json"))
    assert len(documents) == 6
    for path in documents:
        validator = TrajectoryValidator()
        assert validator.validate(path), validator.errors
    broken = json.loads(documents[0].read_text())
    broken["steps"][0]["step_id"] = 7
    assert not TrajectoryValidator().validate(broken), "the validator itself validates"


@pytest.fixture
def factory(monkeypatch: pytest.MonkeyPatch) -> Any:
    """LLaMA-Factory's loader, without the parts of its package that want pictures and sound."""
    found = importlib.util.find_spec("llamafactory")
    if found is None or not found.submodule_search_locations:
        pytest.skip("scripts/train-check installs it")
    data = types.ModuleType("llamafactory.data")
    data.__path__ = [f"{found.submodule_search_locations[0]}/data"]
    monkeypatch.setitem(sys.modules, "llamafactory.data", data)
    from llamafactory.data import converter, formatter, parser

    return types.SimpleNamespace(converter=converter, formatter=formatter, parser=parser)


def test_llama_factory_converts_every_row(export: Any, factory: Any) -> None:
    out = export("sharegpt")
    info = json.loads((out / "dataset_info.json").read_text())
    counts = {}
    for attr in factory.parser.get_dataset_list(list(info), str(out)):
        convert = factory.converter.get_dataset_converter(attr.formatting, attr, None)
        lines = (out / attr.dataset_name).read_text().splitlines()
        counts[attr.dataset_name] = len(lines)
        for line in lines:
            row = convert(json.loads(line))
            assert row["_prompt"], "an example that breaks a rule comes back empty"
            assert len(row["_response"]) == (2 if attr.ranking else 1)
            check_functions(row, factory.formatter)
    assert counts == {
        "train.jsonl": 4,
        "test.jsonl": 2,
        "pairs-train.jsonl": 1,
        "pairs-test.jsonl": 1,
    }


def check_functions(row: Any, formatter: Any) -> None:
    """Calls and tools are read as the templates of Qwen read them."""
    functions = formatter.FunctionFormatter(slots=["{{content}}"], tool_format="qwen")
    for message in [*row["_prompt"], *row["_response"]]:
        if message["role"] == "function":
            (said,) = functions.apply(
                content=message["content"],
                thought_words=("<think>\n", "\n</think>\n\n"),
                tool_call_words=("<tool_call>", "</tool_call>"),
            )
            assert "<tool_call>" in said
    (tools,) = formatter.ToolFormatter(tool_format="qwen").apply(content=row["_tools"])
    assert '"name": "bash"' in tools
