"""The recipe's own tokenizer and template, for the tests; from the script as it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

SCRIPT = Path(__file__).parents[2] / "scripts" / "sft.py"


def recipe() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("sft", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tokenizer(rows: Any = ()) -> Any:
    """A tokenizer of bytes, or of what the rows say, with the recipe's template."""
    sft = recipe()
    made = sft.new_tokenizer(rows)
    made.chat_template = sft.TEMPLATE
    return made
