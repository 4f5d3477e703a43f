"""A process is known by its id and its start, so that another one of the same id is not believed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sessions.owner import owner_alive, owner_pid, owner_token


def test_this_process_owns_its_token():
    token = owner_token()
    assert re.fullmatch(r"[0-9]+-[0-9]+", token)
    assert owner_pid(token) == os.getpid()
    assert owner_alive(token)
    assert owner_token() == token
    assert not owner_alive(token + "\n")
    assert not owner_alive(token + " ")


def test_a_reused_pid_is_not_believed():
    pid, started = owner_token().split("-")
    assert not owner_alive(f"{pid}-{int(started) + 1}")


@pytest.mark.parametrize(
    "token", ["", "x", "1", "-5", "12-", "0-0", "../1-1", "99999999999-1", "9999999999-1", "1-1\n"]
)
def test_what_is_no_token_owns_nothing(token):
    assert not owner_alive(token)


def test_a_killed_process_owns_nothing_even_before_it_is_reaped():
    program = "from sessions.owner import owner_token; print(owner_token(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        token = child.stdout.readline().strip()
        assert owner_alive(token)
        child.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not owner_alive(token), "a zombie"
        child.wait()
        assert not owner_alive(token)


def test_the_start_is_found_behind_any_command_name(tmp_path):
    # The name is in parentheses and is not escaped.
    program = tmp_path / "a) Z 1 (b c"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as child:
        try:
            stat = Path(f"/proc/{child.pid}/stat").read_text()
            assert "a) Z 1 (b" in stat
            started = stat.rpartition(")")[2].split()[19]
            assert owner_alive(f"{child.pid}-{started}")
        finally:
            child.kill()
