"""Prices and budgets: dated, one's own before ours, and unknown where nothing is known."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.ledger import Budget, Ledger
from engine.models import prices
from engine.models.answer import Usage
from sessions import events

TODAY = date(2026, 11, 25)
MILLION = Usage(
    input=1_000_000, output=1_000_000, cache_read=1_000_000, cache_write=1_000_000, cache_hour=1_000_000
)


def test_five_prices() -> None:
    table = prices.load()
    assert table.cost("claude-opus-5-5", MILLION, TODAY) == pytest.approx(4 + 20 + 5 + 8 + 0.2)
    assert table.cost("claude-opus-5-5", MILLION, TODAY, batch=True) == pytest.approx(37.2 / 2)
    assert table.cost("claude-opus-5-5-20260901", MILLION, TODAY) == pytest.approx(37.2)


def test_a_long_prompt_costs_more() -> None:
    table = prices.load()
    assert table.cost("claude-haiku-5-5", Usage(input=100_000), TODAY) == pytest.approx(0.01)
    assert table.cost("claude-haiku-5-5", Usage(input=1, cache_read=100_000), TODAY) == pytest.approx(
        0.0050005
    )


def test_unknown_is_not_nothing() -> None:
    table = prices.load()
    assert table.cost("claude-mythos-1", MILLION, TODAY) is None
    assert table.cost("claude-opus-5-5", Usage(input=1, plain=False), TODAY) is None
    assert table.cost("claude-mythos-1", Usage(), TODAY) == 0.0  # what used nothing costs nothing
    with pytest.raises(UsageError, match="no price is known for qwen"):
        Budget(usd=1).check(table, "claude-opus-5-5", "qwen")
    Budget(tokens=1).check(table, "qwen")


def test_ones_own_lines_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[[price]]\nmodel = "claude-opus-5-5"\nusd = [1, 1, 1, 1, 1]\n'
        '[[price]]\nmodel = "claude-opus-5-5"\nusd = [2, 2, 2, 2, 2]\nsince = 2026-12-01\n'
        '[[price]]\nmodel = "qwen"\nusd = [0, 0, 0, 0, 0]\n'
    )
    monkeypatch.setenv("CLIGYM_PRICES", str(own))
    table = prices.load()
    assert table.cost("claude-opus-5-5", MILLION, TODAY) == 5
    assert table.cost("claude-opus-5-5", MILLION, date(2026, 12, 1)) == 10
    assert table.cost("qwen", MILLION, TODAY) == 0 and table.knows("claude-sonnet-5-5")
    own.write_text("[[price]]\nmodel = 3\n")
    with pytest.raises(UsageError, match=r"own\.toml"):
        prices.load()


def test_an_earlier_process_counts() -> None:
    ledger = Ledger(Budget(tokens=30))
    answered = events.ModelAnswered(
        call=3, outcome="done", branch="b1", input_tokens=20, output_tokens=4, usd=0.5
    )
    ledger.recall([events.ModelAsked(call=3, purpose="explore", model="m"), answered])
    ledger.take(events.ModelAnswered(call=4, outcome="broken", branch="b2", usage=False))
    assert (ledger.calls, ledger.spent.tokens, ledger.spent.usd) == (3, 24, 0.5)
    assert ledger.branches["b1"].exact and ledger.branches["b2"].vague == 1
    ledger.check()
