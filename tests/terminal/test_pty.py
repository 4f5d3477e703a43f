"""On a real terminal nothing goes out but what the screen's library sends for friendly text too."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.hostile import HARMFUL

ROOT = Path(__file__).parents[2]
SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"
    rb"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"
    rb"|\x1b[ -/]*[0-~]"
    rb"|\x1b"
    rb"|[\x00-\x1f\x7f]"
    rb"|\xc2[\x80-\x9f]"
)


def on_a_terminal(what: str, seed: int) -> bytes:
    """All an app writes to its terminal of 100 by 30."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    variables = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.terminal.feeding", what, str(seed)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env={**os.environ, **variables, "TEXTUAL_ANIMATIONS": "none"},
        start_new_session=True,
    )
    os.close(theirs)
    written = bytearray()
    try:
        while True:
            try:
                data = os.read(ours, 1 << 16)
            except OSError:
                break
            if not data:
                break
            written += data
    finally:
        os.close(ours)
        assert child.wait(timeout=100) == 0, bytes(written[-2000:])
    return bytes(written)


def kinds(written: bytes) -> set[bytes]:
    """The kinds of sequences and control characters in it, numbers aside."""
    found = {re.sub(rb"[0-9]+(?:;[0-9]+)*(?=[HmABCD])", b"N", each) for each in SEQUENCE.findall(written)}
    return {each for each in found if not re.fullmatch(rb"\x1b\[[0-9;:N]*m", each)}


@pytest.fixture(scope="module")
def friendly() -> set[bytes]:
    return kinds(on_a_terminal("friendly", 1))


@pytest.mark.parametrize("seed", range(2))
def test_no_byte_of_the_container_is_a_sequence(friendly: set[bytes], seed: int) -> None:
    written = on_a_terminal("hostile", seed)
    assert len(written) > 5_000, "how often it draws depends on the machine"
    assert kinds(written) <= friendly
    assert b"\x1b]22;default\x07" in friendly, "the one string sequence of the library's own"
    written = written.replace(b"\x1b]22;default\x07", b"")
    for harm in set(HARMFUL) - {b"\x9b", b"\x9d"}:
        assert harm not in written, harm
    text = written.decode("utf-8")
    assert not re.search("[\x80-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufe0f]", text)
