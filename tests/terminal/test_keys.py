"""Keys become what a terminal sends for them."""

from __future__ import annotations

import pytest

from cligym_tui.terminal.keys import encode, pasted


@pytest.mark.parametrize(
    ("key", "character", "data"),
    [
        ("a", "a", b"a"),
        ("é", "é", "é".encode()),
        ("space", " ", b" "),
        ("slash", "/", b"/"),
        ("enter", "\r", b"\r"),
        ("tab", "\t", b"\t"),
        ("escape", "\x1b", b"\x1b"),
        ("backspace", "\x7f", b"\x7f"),
        ("shift+tab", None, b"\x1b[Z"),
        ("ctrl+c", "\x03", b"\x03"),
        ("ctrl+z", "\x1a", b"\x1a"),
        ("ctrl+backslash", "\x1c", b"\x1c"),
        ("ctrl+@", "\x00", b"\x00"),
        ("up", None, b"\x1b[A"),
        ("shift+up", None, b"\x1b[1;2A"),
        ("ctrl+right", None, b"\x1b[1;5C"),
        ("home", None, b"\x1b[H"),
        ("delete", None, b"\x1b[3~"),
        ("ctrl+delete", None, b"\x1b[3;5~"),
        ("pageup", None, b"\x1b[5~"),
        ("f1", None, b"\x1bOP"),
        ("f5", None, b"\x1b[15~"),
        ("f12", None, b"\x1b[24~"),
        ("alt+x", None, b"\x1bx"),
        ("alt+enter", None, b"\x1b\r"),
        ("ctrl+5", None, b""),
        ("f35", None, b""),
        ("", None, b""),
    ],
)
def test_a_key(key: str, character: str | None, data: bytes) -> None:
    assert encode(key, character) == data


def test_programs_may_want_other_cursor_keys() -> None:
    assert encode("up", None, application=True) == b"\x1bOA"
    assert encode("shift+up", None, application=True) == b"\x1b[1;2A"


def test_nothing_pasted_is_a_key() -> None:
    text = "rm x\nls\r\n\x1b[201~\x03\x1bOA\té"
    assert pasted(text, bracketed=False) == "rm x\rls\r[201~OA\té".encode()
    assert pasted(text, bracketed=True) == "\x1b[200~rm x\rls\r[201~OA\té\x1b[201~".encode()
