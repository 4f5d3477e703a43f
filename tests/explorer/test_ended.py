"""A screen on a session at work that is ended from outside."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from sessions import events
from sessions.journal import read
from sessions.library import Library
from sessions.summary import JOURNAL_NAME

pytestmark = pytest.mark.docker


def test_a_session_whose_screen_is_ended_comes_to_its_end(home: Path) -> None:
    before_it = {each.id for each in Library().list()}
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    child = subprocess.Popen(
        [sys.executable, "-m", "cligym_tui", "open", "tiny"],
        env={**os.environ, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    shown, until = b"", time.monotonic() + 120
    try:
        while b"wants" not in shown and time.monotonic() < until:
            if select.select([ours], [], [], 1)[0]:
                shown += os.read(ours, 1 << 16)
        assert b"wants" in shown
        child.send_signal(signal.SIGTERM)
        while b"the whole session is in" not in shown and select.select([ours], [], [], 60)[0]:
            shown += os.read(ours, 1 << 16)
        assert child.wait(timeout=60) == 130
        assert termios.tcgetattr(theirs) == before
    finally:
        child.kill()
        os.close(ours)
        os.close(theirs)
    (made,) = {each.id for each in Library().list()} - before_it
    last = list(read(Library().root / made / JOURNAL_NAME))[-2:]
    assert isinstance(last[0], events.BranchClosed)
    assert isinstance(last[1], events.SessionEnded)
