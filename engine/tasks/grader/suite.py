"""Run the test command, its results on a socket that nobody else ever held.

Unlike a pipe, a socket cannot be opened by way of `/proc`: programs that tests start cannot write to it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple

LIMIT = 64 << 20
"""Bytes of results taken; more is a flood."""
TAIL = 4096
"""Bytes kept of what the suite prints."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Run(NamedTuple):
    """What a run of the suite left."""

    records: bytes
    tail: bytes
    code: int
    """Exit code, negative for a signal."""
    ended: str
    """Empty when it ended by itself, else why not."""


def run(argv: list[str], timeout: float, decided: Callable[[bytes], bool] = lambda data: False) -> Run:
    """The suite's results; after `timeout` seconds its processes are ended.

    So they are as soon as `decided`, which is given the results piece by piece, says that no more are needed.

    Descriptor 3, where the runner writes its results, must be taken by the caller and is reused.
    """
    results, results_in = (end.detach() for end in socket.socketpair())
    printed, printed_in = os.pipe()
    os.dup2(results_in, 3)
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=printed_in,
            stderr=printed_in,
            pass_fds=(3,),
            env={"PATH": PATH},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        return Run(b"", b"", 127, f"the test command cannot be run: {error.strerror}")
    finally:
        os.dup2(0, 3, inheritable=False)
        os.close(results_in)
        os.close(printed_in)
    records, tail, ended = _listen(process, {results, printed}, results, timeout, decided)
    os.close(results)
    os.close(printed)
    with contextlib.suppress(OSError):  # all of it may have ended
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    return Run(records, tail, code, ended)


def _listen(
    process: subprocess.Popen[bytes],
    pipes: set[int],
    results: int,
    timeout: float,
    decided: Callable[[bytes], bool],
) -> tuple[bytes, bytes, str]:
    records, tail = bytearray(), b""
    deadline = time.monotonic() + timeout
    while pipes:
        # What outlives the suite may hold a pipe open: once it has ended, only what is there already counts.
        over = process.poll() is not None
        ready = select.select(list(pipes), [], [], 0 if over else 0.2)[0]
        if over and not ready:
            break
        for fd in ready:
            data = os.read(fd, 1 << 16)
            if not data:
                pipes.discard(fd)
            elif fd == results:
                records += data
                if decided(data):
                    return bytes(records), tail, "enough required tests failed, the others were not run"
            else:
                tail = (tail + data)[-TAIL:]
        if len(records) > LIMIT:
            return b"", tail, "the results are a flood"
        if time.monotonic() > deadline:
            return bytes(records), tail, f"the suite took more than {timeout:.0f} s"
    return bytes(records), tail, ""
