"""The real screen over a made-up session, for `bench_screen`: no engine, but a real journal and queue.

Called with the kind of the session and a file for a report of how long the screen's loop was held up.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import threading
import time
from asyncio import events as loops
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cligym_tui.screen.run import run_live
from engine.outbox import Outbox
from sessions import events
from sessions.journal import Journal

RATE = 5000
"""Lines a second of a flood."""
PIECES = 50
"""Events a second they come in."""
LINES = 100_000
"""Lines of a long scrollback."""
TESTS = 5000
STEPS, BRANCH, OUTPUT = 1440, 30, 40_000
"""A day: a command each minute, branches of so many commands, bytes a command prints."""
DAY = 45.0
"""Seconds it takes here."""
Made = Iterator[events.Event | float]
"""Events, and seconds to wait."""


def tests(count: int) -> tuple[str, ...]:
    """Names of tests, fifty in a file."""
    return tuple(f"tests/test_{number // 50:03}.py::case_{number:05}" for number in range(count))


def lines(start: int, count: int) -> bytes:
    """Lines of a log, in colours, each with its number."""
    return b"".join(
        b"\x1b[3%dmline %06d\x1b[m of a \x1b[1mlong\x1b[m log, and what it goes on to say about it\r\n"
        % (number % 7 + 1, number)
        for number in range(start, start + count)
    )


def begin(count: int, branch: str = "b1") -> Made:
    """A session with so many tests, and its first branch."""
    image = "sha256:" + "d7" * 32
    yield events.SessionStarted(session="bench", gold="bench", image=image, agent="none", tests=tests(count))
    yield events.BranchOpened(branch=branch, image=image, container="c0ffee")


def command(branch: str, step: int, output: Iterator[events.Event | float]) -> Made:
    """A command that prints this."""
    yield events.StepProposed(branch=branch, step=step, command=f"make part-{step}", origin="saboteur")
    yield events.CommandStarted(branch=branch, step=step)
    yield from output
    yield events.CommandEnded(
        branch=branch, step=step, outcome="done", exit_code=0, cwd="/app", seconds=1.0, umask="0022"
    )


def suite(branch: str, step: int, count: int, pause: float = 0.0) -> Made:
    """A snapshot whose suite breaks a test in seven."""
    image = f"sha256:{step:064x}"
    change = events.Change(path=f"/app/part-{step}", kind="added")
    place: dict[str, Any] = {"branch": branch, "step": step}
    yield events.SnapshotTaken(image=image, changes=(change,), changed=1, size=120, **place)
    yield events.SuiteStarted(image=image, **place)
    flips, broken = [], 0
    for number, test in enumerate(tests(count)):
        was, now = ("failed" if (number + at) % 7 == 0 and at else "passed" for at in (step - 1, step))
        broken += now == "failed"
        if was != now:
            flips.append(events.Flip(test, was, now))
        yield events.TestReported(
            id=test, outcome=now, message="AssertionError: 1 != 2" if now == "failed" else "", **place
        )
        if pause and number % 20 == 19:
            yield pause
    yield events.SuiteEnded(
        status="complete",
        detail="",
        passed=count - broken,
        broken=broken,
        flips=tuple(flips),
        seconds=9.0,
        **place,
    )


def flood() -> Made:
    """Lines without end."""
    yield from begin(150)
    yield from command("b1", 1, printing(0, 10**9, RATE, PIECES))


def scrollback() -> Made:
    """Many lines, as fast as they can be drawn, and then nothing more."""
    yield from begin(150)
    yield from command("b1", 1, printing(0, LINES, 20_000, PIECES))


def printing(start: int, stop: int, rate: int, pieces: int) -> Made:
    """Lines at a rate, in so many pieces a second."""
    count = rate // pieces
    for number in range(start, stop, count):
        yield events.ShellOutput(branch="b1", step=1, data=lines(number, count))
        yield 1 / pieces


def many() -> Made:
    """Suites of many tests: three that are through, and later one that takes its time, again and again."""
    yield from begin(TESTS)
    for step in (1, 2, 3):
        yield from command("b1", step, iter(()))
        yield from suite("b1", step, TESTS)
    yield 20.0
    for step in range(4, 30):
        yield from command("b1", step, iter(()))
        yield from suite("b1", step, TESTS, pause=0.02)


def day() -> Made:
    """A day's events in less than a minute."""
    yield from begin(150, "b0")
    pieces = 4
    for number in range(STEPS):
        branch, step = f"b{number // BRANCH}", number % BRANCH + 1
        if step == 1 and number:
            yield events.BranchClosed(branch=f"b{number // BRANCH - 1}", outcome="barren")
            yield events.BranchOpened(branch=branch, image="sha256:" + "d7" * 32, container="c0ffee")
        log = lines(number * 1000, OUTPUT // 70 // pieces)
        output = (events.ShellOutput(branch=branch, step=step, data=log) for _ in range(pieces))
        yield from command(branch, step, output)
        yield from suite(branch, step, 150)
        yield DAY / STEPS
    yield events.SessionEnded(outcome="goal")


class Synthetic:
    """A session at work on a thread of its own, as the engine's is; wishes have no effect."""

    session = "bench"
    limit = 0
    failure: BaseException | None = None

    def __init__(self, made: Made, directory: Path) -> None:
        self.over = False
        self.journal_path = directory / "events.jsonl"
        self._made = made
        self._outbox = Outbox()
        self.drain = self._outbox.take
        threading.Thread(target=self._work, daemon=True).start()

    def stop(self) -> None:
        """End it."""
        self.over = True

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *words, **more: None

    def _work(self) -> None:
        due = time.monotonic()
        with Journal(self.journal_path) as journal:
            journal.subscribe(self._outbox.put)
            for each in self._made:
                if self.over:
                    return
                if isinstance(each, float):
                    due += each
                    time.sleep(max(0.0, due - time.monotonic()))
                else:
                    journal.append(each)
        self.over = True


class Probe:
    """How long each thing the screen's loop did held it up, if that was worth a note."""

    def __init__(self) -> None:
        self._noted: list[tuple[float, float, float, str]] = []
        run, main = loops.Handle._run, threading.main_thread()

        def timed(handle: asyncio.Handle) -> None:
            if threading.current_thread() is not main:
                run(handle)
                return
            began, cpu = time.perf_counter(), time.thread_time()
            run(handle)
            ended = time.perf_counter()
            if ended - began > 0.01:
                task = getattr(getattr(handle, "_callback", None), "__self__", None)
                name = task.get_name() if isinstance(task, asyncio.Task) else type(task).__name__
                self._noted.append((began, ended - began, time.thread_time() - cpu, name))

        loops.Handle._run = timed

    def write(self, path: Path) -> None:
        """When that was, how long, how long the processor worked for it, and who it was."""
        path.write_text(json.dumps(self._noted))


KINDS: dict[str, Callable[[], Made]] = {"flood": flood, "scrollback": scrollback, "many": many, "day": day}


def main() -> int:
    """Show the session until the operator leaves."""
    kind, report = sys.argv[1], Path(sys.argv[2])
    probe = Probe()
    with tempfile.TemporaryDirectory(prefix="cligym-bench-", dir=report.parent) as directory:
        live = Synthetic(KINDS[kind](), Path(directory))
        try:
            return run_live(live)
        finally:
            probe.write(report)


if __name__ == "__main__":
    sys.exit(main())
