"""The recipe of docs/training.md runs: it learns what it should and nothing else, and what it saves loads."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from cligym_tui.cli import run
from sessions.exports import trl
from tests.trajectories import stories
from tests.trajectories.stories import recorded, told

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(not importlib.util.find_spec("trl"), reason="scripts/train-check installs it"),
]


def test_only_what_is_to_be_learned_is() -> None:
    from tests.train.tiny import recipe, tokenizer

    words = tokenizer()
    failed, _ = told(stories.model())
    tokens, mask = recipe().masked(words, trl.row(failed))
    learned = words.decode([token for token, one in zip(tokens, mask, strict=True) if one])
    said = "<think>\nhm well\n</think>\n\nI look.\n<tool_call>\n"
    call = '{"name": "bash", "arguments": {"command": "%s"}}\n</tool_call><|im_end|>'
    assert learned == said + call % "ls" + said + call % "true" + "I give up.<|im_end|>"
    assert "rm -rf /" in words.decode(tokens), "what was denied is read, and not learned"


@pytest.mark.timeout(600)
def test_the_loss_goes_down_and_the_checkpoint_loads(tmp_path: Path) -> None:
    from tests.train.tiny import SCRIPT

    journals = [
        str(recorded(events, tmp_path / f"{number}.jsonl"))
        for number, events in enumerate([stories.oracle("s1"), stories.model("s2")])
    ]
    data = tmp_path / "data"
    words = ["--format", "trl", "--out", str(data), "--curate", "none"]
    assert run(["trajectories", "export", *journals, *words]) == 0
    argv = [sys.executable, str(SCRIPT), str(data), "--out", str(tmp_path / "model"), "--steps", "30"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    first, last = (float(part.split()[0]) for part in done.stdout.split("loss ")[1].split(" -> "))
    assert last < first / 2
    assert "loads again" in done.stdout


@pytest.mark.timeout(600)
def test_preferences_train_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.train.tiny import recipe

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    journal = str(recorded(stories.model("s2"), tmp_path / "2.jsonl"))
    data = tmp_path / "data"
    words = ["--format", "trl", "--out", str(data), "--curate", "none", "--pairs"]
    assert run(["trajectories", "export", journal, *words]) == 0
    from datasets import load_dataset
    from trl import DPOConfig, DPOTrainer

    sft = recipe()
    tokenizer = sft.new_tokenizer(sft.load(data))
    tokenizer.chat_template = sft.TEMPLATE
    pairs = load_dataset(str(data), "pairs", split="train", cache_dir=str(tmp_path / "cache"))
    config = DPOConfig(
        output_dir=str(tmp_path / "model"),
        max_steps=8,
        learning_rate=1e-3,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    # It loads what it compares with a second time, by its name.
    sft.new_model(tokenizer).save_pretrained(tmp_path / "first")
    trainer = DPOTrainer(
        model=str(tmp_path / "first"), args=config, train_dataset=pairs, processing_class=tokenizer
    )
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[-1] < losses[0]
