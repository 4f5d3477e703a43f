"""How the Dockerfile's lines are cut to a pane's width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cligym_tui.screen.panes.dockerfile import spans


def cut(text: str, room: int) -> list[str]:
    return [text[start:end] for start, end in spans(text, room)]


def test_lines_are_cut_at_blanks_and_long_words_anywhere() -> None:
    assert cut("", 8) == [""]
    assert cut("ARG A=1", 8) == ["ARG A=1"]
    assert cut("ARG A=1 B=2", 8) == ["ARG A=1", "B=2"]
    assert cut("RUN x", 4) == ["RUN", "x"]
    assert cut("RUN 0123456789", 8) == ["RUN", "01234567", "89"]
    assert cut("A 0123456789", 8) == ["A 012345", "6789"]
    assert cut("LANG=C.UTF-8 PIP_DISABLE_PIP_VERSION_CHECK=1", 43)[0] == "LANG=C.UTF-8", "on 120 columns"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)), st.integers(8, 40))
def test_nothing_is_lost_but_the_blanks_it_is_cut_at(text: str, room: int) -> None:
    pieces = cut(text, room)
    assert all(len(piece) <= room for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert len(text) - len("".join(pieces)) < len(pieces)
