"""Both emulators keep to the protocol; the real one to what terminals do."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from rich.style import Style

from cligym_tui.terminal.board import BoardEmulator
from cligym_tui.terminal.emulator import Emulator, emulator
from cligym_tui.terminal.lines import LineEmulator
from cligym_tui.terminal.rows import Row
from tests.terminal.streams import stream

Make = Callable[[int, int], Emulator]
BOTH = pytest.mark.parametrize("make", [BoardEmulator, LineEmulator])


def screen(one: Emulator) -> list[str]:
    return [one.row(y).text for y in range(one.rows)]


def fed(make: Make, text: str, columns: int = 10, rows: int = 3) -> Emulator:
    one = make(columns, rows)
    one.feed(text)
    return one


def test_the_real_one_is_preferred() -> None:
    assert isinstance(emulator(10, 3), BoardEmulator)


@BOTH
def test_lines_carriage_returns_and_backspaces(make: Make) -> None:
    one = fed(make, "abc\r\n10%\r100%\r\nxy\bz\tt")
    assert screen(one) == ["abc", "100%", "xz      t"]
    assert one.cursor == (9, 2)


@BOTH
def test_long_lines_wrap_and_scroll_off(make: Make) -> None:
    one = fed(make, "0123456789abcde\r\n\r\n\r\nlast")
    assert [row.text for row in one.scrolled()] == ["0123456789", "abcde"]
    assert one.scrolled() == []
    assert screen(one) == ["", "", "last"]


@BOTH
def test_a_wrapped_row_says_so(make: Make) -> None:
    one = fed(make, "0123456789abcde")
    assert (one.row(0).wrapped, one.row(1).wrapped) == (True, False)


@BOTH
def test_colours_and_their_end(make: Make) -> None:
    one = fed(make, "a\x1b[31;1mb\x1b[0mc \x1b[48;5;9mx\x1b[m \x1b[38;2;1;2;3my")
    spans = [(span.start, span.end, span.style) for span in one.row(0).spans]
    assert spans == [
        (1, 2, Style(color="color(1)", bold=True)),
        (4, 5, Style(bgcolor="color(9)")),
        (6, 7, Style(color="#010203")),
    ]


@BOTH
def test_wide_and_combined_characters(make: Make) -> None:
    one = fed(make, "漢e\u0301x字\r\n123456789漢")
    assert screen(one) == ["漢e\u0301x字", "123456789", "漢"]


@BOTH
def test_erasing_to_the_end_of_the_line(make: Make) -> None:
    assert screen(fed(make, "Loading\r\x1b[KDone"))[:1] == ["Done"]
    assert screen(fed(make, "abcdef\x1b[3D\x1b[K"))[:1] == ["abc"]
    assert screen(fed(make, "abcdef\x1b[2K"))[:1] == [""]
    assert screen(fed(make, "abcdef\x1b[4G\x1b[1K"))[:1] == ["    ef"]


@BOTH
def test_another_size_keeps_the_end(make: Make) -> None:
    one = fed(make, "1\r\n2\r\n3\r\n4", 10, 4)
    one.resize(10, 2)
    assert screen(one) == ["3", "4"]
    assert [row.text for row in one.scrolled()] == ["1", "2"]
    assert one.cursor == (1, 1)
    one.resize(20, 3)
    assert (one.columns, one.rows) == (20, 3)
    one.feed("x" * 15)
    assert any("x" * 15 in text for text in screen(one))


@BOTH
@pytest.mark.parametrize("seed", range(6))
def test_a_saved_moment_goes_on_like_the_first(make: Make, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(15):
        first, second = stream(dice), stream(dice)
        one, other = make(20, 6), make(80, 24)
        one.feed(first)
        other.feed("junk\x1b[?1049h\x1b[5;5Hmore\x1b[31m")
        other.load(one.save())
        one.scrolled()
        for each in (one, other):
            each.feed(second)
        assert state(one) == state(other), (first, second)


def state(one: Emulator) -> tuple[object, ...]:
    rows = [one.row(y) for y in range(one.rows)]
    flags = one.cursor_visible, one.application_cursor, one.bracketed_paste, one.alternate
    return rows, one.cursor, one.scrolled(), flags


@pytest.mark.parametrize("seed", range(6))
def test_what_changed_is_told(seed: int) -> None:
    dice = random.Random(seed)
    one = BoardEmulator(20, 6)
    seen = [Row()] * 6
    for _ in range(60):
        one.feed(stream(dice, 6))
        for y in one.dirty():
            seen[y] = one.row(y)
        assert seen == [one.row(y) for y in range(6)]


def test_programs_that_draw_all_over_the_screen() -> None:
    one = fed(BoardEmulator, "shell\x1b[?1049h\x1b[2J\x1b[2;3Hvi\x1b[?25l\x1b[?1h\x1b[?2004h")
    assert screen(one) == ["", "  vi", ""]
    assert (one.alternate, one.cursor_visible, one.application_cursor, one.bracketed_paste) == (
        True,
        False,
        True,
        True,
    )
    one.feed("\x1b[?1049l\x1b[?25h")
    assert screen(one) == ["shell", "", ""]
    assert (one.alternate, one.cursor) == (False, (5, 0))


def test_a_program_begins_on_a_blank_page() -> None:
    one = fed(BoardEmulator, "shell\x1b[?1049h\x1b[2J\x1b[Hvi\r\nhere\x1b[?1049l\r\n")
    one.feed("\x1b[?1;1049hless")
    assert screen(one) == ["", "less", ""]
    one.feed("\x1b[?1049l")
    assert screen(one) == ["shell", "", ""]


def test_answers_have_a_known_shape() -> None:
    one = fed(BoardEmulator, "ab\x1b[6n\x1b[c\x1b[5n\x1b[?25$p")
    assert one.replies() == b"\x1b[1;3R\x1b[?62;1;6;8;9;15;18;21;22;23c\x1b[0n\x1b[?25;1$y"
    assert one.replies() == b""
    one.feed("\x1b[6n" * 100_000)
    assert len(one.replies()) < 5000


def test_hidden_and_blinking_text_is_shown() -> None:
    one = fed(BoardEmulator, "\x1b[8mhidden\x1b[5m")
    assert one.row(0) == Row("hidden")
