"""What may be shown and stored, whatever came in."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import clean

ANY = st.text(st.characters(codec=None), max_size=300)


@given(ANY)
def test_a_line_is_one_line_and_harmless(text: str) -> None:
    shown = clean.line(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Cf", "Zl", "Zp") for char in shown)
    shown.encode("utf-8")


@given(ANY, ANY)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert (clean.line(one, 10_000) == clean.line(other, 10_000)) <= (one == other or "\\" in one + other)


@given(ANY)
def test_a_block_is_harmless_but_for_its_line_ends(text: str) -> None:
    shown = clean.block(text)
    assert all(char == "\n" or unicodedata.category(char) not in ("Cc", "Cs", "Cf") for char in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("10%\r50%\rdone\r\nnext", "done\nnext"),
        ("a\tb", "a       b"),
        ("a\x00b\x7f", "a\\x00b\\x7f"),
        ("\u202eabc", "\\u202eabc"),
        ("\udcff", "\\udcff"),
    ],
)
def test_blocks(text: str, shown: str) -> None:
    assert clean.block(text) == shown


def test_limits() -> None:
    assert len(clean.line("x" * 10_000, 100)) == 100
    assert len(clean.line("\x00" * 10_000, 100)) == 100
    assert clean.block("x" * 10_000 + "end", 10) == "xxxxxxxend"
