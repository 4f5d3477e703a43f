"""`trajectories`: a data set that is whole, says what is in it, and loses nothing without a word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cligym_tui import trajectories_command
from cligym_tui.cli import run
from cligym_tui.exits import ExitCode, code_of
from engine.errors import CligymError, OutputError, UsageError
from sessions.exports.card import card
from sessions.trajectories.choice import choose
from tests.hostile import CORPUS
from tests.trajectories import stories
from tests.trajectories.stories import recorded, told

KINDS = ("atif", "trl", "sharegpt", "openai", "messages")


@pytest.fixture
def journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three sessions of two projects: solved, unsolved, and a model's with a fork."""
    monkeypatch.setenv("CLIGYM_STATE", str(tmp_path / "state"))
    return [
        str(recorded(stories.oracle("s1", "tiny"), tmp_path / "1.jsonl")),
        str(recorded(stories.oracle("s3", "other", 0.0), tmp_path / "3.jsonl")),
        str(recorded(stories.model("s2", "tiny"), tmp_path / "2.jsonl")),
    ]


def export(journals: list[str], out: Path, kind: str, *words: str) -> dict[str, Any]:
    """What was written: by file, the lines or the document."""
    words = ("--curate", "none", *words)
    assert run(["trajectories", "export", *journals, "--format", kind, "--out", str(out), *words]) == 0
    found: dict[str, Any] = {}
    for path in sorted(out.rglob("*")):
        if path.suffix == ".jsonl":
            found[path.name] = [json.loads(line) for line in path.read_text().splitlines()]
        elif path.is_file():
            found[str(path.relative_to(out))] = path.read_text()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_data_set(kind: str, journals: list[str], tmp_path: Path) -> None:
    found = export(journals, tmp_path / "out", kind, "--view", "all", "--pairs", "--split", "0.7")
    if kind == "atif":
        assert {name for name in found if "/" in name} == {
            *("train/s1-b1.json", "train/s2-b1.json", "train/s2-b2.json", "test/s3-b1.json"),
        }
    else:
        assert (len(found["train.jsonl"]), len(found["test.jsonl"])) == (3, 1)
    assert len(found["pairs-train.jsonl"]) == 1
    assert "pairs-test.jsonl" not in found
    splits = {each["id"]: each["split"] for each in found["trajectories.jsonl"]}
    assert splits == {"s1-b1": "train", "s3-b1": "test", "s2-b1": "train", "s2-b2": "train"}
    assert ("dataset_info.json" in found) == (kind == "sharegpt")
    assert f"in the format `{kind}`" in found["README.md"]
    if kind == "sharegpt":
        info = json.loads(found["dataset_info.json"])
        assert [each["file_name"] for each in info.values()] == [
            *("train.jsonl", "test.jsonl", "pairs-train.jsonl"),
        ]


def test_by_itself_it_takes_what_succeeded(journals: list[str], tmp_path: Path) -> None:
    found = export(journals, tmp_path / "out", "trl")
    assert [each["id"] for each in found["train.jsonl"]] == ["s1-b1", "s2-b2"]
    left = {each["id"]: each["left_out"] for each in found["trajectories.jsonl"]}
    assert left == {
        "s1-b1": None,
        "s3-b1": "it did not succeed",
        "s2-b1": "it did not succeed",
        "s2-b2": None,
    }
    assert not any(name.startswith("pairs") for name in found)


def test_the_sidecar(journals: list[str], tmp_path: Path) -> None:
    found = export(journals, tmp_path / "out", "openai", "--view", "all")
    line = next(each for each in found["trajectories.jsonl"] if each["id"] == "s2-b1")
    assert line["untrained"] == {"denied": 1, "timeout": 1}
    assert (line["trained"], line["turns"], line["steps"], line["reward"]) == (3, 10, 3, 0.0)
    assert (line["calls"], line["prompt_tokens"], line["usd"]) == (4, 60, 1.0)
    assert (line["agent"], line["model"], line["task"]) == ("claude", "m", "tiny-1")


def test_the_card(journals: list[str], tmp_path: Path) -> None:
    text = export(journals, tmp_path / "out", "trl", "--pairs")["README.md"]
    for line in (
        "2 of 4 recorded trajectories, those that succeeded, in the format `trl`",
        "| to train on | 2 |",
        "| preference pairs | 1 |",
        "| answers to learn from | 5 |",
        "| tokens read | 15 |",
        "| US dollars | 0.25 |",
        "| tiny | 2 | 0 |",
        "| it did not succeed | 2 |",
        "    path: pairs-train.jsonl",
    ):
        assert line in text, text


