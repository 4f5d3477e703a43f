"""The writer: order, durability, subscribers, and what it does when the disk does not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions import errors, journal
from sessions import events as ev
from sessions.journal import Journal, read


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


@pytest.fixture
def syncs(monkeypatch):
    """How often anything was put on the disk with fdatasync."""
    counted = []
    real = os.fdatasync

    def fdatasync(descriptor):
        counted.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    return counted


@contextlib.contextmanager
def room_for(size):
    """No file may grow beyond this many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_events_come_back_in_order_with_seq_and_time(path, remark):
    before = time.time()
    with Journal(path) as writer:
        stamped = [writer.append(remark(f"{n}")) for n in range(5)]
        assert writer.seq == 5
    assert [event.seq for event in stamped] == [1, 2, 3, 4, 5]
    assert all(before <= event.at <= time.time() for event in stamped)
    assert list(read(path)) == stamped
    assert path.read_bytes().startswith(b'{"v":1')


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(data=st.data())
def test_what_append_returns_is_what_a_reader_gets(tmp_path_factory, any_event, data):
    target = tmp_path_factory.mktemp("any") / "events.jsonl"
    happened = data.draw(st.lists(any_event(st.text(st.characters(), max_size=5)), max_size=8))
    told = []
    with Journal(target) as writer:
        writer.subscribe(told.append)
        stamped = [writer.append(event) for event in happened]
    assert list(read(target)) == stamped == told


def test_reopening_continues_seq(path, remark):
    with Journal(path) as writer:
        writer.append(remark("one"))
    with Journal(path) as writer:
        assert writer.seq == 1
        assert writer.append(remark("two")).seq == 2
    assert [event.seq for event in read(path)] == [1, 2]
    assert path.read_bytes().count(b'{"v":') == 1


def test_a_second_writer_is_refused(path):
    with Journal(path):
        with pytest.raises(errors.JournalLocked):
            Journal(path)
        with pytest.raises(errors.JournalLocked):
            journal.recover(path)
    Journal(path).close()


def test_each_record_is_one_write(path, remark, monkeypatch):
    written = []
    real = os.write
    with Journal(path) as writer:
        monkeypatch.setattr(os, "write", lambda fd, data: written.append(bytes(data)) or real(fd, data))
        writer.append(remark("x" * 100_000))
        writer.append(remark("y"))
        monkeypatch.undo()
    assert len(written) == 2
    assert b"".join(written) == b"".join(path.read_bytes().splitlines(keepends=True)[1:])


def test_a_reader_follows_a_living_journal(path, remark):
    with Journal(path) as writer:
        writer.append(remark("one"))
        assert len(list(read(path))) == 1
        writer.append(remark("two"))
        assert len(list(read(path))) == 2


def test_barriers_are_synced_at_once_and_others_are_not(path, syncs, remark):
    with Journal(path) as writer:
        writer.append(remark("x"))
        assert len(syncs) == 0
        writer.append(ev.StepProposed(branch="b", step=1, command="rm -rf /", origin="saboteur"))
        assert len(syncs) == 1
        writer.sync()
        assert len(syncs) == 1, "nothing to sync"
        writer.append(remark("y"))
    assert len(syncs) == 2, "closing syncs"


def test_intents_and_results_are_barriers():
    assert {ev.StepProposed, ev.CommandEnded, ev.TaskCommitted, ev.SessionEnded} <= journal.BARRIERS
    assert journal.BARRIERS.isdisjoint({ev.ShellOutput, ev.TestReported, ev.Remark})


def test_a_later_append_syncs_what_is_due(path, syncs, remark):
    with Journal(path) as writer:
        writer.append(remark("x"))
        time.sleep(journal.SYNC_SECONDS + 0.01)
        writer.append(remark("y"))
        assert len(syncs) == 1


async def test_in_a_loop_a_silent_journal_is_synced_too(path, syncs, remark):
    with Journal(path) as writer:
        writer.append(remark("x"))
        writer.append(remark("y"))
        await asyncio.sleep(journal.SYNC_SECONDS * 3)
        assert len(syncs) == 1
    assert len(syncs) == 1


async def test_a_late_sync_that_fails_is_told_to_the_next_append(path, monkeypatch, remark):
    def fail(descriptor):
        raise OSError(5, "Input/output error")

    writer = Journal(path)
    writer.append(remark("x"))
    monkeypatch.setattr(os, "fdatasync", fail)
    await asyncio.sleep(journal.SYNC_SECONDS * 2)
    with pytest.raises(errors.JournalUnwritable, match="Input/output error"):
        writer.append(remark("y"))
    monkeypatch.undo()
    writer.append(remark("z"))
    writer.close()
    assert [event.text for event in read(path)] == ["x", "z"]


