"""What is left of a terminal's bytes draws and does nothing else, however they are cut."""

from __future__ import annotations

import itertools
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.harmless import LONGEST_STRING, MARKS, Harmless, kind
from tests.hostile import CORPUS, HARMFUL, cut, everything

ALLOWED = re.compile(
    r"[^\x00-\x07\x0e-\x1f\x7f-\x9f]"
    r"|\x1b[78=>DEHM]|\x1b\([0B]"
    r"|\x1b\[[0-9;:]{0,200}[@A-HIJKLMPSTXZ`a-bd-ghlmrsu]"
    r"|\x1b\[\?(?:1|6|7|12|25|45|47|66|1047|1048|1049|2004|2026)(?:;[0-9]+)*[hl]"
    r"|\x1b\[[0-9]* q|\x1b\[!p"
)
SPECIAL = st.sampled_from(
    "\x1b|\x1b[|\x1b]|\x1bP|\x1b\\|\x07|\x9b|;|?|m|\u0301|é|\u200b|\x18|5| |x|\r\n|\xff".encode().split(b"|")
)
STREAMS = st.lists(SPECIAL | st.binary(max_size=4), max_size=40).map(b"".join)


def cleaned(data: bytes, *, asking: bool = False) -> str:
    return Harmless(asking=asking).feed(data, final=True)


@pytest.mark.parametrize("name", CORPUS)
def test_only_what_draws_is_left(name: str) -> None:
    text = cleaned(CORPUS[name] + b"\x18 the end")
    assert ALLOWED.sub("", text) == ""
    assert text.endswith("the end")
    for harm in HARMFUL:
        assert harm.decode("latin-1") not in text or harm == b"\x1b[2J", harm


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain\r\n\ttext\b", "plain\r\n\ttext\b"),
        (b"\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
        (b"\x1b[38:2::1:2:3m", "\x1b[38:2::1:2:3m"),
        (b"\xc2\x9b31mred", "\x1b[31mred"),
        (b"\x9b31m", "\ufffd31m"),
        (b"a\x1b]0;title\x07b\x1b]0;title\x1b\\c\x1b]0;title\x1b[1md", "abc\x1b[1md"),
        (b"\x1b]0;never ended\nmore", ""),
        (b"\x1b]0;called off\x18more", "more"),
        (b"\x1b[999999999C", "\x1b[9999C"),
        (b"x\x1b[999b", "x\x1b[256b"),
        (b"\x1b[3J\x1b[2J\x1b[?1J", "\x1b[2J\x1b[1J"),
        (b"\x1b[?25;1000;1049l", "\x1b[?25;1049l"),
        (b"\x1b[?1000h\x1b[2h", ""),
        (b"\x1b[6n\x1b[c\x1b[>c", ""),
        (b"\x1b[1\x00;2m", ";2m"),
        ("a\u202eb\u200bc".encode(), "a\ufffdbc"),
        ("e\u0301\u0302\u0303\u0304\u0305x".encode(), "e\u0301\u0302\u0303x"),
        ("⚠\ufe0f".encode(), "⚠"),
        (b"\xe6\xbc", "\ufffd"),
    ],
)
def test_one_by_one(data: bytes, text: str) -> None:
    assert cleaned(data) == text


def test_a_full_reset_becomes_what_it_looks_like() -> None:
    assert cleaned(b"\x1bc") == "\x1b[?1049l\x1b[!p\x1b[H\x1b[2J"


def test_questions_stay_in_for_an_emulator() -> None:
    assert cleaned(b"\x1b[6n\x1b[c\x1b[>c\x1b[?25$p\x1b[18t", asking=True) == "\x1b[6n\x1b[c\x1b[>c\x1b[?25$p"


def test_an_open_string_ends_some_time() -> None:
    open_string = b"\x1b]52;c;" + b"A" * (LONGEST_STRING + 10)
    assert len(cleaned(open_string + b"shown")) < 40
    stream = Harmless()
    pieces = [stream.feed(open_string[start : start + 999]) for start in range(0, len(open_string), 999)]
    assert "".join(pieces) + stream.feed(b"shown") == cleaned(open_string + b"shown")


def test_every_character_that_misleads_is_known() -> None:
    bad = [
        chr(code) for code in range(0xA0, 0x110000) if unicodedata.category(chr(code)) in ("Cf", "Zl", "Zp")
    ]
    assert all(kind(char) in ("misleading", "nothing") for char in bad)
    assert all(
        kind(chr(code)) == "nothing" for code in (*range(0xFE00, 0xFE10), 0xE0100, 0x200B, 0x200D, 0xFEFF)
    )
    assert not any(map(kind, "aé漢字─✔\U0001f600\ue0b0"))


@settings(max_examples=200, deadline=None)
@given(STREAMS, st.lists(st.integers(0, 200), max_size=6))
def test_cuts_change_nothing(data: bytes, places: list[int]) -> None:
    stream = Harmless()
    bounds = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    pieces = [stream.feed(data[start:end]) for start, end in itertools.pairwise(bounds)]
    assert "".join(pieces) + stream.feed(b"", final=True) == cleaned(data)
    assert ALLOWED.sub("", cleaned(data)) == ""


@pytest.mark.parametrize("seed", range(3))
def test_everything_in_pieces(seed: int) -> None:
    stream = Harmless()
    text = "".join(map(stream.feed, cut(everything(), seed)))
    assert text + stream.feed(b"", final=True) == cleaned(everything())


@settings(max_examples=100, deadline=None)
@given(STREAMS, STREAMS)
def test_a_saved_stream_goes_on(first: bytes, second: bytes) -> None:
    stream, other = Harmless(), Harmless()
    stream.feed(first)
    other.feed(b"\x1b]0;\xe6")
    other.load(stream.save())
    assert other.feed(second, final=True) == stream.feed(second, final=True)


def test_floods_of_marks_shrink() -> None:
    assert len(cleaned(CORPUS["combining flood"])) == 1 + MARKS