@pytest.mark.parametrize("name", CORPUS)
def test_nobody_writes_into_the_card(name: str) -> None:
    evil = CORPUS[name].decode("utf-8", "replace") + "|\n# <b>"
    text = card(choose(told(stories.oracle(gold=evil))), "trl", "success", {})
    assert "<b>" not in text
    assert "\n# <" not in text
    assert "\x1b" not in text


def test_a_list(journals: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["trajectories", "list", *journals]) is ExitCode.GOAL
    out = capfd.readouterr().out.splitlines()
    assert [line.split()[:4] for line in out] == [
        ["TRAJECTORY", "PROJECT", "AGENT", "REWARD"],
        ["s1-b1", "tiny", "oracle", "1"],
        ["s3-b1", "other", "oracle", "0"],
        ["s2-b1", "tiny", "m", "0"],
        ["s2-b2", "tiny", "m", "1"],
    ]
    assert run(["trajectories", "list", "--json", *journals]) is ExitCode.GOAL
    assert json.loads(capfd.readouterr().out)[0]["id"] == "s1-b1"


def test_a_session_that_is_named_twice_counts_once(journals: list[str], tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    again.write_bytes(Path(journals[0]).read_bytes())
    found = export([*journals, journals[0], str(again)], tmp_path / "out", "trl")
    assert len(found["trajectories.jsonl"]) == 4


def test_preferences_stay_on_their_side(tmp_path: Path) -> None:
    big = [str(recorded(stories.oracle(f"s{n}", "big"), tmp_path / f"{n}.jsonl")) for n in range(3)]
    journals = [*big, str(recorded(stories.model("s9", "small"), tmp_path / "9.jsonl"))]
    found = export(journals, tmp_path / "out", "messages", "--pairs", "--split", "0.7")
    assert [each["id"] for each in found["test.jsonl"]] == ["s9-b2"]
    assert len(found["pairs-test.jsonl"]) == 1
    assert "pairs-train.jsonl" not in found


def test_half_a_data_set_does_not_stay(tmp_path: Path) -> None:
    def files() -> Iterator[tuple[str, bytes]]:
        yield "train.jsonl", b""
        raise OSError(28, "no room")

    with pytest.raises(OutputError, match="no room"):
        trajectories_command._write(tmp_path / "out", files())
    assert list(tmp_path.iterdir()) == []


def test_mistakes(journals: list[str], tmp_path: Path) -> None:
    words = ["trajectories", "export", journals[1], "--format", "trl", "--curate", "none"]
    with pytest.raises(CligymError, match="none is left: 1 because it did not succeed") as short:
        run([*words, "--out", str(tmp_path / "a")])
    assert code_of(short.value) is ExitCode.SHORT
    assert not (tmp_path / "a").exists()
    with pytest.raises(UsageError, match="is there already"):
        run([*words, "--view", "all", "--out", str(tmp_path)])
    with pytest.raises(UsageError, match="share above 0"):
        run([*words, "--split", "0", "--out", str(tmp_path / "a")])
    with pytest.raises(UsageError, match="--out"):
        run(words)
    empty = recorded([stories.started()], tmp_path / "empty.jsonl")
    with pytest.raises(UsageError, match="nobody did anything"):
        run(["trajectories", "export", str(empty), "--format", "trl", "--out", str(tmp_path / "a")])
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        run([*words, "--view", "all", "--out", str(tmp_path / "file" / "a")])
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_session_that_comes_with_the_program(kind: str, tmp_path: Path) -> None:
    found = export(["demo"], tmp_path / "out", kind, "--view", "all")
    assert found["trajectories.jsonl"]


def test_curation_tags_and_what_is_tagged_is_left_out(
    journals: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["trajectories", "list", "--json", *journals]) is ExitCode.GOAL
    tags = {each["id"]: [tag["name"] for tag in each["tags"]] for each in json.loads(capfd.readouterr().out)}
    assert "length" in tags["s1-b1"]
    words = ["trajectories", "export", *journals, "--format", "trl"]
    with pytest.raises(CligymError, match="tagged: "):
        run([*words, "--out", str(tmp_path / "a")])
    assert run([*words, "--out", str(tmp_path / "a"), "--keep-tagged"]) is ExitCode.GOAL
    with pytest.raises(UsageError, match="cannot be read"):
        run([*words, "--out", str(tmp_path / "b"), "--benchmark", str(tmp_path / "nowhere")])
    prompts = tmp_path / "prompts.txt"
    prompts.write_text(stories.INSTRUCTION)
    assert run(["trajectories", "list", "--json", "--benchmark", str(prompts), *journals]) is ExitCode.GOAL
    found = json.loads(capfd.readouterr().out.partition("[")[2].join(("[", "")))
    assert all("overlap" in [tag["name"] for tag in each["tags"]] for each in found)
