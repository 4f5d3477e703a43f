"""A row's text may be shown as it is, and takes the columns its cells have."""

from __future__ import annotations

import gc
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from cligym_tui.terminal.rows import BLANK, Row, Span, row, shown
from sessions.harmless import kind

RED, BLUE = Style(color="red"), Style(color="blue")


def test_a_row_ends_where_it_shows_nothing_more() -> None:
    assert row(list("ab   "), [(0, None)]) == Row("ab")
    assert row(list("ab   "), [(0, None), (3, RED)]) == Row("ab   ", (Span(3, 5, RED),))
    assert row(list("     "), [(0, None)]) is BLANK
    assert row([], []) is BLANK
    assert row(list("  "), [(0, None)], wrapped=True) == Row(wrapped=True)


def test_styles_have_places_in_the_text() -> None:
    glyphs = ["漢", "", "e\u0301", "x", "字", ""]
    styles = [(0, RED), (2, BLUE), (3, None), (4, RED)]
    made = row(glyphs, styles)
    text, spans = made.text, made.spans
    assert text == "漢e\u0301x字"
    assert [(text[each.start : each.end], each.style) for each in spans] == [
        ("漢", RED),
        ("e\u0301", BLUE),
        ("字", RED),
    ]


@pytest.mark.parametrize(
    ("glyph", "columns", "text"),
    [
        ("x", 1, "x"),
        ("漢", 2, "漢"),
        ("漢", 1, "\ufffd"),
        ("x", 2, "x "),
        ("e\u0301\u0302\u0303\u0304\u0305", 1, "e\u0301\u0302\u0303"),
        ("\u0301", 1, "\ufffd"),
        ("\x1b", 1, "\ufffd"),
        ("\x9b", 1, "\ufffd"),
        ("\u202e", 1, "\ufffd"),
        ("a\u200d", 1, "a"),
        ("\u200b", 1, " "),
        ("⚠\ufe0f", 2, "⚠ "),
        ("👨\u200d👩", 2, "\ufffd "),
        (" ", 1, " "),
        ("\xa0", 1, " "),
        ("\u3000", 2, "  "),
        ("\ue0b0", 1, "\ue0b0"),
        ("\U000fffff", 1, "\ufffd"),
        ("\n", 1, "\ufffd"),
    ],
)
def test_a_cell_shows_what_fits_it(glyph: str, columns: int, text: str) -> None:
    assert shown(glyph, columns) == text


FORBIDDEN = ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
CELLS = st.lists(st.tuples(st.text(max_size=4), st.booleans()), max_size=20)


@given(CELLS)
def test_any_cells_make_a_clean_row_of_their_width(cells: list[tuple[str, bool]]) -> None:
    glyphs: list[str] = []
    for glyph, wide in cells:
        glyphs += [glyph or " ", ""] if wide else [glyph or " "]
    text = row(glyphs, [(0, RED)] if glyphs else []).text
    assert cell_len(text) == len(glyphs)
    assert not any(unicodedata.category(char) in FORBIDDEN for char in text)
    assert all(kind(char) in ("", "mark") for char in text)


def test_the_collector_need_not_look_through_a_history() -> None:
    found = row(list("ab cd"), [(0, None), (3, RED)])
    assert not gc.is_tracked(found)
    assert not gc.is_tracked(found.spans[0])
