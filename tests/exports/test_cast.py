"""An asciicast has the branch and what it came from, and does nothing in a terminal but draw."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from sessions import codec
from sessions import events as ev
from sessions.exports.cast import LABEL, cast, label
from sessions.exports.jsonl import jsonl
from sessions.lineage import lineage
from sessions.recording import Recording
from sessions.state import fold
from tests.hostile import CORPUS, HARMFUL, everything
from tests.sessions.test_replay import session, stamped, step


def read(
    recording: Recording, branch: str, index: int | None = None, **options: Any
) -> tuple[Any, list[Any]]:
    """Header and entries."""
    stop = len(recording) if index is None else index
    header, *entries = [json.loads(line) for line in cast(recording, branch, stop, **options)]
    return header, entries


def printing(*data: bytes, gap: float = 0.1) -> Recording:
    """A branch that prints this, a piece an event."""
    shouts = [ev.ShellOutput(branch="b1", data=each) for each in data]
    return Recording(stamped([ev.BranchOpened(branch="b1", image="i"), *shouts], gap=gap))


def test_a_branch() -> None:
    header, entries = read(Recording(session()), "b1")
    assert header == {
        "version": 2,
        "width": 120,
        "height": 40,
        "timestamp": 10**9,
        "idle_time_limit": 2.0,
        "title": "g b1",
        "env": {"TERM": "xterm-256color", "SHELL": "/bin/bash"},
    }
    assert [entry[1:] for entry in entries] == [
        ["m", "$ break 1"],
        ["o", "one "],
        ["m", "1 broke, 1 mended, 1 changed"],
        ["m", "$ break 2"],
        ["o", "two "],
        ["m", "rebuild held"],
        ["m", "nop did not hold: reward 1"],
        ["m", "fell at nop: reward 1"],
    ]


def test_a_fork_begins_with_what_it_came_from() -> None:
    _, entries = read(Recording(session()), "b2")
    assert [entry[1:] for entry in entries][:7] == [
        ["m", "$ break 1"],
        ["o", "one "],
        ["m", "1 broke, 1 mended, 1 changed"],
        ["o", "\x1b[?1049l\x1b[!p\x1b[H\x1b[2J"],
        ["m", "b2 from b1 at step 1"],
        ["m", "$ break 1"],
        ["o", "else"],
    ]


def test_a_fork_where_a_fork_began_has_what_that_came_from() -> None:
    fork = ev.BranchOpened(branch="b3", image="i", parent="b2", step=0)
    recording = Recording(stamped([*session(), fork, *step("b3", 1, b"third")]))
    _, entries = read(recording, "b3")
    assert [entry[1:] for entry in entries] == [
        ["m", "$ break 1"],
        ["o", "one "],
        ["m", "1 broke, 1 mended, 1 changed"],
        ["o", "\x1b[?1049l\x1b[!p\x1b[H\x1b[2J"],
        ["m", "b2 from b1 at step 1"],
        ["m", "b3 from b2 at step 0"],
        ["m", "$ break 1"],
        ["o", "third"],
    ]


def test_a_fork_at_a_step_nobody_ran_has_what_ran_before_it() -> None:
    denied = ev.StepProposed(branch="b1", step=2, command="rm -r /", origin="saboteur")
    fork = ev.BranchOpened(branch="b2", image="i", parent="b1", step=2)
    opened = ev.BranchOpened(branch="b1", image="i")
    recording = Recording(stamped([opened, *step("b1", 1, b"x"), denied, fork, *step("b2", 1, b"y")]))
    assert [entry[2] for entry in read(recording, "b2")[1] if entry[1] == "o"][::2] == ["x", "y"]


def test_up_to_a_step() -> None:
    recording = Recording(session())
    _, entries = read(recording, "b1", recording.passages[0].end)
    assert [entry[2] for entry in entries] == ["$ break 1", "one ", "1 broke, 1 mended, 1 changed"]


def test_times_never_go_back_nor_far() -> None:
    recording = Recording(session(), idle=100.0)
    _, entries = read(recording, "b2", idle=0.7)
    times = [entry[0] for entry in entries]
    assert times[0] == 0.0
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert all(0 <= gap <= 0.7 + 1e-6 for gap in gaps)
    assert any(gap == pytest.approx(0.5) for gap in gaps)


def test_characters_cut_in_two_are_whole() -> None:
    data = "héllo 漢字 👍".encode()
    _, entries = read(printing(*(data[place : place + 1] for place in range(len(data)))), "b1")
    assert "".join(entry[2] for entry in entries) == "héllo 漢字 👍"
    _, entries = read(printing(b"x\xe6\xbc"), "b1")
    assert "".join(entry[2] for entry in entries) == "x\ufffd"


def test_sizes() -> None:
    events = [
        ev.BranchOpened(branch="b1", image="i"),
        ev.ShellResized(branch="b1", columns=80, rows=24),
        ev.ShellResized(branch="b1", columns=10**9, rows=24),
        ev.ShellResized(branch="b9", columns=80, rows=24),
    ]
    _, entries = read(Recording(stamped(events)), "b1")
    assert [entry[1:] for entry in entries] == [["r", "80x24"]]


def test_whoever_plays_it_is_safe() -> None:
    data = everything()
    pieces = [data[start : start + 999] for start in range(0, len(data), 999)]
    _, entries = read(printing(*pieces, gap=0.001), "b1")
    text = "".join(entry[2] for entry in entries)
    for harm in set(HARMFUL) - {b"\x1b[2J"}:
        assert harm.decode("latin-1") not in text, harm
    assert "\x1b[6n" not in text, "a question is answered into somebody's shell"


@pytest.mark.parametrize("name", CORPUS)
def test_labels_are_one_clean_line(name: str) -> None:
    text = label(CORPUS[name].decode("utf-8", "replace"))
    assert len(text) <= LABEL
    assert all(char.isprintable() for char in text)


def test_a_branch_nobody_knows_is_empty() -> None:
    assert read(Recording(session()), "b9")[1] == []


def test_ancestors_in_a_circle_end() -> None:
    events = [
        ev.BranchOpened(branch="b1", image="i", parent="b2", step=1),
        *step("b1", 1, b"x"),
        ev.BranchOpened(branch="b2", image="i", parent="b1", step=1),
        *step("b2", 1, b"y"),
    ]
    assert [entry[2] for entry in read(Recording(stamped(events)), "b2")[1] if entry[1] == "o"][-1] == "y"


def test_events_as_they_are() -> None:
    events = stamped([*session(), ev.Unknown(original="later", line=b'{"t":"later","seq":99,"x":[1]}')])
    lines = list(jsonl(Recording(events), len(events)))
    assert json.loads(lines[0])["v"] == ev.FORMAT_VERSION
    assert lines[1:] == [codec.encode(event) + b"\n" for event in events]
    assert list(jsonl(Recording(events), 3)) == lines[:4]


def test_what_was_written_is_a_journal_again(tmp_path: Path) -> None:
    events = stamped(session())
    seq = len(events) + 1
    strange = ev.Unknown(seq=seq, original="later", line=b'{"t":"later","seq":%d,"x":[1]}' % seq)
    whole = Recording([*events, strange])
    for branch in ("", "b1", "b2"):
        path = tmp_path / f"{branch}.jsonl"
        path.write_bytes(b"".join(jsonl(whole, len(whole), branch)))
        again = Recording(path)
        assert [each.command for each in again.passages if each.branch == branch] == [
            each.command for each in whole.passages if each.branch == branch
        ]
        assert list(again.output(branch, 0, len(again))) == list(whole.output(branch, 0, len(whole)))
        again.close()


def test_events_of_a_fork_where_a_fork_began_lead_from_gold() -> None:
    fork = ev.BranchOpened(branch="b3", image="i", parent="b2", step=0)
    recording = Recording(stamped([*session(), fork, *step("b3", 1)]))
    lines = list(jsonl(recording, len(recording), "b3"))[1:]
    state = fold(codec.decode(line) for line in lines)
    assert [one.snapshot for one in lineage(state, "b3")] == ["sha256:b11", "sha256:b31"]
    assert not state.branches["b2"].steps


def test_events_of_a_branch_and_its_ancestors() -> None:
    recording = Recording(session())
    kept = [json.loads(line) for line in jsonl(recording, len(recording), "b2")][1:]
    assert {event.get("branch") for event in kept} == {"b1", "b2", None}
    assert max(event.get("step", 0) for event in kept if event.get("branch") == "b1") == 1
    assert len(kept) == sum(
        1
        for index, event in enumerate(session())
        if getattr(event, "branch", "") in ("", "b2") or index < recording.passages[0].end
    )
