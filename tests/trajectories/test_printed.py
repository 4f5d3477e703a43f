"""What a command printed is cut out of what its terminal showed."""

from __future__ import annotations

import pytest

from sessions.trajectories.printed import CLIP, KEPT, Printed, clipped, plain

PROMPT = b"\x1b[?2004h\x1b]133;A\x07root@sandbox:/app# \x1b]133;B;2\x07"
ON = b"\r\n\x1b[?2004l\r"


def printed(*pieces: bytes, command: str = "ls") -> str:
    kept = Printed()
    for piece in pieces:
        kept.add(piece)
    return kept.text(command)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (PROMPT + b"ls" + ON + b"a\r\nb\r\n" + PROMPT, "a\nb"),
        (b"ls" + ON + PROMPT, ""),
        (b"ls" + ON + b"no line's end" + PROMPT, "no line's end"),
        (b"/app # ls\r\na\r\n/app # ", "a\n/app # "),
        (b"a\r\n", "a"),
        (b"", ""),
        (b"ls" + ON + b"10%\r50%\r100%\r\n\x1b[31mred\x1b[0m abX\bc" + PROMPT, "100%\nred abc"),
        (b"ls" + ON + b"\x1b]0;title\x07\x1b]133;A\x07fake\r\nreal" + PROMPT, "fake\nreal"),
    ],
)
def test_without_echo_and_prompt(shown: bytes, text: str) -> None:
    assert printed(shown) == text
    assert printed(*(shown[place : place + 1] for place in range(len(shown)))) == text


def test_a_long_output_keeps_both_ends() -> None:
    text = printed(b"ls" + ON + b"first\r\n" + b"x" * 30_000 + b"\r\nlast\r\n" + PROMPT)
    assert text.startswith("first\nxxx")
    assert text.endswith("xxx\nlast")
    assert "characters left out]" in text
    assert len(text) < CLIP + 100


def test_a_flood_costs_no_memory() -> None:
    kept = Printed()
    kept.add(b"ls" + ON + b"first\r\n")
    for _ in range(100):
        kept.add(b"y\r\n" * 10_000)
        assert len(kept._tail) <= 2 * KEPT + 30_000
    kept.add(b"last\r\n" + PROMPT)
    text = kept.text("ls")
    assert text.startswith("first\ny\n")
    assert text.endswith("y\nlast")
    assert "[the middle was left out]" in text


def test_backspaces_are_cheap() -> None:
    assert plain(b"x" * 200_000 + b"\b" * 300_000 + b"y") == "y"


def test_clipping_counts() -> None:
    assert clipped("a" * CLIP) == "a" * CLIP
    assert "[1 characters left out]" in clipped("a" * (CLIP + 1))
