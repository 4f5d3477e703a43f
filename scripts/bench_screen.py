"""Measures the screen on a real terminal: how soon it is there, answers keys, and what it never holds up.

Sessions are made up or recorded, so no engine is needed. Times of keys are from the key to the end of the
frame that shows what it did, as a terminal reads it.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import bench_recording
from bench_live import DAY, LINES, RATE
from bench_table import Table
from bench_terminal import ROOT, Missing, Screen

from cligym_tui.demo import DEMO

PROGRAM = ("-m", "cligym_tui")
QUIET = 8.0
"""Seconds without keys, in which only what happens can hold up the loop."""
STALL = 3.0
"""Seconds a terminal hangs."""
WARM = 12.0
"""Seconds of the day that only fill what is always full later."""


def centile(values: Iterable[float]) -> float:
    """The 95th percentile."""
    found = sorted(values)
    return found[max(0, -(-len(found) * 95 // 100) - 1)]


class Bench:
    """What all measurements share: a table, and a directory that stands for a home."""

    def __init__(self, table: Table, home: Path, rounds: int) -> None:
        self.table, self.home, self.rounds = table, home, rounds
        self.report = home / "report.json"
        self.variables = {"CLIGYM_STATE": str(home / "state"), "DOCKER_HOST": f"unix://{home}/nothing.sock"}

    def screen(self, *argv: str) -> Screen:
        """A program on a terminal."""
        return Screen(argv, self.variables, self.home)

    def live(self, kind: str) -> Screen:
        """The screen over a session that is made up."""
        return self.screen(str(ROOT / "scripts" / "bench_live.py"), kind, str(self.report))

    def times(self, what: str, seconds: Iterable[float], bound: float, screen: Screen | None = None) -> None:
        """A line about many times: the 95th percentile, and of keys also how much of it was work."""
        found = sorted(seconds)
        detail = f"median {statistics.median(found) * 1e3:.0f}, most {found[-1] * 1e3:.0f} ms, n={len(found)}"
        if screen:
            detail += f"; at work {centile(screen.worked[-len(found) :]) * 1e3:.0f} ms"
        self.table.say(what, centile(found) * 1e3, bound, "ms", detail)

    # Beginning

    def begin(self) -> None:
        """The help, and the first frames."""
        took = []
        for _ in range(self.rounds):
            began = time.perf_counter()
            variables = {**os.environ, "PYTHONPATH": str(ROOT)}
            subprocess.run(
                [sys.executable, *PROGRAM, "--help"], stdout=subprocess.DEVNULL, env=variables, check=True
            )
            took.append(time.perf_counter() - began)
        self.times("--help", took[1:], 300)
        for number in range(20):
            session = self.home / "state" / "sessions" / f"20261120-1310{number:02}-dw5s"
            session.mkdir(parents=True, exist_ok=True)
            (session / "events.jsonl").write_bytes(DEMO.read_bytes())
        for what, words, shows in (
            ("first frame of the home screen", (), "To look at first"),
            ("first frame of replay demo", ("replay", "demo"), "0 of 152 broken"),
        ):
            took = []
            for _ in range(self.rounds):
                with self.screen(*PROGRAM, *words) as screen:
                    took.append(screen.wait(shows) - screen.began)
                    screen.quit("q")
            self.times(what, took[1:], 800)

    # Under load

    def flood(self) -> None:
        """Lines that pour in, keys meanwhile, and a terminal that hangs."""
        with self.live("flood") as screen:
            screen.wait(f"line 0{2 * RATE // 10_000}")
            began = time.perf_counter()
            time.sleep(QUIET)
            ended, keys = time.perf_counter(), []
            for number in range(1, self.rounds + 1):
                keys.append(screen.paint("i", "Tell the agent"))
                keys += [screen.paint("Z", "Z" * count) for count in range(1, 4)]
                screen.press("\x1b")
                time.sleep(0.3)
                keys.append(screen.paint("z", "max z"))
                time.sleep(0.1 + number % 7 / 50)
                keys.append(screen.paint("z", "1 shell"))
                time.sleep(0.1 + number % 5 / 50)
            self.times(f"key to paint, {RATE} lines/s", keys, 100, screen)
            self._stall(screen)
            screen.quit("q", "y")
        self._held_up(f"loop held up by {RATE} lines/s", began, ended)

    def _stall(self, screen: Screen) -> None:
        journal = next(self.home.glob("cligym-bench-*/events.jsonl"))
        grown = []
        for stalled in (False, True):
            screen.stall(stalled)
            time.sleep(0.5)  # what is on its way fills the terminal's own buffers first
            before, began = journal.stat().st_size, time.perf_counter()
            time.sleep(STALL)
            grown.append((journal.stat().st_size - before) / (time.perf_counter() - began))
        detail = f"{grown[0] / 1e3:.0f} kB/s of journal, {grown[1] / 1e3:.0f} while it hangs"
        self.table.say("engine beside a terminal that hangs", grown[0] / grown[1], 1 / 0.95, "x", detail)
        newest = (
            int(journal.read_bytes().rsplit(b'"data"', 1)[0].count(b'"shell.output"')) * (RATE // 50) - RATE
        )
        since, began = screen.painted, time.perf_counter()
        screen.stall(False)
        shows = (
            "line ("
            + "|".join(f"{number // 1000:03}" for number in range(newest, newest + 60_000, 1000))
            + ")"
        )
        self.table.say("  and seconds until it shows the newest", screen.wait(shows, since) - began, 5, "s")

    def _held_up(self, what: str, began: float, ended: float) -> None:
        """The longest the screen's loop worked on one thing; the clock counts other programs, too."""
        noted = [each for each in json.loads(self.report.read_text()) if began <= each[0] <= ended]
        _, clock, work, who = max(noted, key=lambda each: each[2], default=(0.0, 0.0, 0.0, "nobody"))
        most = max((each[1] for each in noted), default=0.0)
        self.table.say(
            what, work * 1e3, 50, "ms", f"{clock * 1e3:.0f} by the clock, {most * 1e3:.0f} at most; {who}"
        )

    # Much to show

    def scrollback(self) -> None:
        """Moving about in many lines."""
        with self.live("scrollback") as screen:
            screen.wait(f"line {LINES - 1:06}", patience=60)
            screen.settle()
            keys = [screen.paint("g", "line 000000")]
            keys += [screen.paint("G", f"line {LINES - 1:06}"), screen.paint("g", "line 000000")]
            for _ in range(4 * self.rounds):
                keys.append(screen.paint("\x04", "line 0"))
                screen.settle(0.05)
            for _ in range(4 * self.rounds):
                keys.append(screen.paint("j", "line 0"))
                screen.settle(0.05)
            self.times("key to paint, 100,000 lines", keys, 100, screen)
            screen.paint("/", "/")
            screen.press("line 000777")
            screen.settle()
            self.times("search through all of them", [screen.paint("\r", "line 000770")], 500)
            screen.quit("q", "y")

    def many(self) -> None:
        """Moving about in many tests, while nothing happens and while their suite runs."""
        with self.live("many") as screen:
            screen.wait("case_0")
            screen.settle(1.0)
            began = 0.0
            for what in ("5,000 tests", "5,000 tests as they run"):
                screen.press("2")
                time.sleep(0.3)
                keys = []
                for key in ("j", "\x04", "s", "G", "g", "k", "j", "\x15") * self.rounds:
                    keys.append(screen.paint(key, "case_0"))
                    time.sleep(0.12)
                self.times(f"key to paint, {what}", keys, 100, screen)
                began = began or screen.wait("to come", screen.painted, 60)
            began = time.perf_counter()
            time.sleep(QUIET)
            ended = time.perf_counter()
            screen.quit("q", "y")
        self._held_up("loop held up by 5,000 tests", began, ended)

    def day(self) -> None:
        """What a day's events leave in memory."""
        with self.live("day") as screen:
            screen.wait("step 3")
            began = time.perf_counter()
            time.sleep(WARM)
            warm, most, since = screen.resident, 0.0, screen.painted
            while True:
                most = max(most, screen.resident)
                with contextlib.suppress(Missing):
                    screen.wait("■ goal", since, 0.5)
                    break
            ended = time.perf_counter()
            screen.settle()
            last = screen.resident
            detail = f"{warm:.0f} MB after {WARM:.0f} s, {most:.0f} at the most, {last:.0f} at the end"
            self.table.say("memory over a day", max(most, last) - warm, 60, "MB", detail)
            screen.quit("q")
        self._held_up(f"loop held up by a day in {DAY:.0f} s", began, ended)

    # Replays

    def replay(self) -> None:
        """Anywhere in an hour, and step by step."""
        journal = self.home / "hour.jsonl"
        bench_recording.record(journal)
        steps = bench_recording.STEPS
        with self.screen(*PROGRAM, "replay", str(journal), "--at", "1") as screen:
            opened = screen.wait("step 001 piece 19") - screen.began
            self.table.say(
                "first frame of an hour's recording", opened, 5, "s", f"{journal.stat().st_size / 1e6:.0f} MB"
            )
            screen.settle(1.0)
            seeks, there = [], 0
            for digit in "37190825461" * 3:
                if digit == "0":
                    seeks.append(screen.paint(digit, "open"))
                else:
                    there = int(digit) * steps // 10
                    seeks.append(screen.paint(digit, f"step {there:03} piece|step {there + 1:03} piece"))
                screen.settle(0.2)
            self.times("seek in an hour's recording", seeks, 150, screen)
            screen.press("5")
            screen.settle()
            on, back, at = [], [], steps // 2
            for _ in range(3 * self.rounds):
                at += 1
                on.append(screen.paint(".", f"step {at:03} piece 19"))
                screen.settle(0.1)
            self.times("step forward", on, 100, screen)
            for _ in range(3 * self.rounds):
                at -= 1
                back.append(screen.paint(",", f"step {at:03} piece 19"))
                screen.settle(0.1)
            self.times("step back", back, 100, screen)
            screen.quit("q")


def measure(table: Table, rounds: int, only: str = "") -> None:
    """All measurements, or the one of this name."""
    parts = {
        part.__name__: part
        for part in (Bench.begin, Bench.flood, Bench.scrollback, Bench.many, Bench.day, Bench.replay)
    }
    if only and only not in parts:
        raise SystemExit(f"there is no part {only!r}; there are {', '.join(parts)}")
    print(f"screen, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="cligym-bench-") as directory:
        bench = Bench(table, Path(directory), rounds)
        for part in [parts[only]] if only else parts.values():
            part(bench)
