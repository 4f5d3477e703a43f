"""An hour's recording for `bench_screen`, written to a journal as the engine would have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from bench_live import begin, command, lines, suite
from msgspec.structs import replace

from engine.transcript import CHUNK
from sessions import codec, events
from sessions.records import Header

HOUR = 3600
STEPS = 120
TESTS = 300
PIECES, SIZE = 20, 150
"""Pieces of a command's output, and lines in each: a third of a megabyte."""
NOISY = 7
"""Every seventh command prints a megabyte, which is as much of one as is kept."""


def record(path: Path) -> None:
    """Write it."""
    with path.open("wb") as file:
        file.write(msgspec.json.encode(Header(v=events.FORMAT_VERSION)) + b"\n")
        for number, (at, event) in enumerate(_happened(), 1):
            file.write(codec.encode(replace(event, seq=number, at=1.8e9 + at)) + b"\n")


def _happened() -> Iterator[tuple[float, events.Event]]:
    """Commands that print all the time, each with a suite at its end."""
    yield from ((0.0, event) for event in begin(TESTS) if not isinstance(event, float))
    pause = HOUR / STEPS / (PIECES + 1)
    for step in range(1, STEPS + 1):
        began = (step - 1) * HOUR / STEPS
        at = began
        for event in command("b1", step, _output(step)):
            if isinstance(event, events.ShellOutput) and event.data.endswith(b"\n"):
                at += pause
            if not isinstance(event, float):
                yield at, event
        yield from ((at + 0.5, event) for event in suite("b1", step, TESTS) if not isinstance(event, float))


def _output(step: int) -> Iterator[events.ShellOutput]:
    size = SIZE * 3 if step % NOISY == 0 else SIZE
    for piece in range(PIECES):
        data = lines(piece * size, size) + b"step %03d piece %02d\r\n" % (step, piece)
        for start in range(0, len(data), CHUNK):
            yield events.ShellOutput(branch="b1", step=step, data=data[start : start + CHUNK])