def test_subscribers_hear_until_they_leave(path, remark):
    first, second = [], []
    with Journal(path) as writer:
        leave = writer.subscribe(first.append)
        writer.subscribe(second.append)
        one = writer.append(remark("one"))
        leave()
        leave()
        two = writer.append(remark("two"))
    assert first == [one]
    assert second == [one, two]


def test_a_subscriber_that_raises_keeps_nothing_from_the_others(path, remark):
    heard = []

    def broken(event):
        raise RuntimeError("screen is gone")

    with Journal(path) as writer:
        leave = writer.subscribe(broken)
        writer.subscribe(heard.append)
        with pytest.raises(RuntimeError, match="screen is gone"):
            writer.append(remark("one"))
        leave()
        writer.append(remark("two"))
    assert heard == list(read(path))
    assert len(heard) == 2


def test_a_subscriber_may_append_and_all_hear_in_order(path, remark):
    heard = []
    with Journal(path) as writer:
        writer.subscribe(lambda event: writer.append(remark("echo")) if event.text == "call" else None)
        writer.subscribe(lambda event: heard.append(event.seq))
        writer.append(remark("call"))
    assert heard == [1, 2]


def test_what_could_not_be_read_back_is_not_written(path, remark):
    with Journal(path) as writer:
        for wrong in (
            ev.CommandStarted(branch="b", step="one"),
            ev.TestReported(branch="b", step=1, id="t", outcome="passed", seconds=float("nan")),
            ev.GateEnded(
                branch="b", step=1, gate="g", held=True, reason="", seconds=0, evidence={"x": object()}
            ),
            ev.Result(exit_code=0, outcome="goal"),
            ev.Unknown(original="x", line=b"{}"),
        ):
            with pytest.raises(errors.EventInvalid):
                writer.append(wrong)
        assert writer.append(remark("fine")).seq == 1
    assert len(list(read(path))) == 1


def test_a_closed_journal_takes_nothing(path, remark):
    writer = Journal(path)
    writer.close()
    writer.close()
    writer.sync()
    with pytest.raises(errors.JournalClosed):
        writer.append(remark("late"))


def test_a_record_that_finds_no_room_is_cut_off_again(path, remark):
    with Journal(path) as writer:
        writer.append(remark("before"))
        whole = path.read_bytes()
        with room_for(len(whole) + 30), pytest.raises(errors.JournalFull, match="no room"):
            writer.append(remark("x" * 1000))
        assert path.read_bytes() == whole
        assert writer.append(remark("after")).seq == 2
    assert [event.text for event in read(path)] == ["before", "after"]


def test_a_half_that_cannot_be_cut_at_once_is_cut_later(path, remark, monkeypatch):
    def fail(descriptor, size):
        raise OSError(5, "Input/output error")

    with Journal(path) as writer:
        writer.append(remark("before"))
        size = path.stat().st_size
        monkeypatch.setattr(os, "ftruncate", fail)
        with room_for(size + 30), pytest.raises(errors.JournalFull):
            writer.append(remark("x" * 1000))
        assert path.stat().st_size > size
        with pytest.raises(errors.JournalUnwritable):
            writer.append(remark("too early"))
        monkeypatch.undo()
        writer.append(remark("after"))
    assert [event.text for event in read(path)] == ["before", "after"]


_FILL = """
import pathlib, sys
from sessions import errors, events
from sessions.journal import Journal, read
path = pathlib.Path(sys.argv[1], "events.jsonl")
with Journal(path) as writer:
    try:
        while True:
            writer.append(events.Remark(text="x" * 10_000))
    except errors.JournalFull as error:
        assert str(path) in str(error) and error.hint
    kept = writer.seq
assert kept > 3 and len(list(read(path))) == kept
assert path.read_bytes().endswith(b"\\n")
"""


def test_a_full_disk_is_a_typed_error_and_loses_nothing_before_it(tmp_path):
    mount = ["unshare", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*mount, "true"], capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    script = f'mount -t tmpfs -o size=128k none "{tmp_path}" && exec "$@" "{tmp_path}"'
    done = subprocess.run(
        [*mount, "sh", "-c", script, "sh", sys.executable, "-c", _FILL], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_place_that_takes_no_file_is_a_typed_error(tmp_path):
    with pytest.raises(errors.JournalUnwritable) as caught:
        Journal(tmp_path / "absent" / "events.jsonl")
    assert caught.value.hint
    with pytest.raises(errors.JournalUnwritable):
        Journal(tmp_path)
    with pytest.raises(errors.JournalUnreadable):
        list(read(tmp_path / "absent"))


def test_a_hundred_thousand_events(path):
    with Journal(path) as writer:
        for n in range(100_000):
            writer.append(ev.TestReported(branch="b", step=1, id=f"t[{n % 5000}]", outcome="passed"))
    assert sum(1 for _ in read(path)) == 100_000
    with Journal(path) as writer:
        assert writer.seq == 100_000
