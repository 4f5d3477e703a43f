#!/usr/bin/env python3
"""Fine-tunes a model on an export of trajectories (`--format trl`) with TRL; see docs/training.md.

Without `--model` it makes a tiny one of random weights, with a tokenizer of its own made from the data: that
learns nothing of use, but proves on any CPU, without network, that data, masks and checkpoint work.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Dataset

START, END, PAD = "<|im_start|>", "<|im_end|>", "<|endoftext|>"

TEMPLATE = r"""
{%- if tools %}{{ '<|im_start|>system\nTools: ' + (tools | tojson) + '<|im_end|>\n' }}{% endif %}
{%- for message in messages %}
  {{- '<|im_start|>' + message.role + '\n' }}
  {%- set said %}
    {%- if message.reasoning_content %}
      {{- '<think>\n' + message.reasoning_content + '\n</think>\n\n' }}
    {%- endif %}
    {{- message.content or '' }}
    {%- for call in message.tool_calls or [] %}
      {%- set asked = {'name': call.function.name, 'arguments': call.function.arguments} %}
      {{- '\n<tool_call>\n' + (asked | tojson) + '\n</tool_call>' }}
    {%- endfor %}
    {{- '<|im_end|>' }}
  {%- endset %}
  {%- if message.role == 'assistant' and message.train is not false %}
    {%- generation %}{{ said }}{% endgeneration %}
  {%- else %}
    {{- said }}
  {%- endif %}
  {{- '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""
"""ChatML that learns an assistant's message only if its `train` says so; TRL's templates learn them all."""


def load(data: Path) -> Dataset:
    """The rows to train on."""
    from datasets import load_dataset

    return load_dataset("json", data_files=str(data / "train.jsonl"), split="train")


def new_tokenizer(rows: Dataset, size: int = 2000) -> Any:
    """A byte-level tokenizer made from what the rows say."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator((json.dumps(row["messages"], ensure_ascii=False) for row in rows), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token=END, pad_token=PAD)


def new_model(tokenizer: Any) -> Any:
    """A model of two small layers and random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=96,
            intermediate_size=192,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=8192,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def masked(tokenizer: Any, row: dict[str, Any]) -> tuple[list[int], list[int]]:
    """A row's tokens, and for each whether it is learned."""
    tools = json.loads(row["tools"])
    found = tokenizer.apply_chat_template(
        row["messages"], tools=tools, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    return found["input_ids"], found["assistant_masks"]


def learnable(tokenizer: Any, rows: Dataset, length: int) -> Dataset:
    """The rows in whose first `length` tokens there is something to learn; says what there is."""
    kept, tokens, learned = [], 0, 0
    for number, row in enumerate(rows):
        _, mask = masked(tokenizer, row)
        if any(mask[:length]):
            kept.append(number)
            tokens += min(len(mask), length)
            learned += sum(mask[:length])
    said = f"{len(kept)} of {len(rows)} trajectories, {tokens} tokens, {learned} of them to learn"
    print(said, flush=True)
    if not kept:
        sys.exit("nothing to learn: a larger --length may help")
    return rows.select(kept)


def train(asked: argparse.Namespace) -> int:
    """Train, save, and look whether it worked; the exit code."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    rows = load(asked.data)
    tokenizer = AutoTokenizer.from_pretrained(asked.model) if asked.model else new_tokenizer(rows)
    if not asked.own_template:
        tokenizer.chat_template = TEMPLATE
        rows = learnable(tokenizer, rows, asked.length)
    config = SFTConfig(
        output_dir=str(asked.out),
        max_steps=asked.steps,
        per_device_train_batch_size=asked.batch,
        gradient_accumulation_steps=asked.accumulate,
        learning_rate=asked.rate,
        max_length=asked.length,
        assistant_only_loss=True,
        bf16=not asked.cpu,
        use_cpu=asked.cpu,
        gradient_checkpointing=not asked.cpu,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=asked.seed,
    )
    model = AutoModelForCausalLM.from_pretrained(asked.model) if asked.model else new_model(tokenizer)
    trainer = SFTTrainer(model=model, args=config, train_dataset=rows, processing_class=tokenizer)
    trainer.train()
    trainer.save_model(str(asked.out))
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    tenth = max(1, len(losses) // 10)
    first, last = sum(losses[:tenth]) / tenth, sum(losses[-tenth:]) / tenth
    print(f"loss {first:.3f} -> {last:.3f} in {len(losses)} steps", flush=True)
    again = AutoModelForCausalLM.from_pretrained(asked.out)
    print(f"{asked.out} loads again: {again.num_parameters()} parameters")
    print(f"first answer: {_says(asked, rows[0])!r}")
    return 0 if last < first else 1


def _says(asked: argparse.Namespace, row: dict[str, Any]) -> str:
    """What the checkpoint answers first in a conversation it has seen."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(asked.out)
    model = AutoModelForCausalLM.from_pretrained(asked.out)
    place = next(number for number, each in enumerate(row["messages"]) if each["role"] == "assistant")
    prompt = tokenizer.apply_chat_template(
        row["messages"][:place],
        tools=json.loads(row["tools"]),
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
    )
    said = model.generate(**prompt, max_new_tokens=40, do_sample=False)
    return str(tokenizer.decode(said[0][prompt["input_ids"].shape[1] :], skip_special_tokens=True))


def main(argv: list[str] | None = None) -> int:
    """Read the call and train."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", type=Path, help="what `trajectories export --format trl` wrote")
    parser.add_argument("--out", type=Path, required=True, help="where the checkpoint goes")
    parser.add_argument("--model", help="a directory or a name on the hub (default: a tiny new one)")
    parser.add_argument(
        "--own-template",
        action="store_true",
        help="use the model's chat template; then every assistant's message is learned",
    )
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("--rate", type=float, help="learning rate (default 5e-3 for the tiny one, else 1e-5)")
    parser.add_argument("--length", type=int, default=4096, help="tokens of a trajectory that are looked at")
    parser.add_argument("--cpu", action="store_true", help="also where there is something better")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(argv)
    asked.rate = asked.rate or (1e-5 if asked.model else 5e-3)
    if not asked.model:
        # Whoever tries this on a laptop needs no hub and no graphics card.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        asked.cpu = True
    import torch
    from transformers import set_seed

    set_seed(asked.seed)
    asked.cpu = asked.cpu or not torch.cuda.is_available()
    return train(asked)


if __name__ == "__main__":
    sys.exit(main())
