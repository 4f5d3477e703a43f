"""One branch's terminal as an asciicast, version 2: for asciinema, its player, and what makes pictures of it.

What was printed goes through `sessions.harmless`: whoever plays the file does so in a terminal of theirs, and
gives neither the clipboard nor the shell to a container that is long gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sessions import events
from sessions.harmless import RESET, Harmless, kind
from sessions.recording import IDLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessions.recording import Recording

LABEL: Final = 100
"""Characters of a marker's label."""


class Header(msgspec.Struct, frozen=True):
    """First line of the file."""

    version: int
    width: int
    height: int
    timestamp: int
    idle_time_limit: float
    title: str
    env: dict[str, str]


class Entry(NamedTuple):
    """Any other line: seconds from the beginning, `o` (output), `m` (marker) or `r` (size), and what."""

    time: float
    code: str
    data: str


def cast(recording: Recording, branch: str, index: int, idle: float = IDLE) -> Iterator[bytes]:
    """The lines of the file: the branch and those it came from, as far as the first `index` events go.

    Markers are set at commands, forks, commits and the other markers of a replay. No two entries are more
    than `idle` seconds apart.
    """
    state = recording.state
    header = Header(
        version=2,
        width=events.COLUMNS,
        height=events.ROWS,
        timestamp=int(state.started),
        idle_time_limit=idle,
        title=label(f"{state.gold} {branch}"),
        env={"TERM": "xterm-256color", "SHELL": "/bin/bash"},
    )
    yield msgspec.json.encode(header) + b"\n"
    before = time = 0.0
    for number, entry in enumerate(_entries(recording, branch, index)):
        if number:
            time += min(max(0.0, entry.time - before), idle)
        before = entry.time
        yield msgspec.json.encode(entry._replace(time=round(time, 6))) + b"\n"


def label(text: str) -> str:
    """Text from wherever as one short line."""
    line = " ".join(text.split())
    cut = line if len(line) <= LABEL else f"{line[: LABEL - 1]}…"
    return "".join(char if char.isprintable() and kind(char) in ("", "mark") else "\ufffd" for char in cut)


def _entries(recording: Recording, branch: str, index: int) -> Iterator[Entry]:
    """The entries with their times in the recording."""
    used = False
    for name, start, stop in recording.lineage(branch, index):
        if used:
            # Its shell is another one, in another container.
            yield Entry(recording.time_of(start), "o", RESET)
        used = recording.output_size(name, start, stop) > 0
        yield from _branch(recording, name, start, stop)


def _branch(recording: Recording, branch: str, start: int, stop: int) -> Iterator[Entry]:
    marks = sorted(
        [(each.start, f"$ {each.command}") for each in recording.passages if each.branch == branch]
        + [(each.index, each.label) for each in recording.markers if each.branch == branch],
        key=lambda mark: mark[0],
        reverse=True,
    )
    stream = Harmless()
    for place, event in recording.shell(branch, start, stop):
        while marks and marks[-1][0] <= place:
            yield _marker(recording, *marks.pop())
        time = recording.times[place]
        if isinstance(event, events.ShellResized):
            yield Entry(time, "r", f"{event.columns}x{event.rows}")
        else:
            text = stream.feed(event.data)
            if text:
                yield Entry(time, "o", text)
    rest = stream.feed(b"", final=True)
    if rest:
        yield Entry(recording.time_of(stop), "o", rest)
    while marks and marks[-1][0] <= stop:
        yield _marker(recording, *marks.pop())


def _marker(recording: Recording, index: int, text: str) -> Entry:
    return Entry(recording.time_of(index), "m", label(text))
