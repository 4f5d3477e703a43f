"""The program on a terminal of its own: keys go in, and what is painted is looked at with a clock."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
FRAME_END = b"\x1b[?2026l"
"""What ends a frame, on a terminal that paints frames whole."""
PATIENCE = 30.0
"""Seconds after which what was waited for does not come any more."""


class Missing(Exception):
    """Something was never painted."""


class Screen:
    """A child process on a terminal, and a thread that reads what it paints. To be used with `with`."""

    def __init__(
        self, argv: Sequence[str], variables: Mapping[str, str], cwd: Path, rows: int = 40, columns: int = 120
    ) -> None:
        self._written = bytearray()
        self._read: list[tuple[int, float]] = []
        """How much had been written at which time."""
        self.worked: list[float] = []
        """For each key that was waited for, the seconds processors worked for the child meanwhile."""
        self._more = threading.Condition()
        self._reading = threading.Event()
        self._reading.set()
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
        self.began = time.perf_counter()
        self.child = subprocess.Popen(
            [sys.executable, *argv],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env={**os.environ, **terminal, **variables},
            start_new_session=True,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._go_on_reading, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.set()
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self._reader.join(5)
        os.close(self._ours)

    @property
    def resident(self) -> float:
        """Memory of the child, in MB."""
        pages = int(Path(f"/proc/{self.child.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    @property
    def work(self) -> float:
        """Seconds processors worked for the child; what other programs took is not in it."""
        threads = Path(f"/proc/{self.child.pid}/task").glob("*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in threads) / 1e9

    @property
    def painted(self) -> int:
        """How much was written to the terminal so far."""
        return len(self._written)

    def press(self, keys: str) -> int:
        """Send keys; how much had been painted before."""
        before = self.painted
        os.write(self._ours, keys.encode())
        return before

    def paint(self, keys: str, shows: str) -> float:
        """Press keys and wait for a whole frame in which this pattern is; the seconds that took."""
        work, began = self.work, time.perf_counter()
        ended = self.wait(shows, self.press(keys))
        self.worked.append(self.work - work)
        return ended - began

    def wait(self, shows: str, since: int = 0, patience: float = PATIENCE) -> float:
        """Wait for the end of a frame that was written after `since` and shows this pattern; the time then.

        Raises:
            Missing: there was none.
        """
        pattern = re.compile(shows.encode())
        until = time.perf_counter() + patience
        with self._more:
            while True:
                if found := pattern.search(self._written, since):
                    end = self._written.find(FRAME_END, found.end())
                    # Before it has asked, the program does not know that frames can be whole.
                    if end < 0 and FRAME_END not in self._written[:since]:
                        end = found.end()
                    if end >= 0:
                        return next(at for total, at in self._read if total >= end)
                if self.child.poll() is not None or not self._more.wait(until - time.perf_counter()):
                    last = bytes(self._written[-300:])
                    raise Missing(f"{shows!r} was not painted; exit code {self.child.poll()}, last {last!r}")

    def settle(self, seconds: float = 0.3) -> None:
        """Wait until nothing was painted for a while, a clock's ticking aside."""
        while True:
            before = self.painted
            time.sleep(seconds)
            if self.painted - before < 1500 + 3000 * seconds:
                return

    def stall(self, stalled: bool) -> None:
        """Stop reading what the program writes, as a terminal does that hangs; or go on."""
        if stalled:
            self._reading.clear()
        else:
            self._reading.set()

    def quit(self, *keys: str) -> int:
        """Press keys that end it; its exit code."""
        for key in keys:
            self.press(key)
            time.sleep(0.5)
        return self.child.wait(PATIENCE)

    def _go_on_reading(self) -> None:
        while True:
            self._reading.wait()
            try:
                data = os.read(self._ours, 1 << 16)
            except OSError:
                break
            if not data:
                break
            if b"\x1b[?2026$p" in data:
                os.write(self._ours, b"\x1b[?2026;2$y")
            with self._more:
                self._written += data
                self._read.append((len(self._written), time.perf_counter()))
                self._more.notify_all()
