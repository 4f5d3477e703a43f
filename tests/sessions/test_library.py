"""Sessions on the disk: made, named, found, listed, held by one process at a time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sessions import errors
from sessions import events as ev
from sessions.journal import read
from sessions.library import Library, new_id, state_dir
from sessions.lock import alive


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "sessions")


def started(session, gold="python-dotenv"):
    return session.journal.append(
        ev.SessionStarted(session=session.id, gold=gold, image="sha256:0", agent="saboteur")
    )


def task(name="t1"):
    return ev.TaskCommitted(branch="b1", step=1, task=name, path="/out/t1", families=("x",), f2p=1, p2p=2)


def test_the_state_directory_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("CLIGYM_STATE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_dir() == tmp_path / "cligym"
    assert Library().root == tmp_path / "cligym" / "sessions"
    monkeypatch.setenv("CLIGYM_STATE", str(tmp_path / "elsewhere"))
    assert Library().root == tmp_path / "elsewhere" / "sessions"
    monkeypatch.setenv("CLIGYM_STATE", "relative")
    assert state_dir() == Path.cwd() / "relative"


def test_ids_are_file_names_that_sort_by_time_and_differ():
    ids = [new_id() for _ in range(200)]
    assert all(re.fullmatch(r"\d{8}-\d{6}-[a-z2-9]{4}", one) for one in ids)
    assert len(set(ids)) > 190
    assert ids[0][:15] <= ids[-1][:15]


def test_a_session_is_made_written_and_taken_up_again(library):
    with library.create() as session:
        started(session)
        digest = session.blobs.put(b"large")
        assert session.directory == library.root / session.id
        assert session.directory.stat().st_mode & 0o077 == 0, "what containers printed is nobody else's"
    with library.open(session.id) as again:
        assert again.journal.append(ev.SessionResumed()).seq == 2
        assert again.blobs.get(digest) == b"large"
        again.close()
    assert [event.seq for event in read(library.journal_path(session.id))] == [1, 2]


def test_a_live_session_is_not_taken_up(library):
    with library.create() as session:
        with pytest.raises(errors.JournalLocked) as caught:
            library.open(session.id)
        assert caught.value.pid == os.getpid()
        assert session.id in str(caught.value)
        assert library.alive(session.id)
    assert not library.alive(session.id)
    library.open(session.id).close()


def test_a_damaged_journal_leaves_the_session_unlocked(library):
    with library.create() as session:
        pass
    library.journal_path(session.id).write_bytes(b"garbage\n")
    with pytest.raises(errors.JournalCorrupt):
        library.open(session.id)
    assert not library.alive(session.id)


def test_found_by_id_or_by_the_beginning_of_one(library):
    for name in ("20261120-104930-aaaa", "20261120-104930-aaab", "20261121-000000-cccc", "20261121"):
        (library.root / name).mkdir(parents=True)
        (library.root / name / "events.jsonl").touch()
    (library.root / "20261122-no-journal").mkdir()
    assert library.find("20261120-104930-aaaa").name == "20261120-104930-aaaa"
    assert library.find("20261121-").name == "20261121-000000-cccc"
    assert library.find("20261121").name == "20261121", "a whole id before a beginning"
    with pytest.raises(errors.SessionAmbiguous, match="any of 2") as caught:
        library.find("20261120")
    assert caught.value.found == ["20261120-104930-aaaa", "20261120-104930-aaab"]
    for absent in ("2025", "20261122"):
        with pytest.raises(errors.SessionUnknown):
            library.find(absent)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "/etc", "a b", "a\n", "é", "x" * 300, "a\0b", "-rf"]
)
def test_an_unsafe_name_is_refused(library, name):
    (library.root.parent / "x").mkdir()
    (library.root.parent / "x" / "events.jsonl").touch()
    library.root.mkdir()
    with pytest.raises(errors.NameUnsafe) as caught:
        library.find(name)
    assert len(str(caught.value)) < 200
    assert not library.alive(name)


def test_no_directory_is_no_sessions(library):
    assert library.list() == ()
    with pytest.raises(errors.SessionUnknown):
        library.find("x")


def test_one_session_of_somebody_else_hides_no_other():
    root = os.geteuid() == 0
    # Not in pytest's own directories, which nobody else may enter.
    with tempfile.TemporaryDirectory() as place:
        library = Library(Path(place))
        with library.create() as session:
            pass
        closed = library.root / "closed"
        closed.mkdir()
        (closed / "events.jsonl").touch()
        (library.root / "round").symlink_to("round")
        for directory in (library.root, session.directory):
            directory.chmod(0o755)
        closed.chmod(0)
        try:
            if root:  # who may enter everything, and is somebody else for a moment
                os.seteuid(65534)
            assert library.find(session.id[:8]).name == session.id
            assert [one.id for one in library.list()] == [session.id]
        finally:
            if root:
                os.seteuid(0)
            closed.chmod(0o700)


def test_a_state_directory_that_cannot_be_is_a_typed_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.StorageUnwritable) as caught:
        Library(tmp_path / "file" / "sessions").create()
    assert "CLIGYM_STATE" in caught.value.hint


def test_the_list_tells_live_ended_and_killed_apart(library):
    with library.create() as first:
        started(first)
        first.journal.append(task())
        first.journal.append(task("t2"))
        first.journal.append(ev.SessionEnded(outcome="goal"))
    with library.create() as second:
        begun = started(second, gold="ptyprocess")
    third = library.create()
    found = {one.id: one for one in library.list()}
    assert len(found) == 3
    assert list(found) == sorted(found, reverse=True)
    ended, killed, live = found[first.id], found[second.id], found[third.id]
    assert (ended.state, ended.outcome, ended.tasks, ended.events) == ("ended", "goal", 2, 4)
    assert (killed.state, killed.gold, killed.tasks, killed.agent) == ("killed", "ptyprocess", 0, "saboteur")
    assert killed.started == killed.last == begun.at
    assert 0 <= killed.age < 60
    assert (live.state, live.gold, live.age) == ("live", "", 0)
    third.close()
    with library.open(first.id) as again:
        again.journal.append(ev.SessionResumed())
    assert library.summary(first.id).state == "killed"
    assert library.summary(first.id).outcome == ""


def test_what_an_operator_can_go_on_with_and_how_much_it_broke(library):
    with library.create() as session:
        started(session)
        assert not library.summary(session.id).interrupted
        session.journal.append(ev.ModeChanged(mode="confirm"))
        for broken in (3, 1):
            session.journal.append(
                ev.SuiteEnded(
                    branch="b",
                    step=1,
                    status="complete",
                    detail="",
                    passed=0,
                    broken=broken,
                    flips=(),
                    seconds=1.0,
                )
            )
        assert not library.summary(session.id).interrupted, "it is live"
    summary = library.summary(session.id)
    assert (summary.interrupted, summary.broken) == (True, 3)
    with library.open(session.id) as again:
        again.journal.append(ev.SessionEnded(outcome="goal"))
    assert not library.summary(session.id).interrupted


def test_a_list_reads_only_what_is_new(library):
    with library.create() as session:
        started(session)
        session.journal.append(task())
        before = library.summary(session.id)
        path = library.journal_path(session.id)
        # What was read once is not read again: it could be anything now.
        path.write_bytes(b"\0" * (before.size - 1) + b"\n")
        session.journal.append(task("t2"))
        after = library.summary(session.id)
    assert (after.tasks, after.gold, after.events) == (2, "python-dotenv", 3)


def test_the_cache_is_only_a_cache(library):
    with library.create() as session:
        started(session)
    summary = library.summary(session.id)
    cache = session.directory / "summary.json"
    for content in (b"", b"[]", b'{"offset":"x"}', b'{"offset":999999}'):
        cache.write_bytes(content)
        assert library.summary(session.id) == summary
    cache.unlink()
    cache.mkdir()
    assert library.summary(session.id) == summary
    assert [path.name for path in session.directory.glob(".summary*")] == []


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (b"garbage\n", "damaged"),
        (b'{"v":2}\n', "newer"),
        (b'{"v":1}\n{"t":"session.started"}\n', "damaged"),
        (b'{"v":1}\nx\n', "damaged"),
    ],
)
def test_a_session_that_cannot_be_read_is_listed_as_such(library, content, state):
    with library.create() as session:
        pass
    library.journal_path(session.id).write_bytes(content)
    assert [one.state for one in library.list()] == [state]


def test_a_torn_tail_is_no_damage_to_a_list(library):
    with library.create() as session:
        started(session)
    with library.journal_path(session.id).open("ab") as file:
        file.write(b'{"t":"task.committed","seq":2')
    summary = library.summary(session.id)
    assert (summary.state, summary.tasks, summary.events) == ("killed", 0, 1)


_HOLD = """
import sys, pathlib
from sessions import events
from sessions.library import Library
session = Library(pathlib.Path(sys.argv[1])).create()
session.journal.append(events.SessionStarted(session=session.id, gold="g", image="i", agent="a"))
print(session.id, flush=True)
input()
"""


def test_a_killed_process_holds_nothing_and_its_session_goes_on(library):
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(library.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout
        name = child.stdout.readline().strip()
        assert library.alive(name)
        assert library.summary(name).state == "live"
        with pytest.raises(errors.JournalLocked) as caught:
            library.open(name)
        assert caught.value.pid == child.pid
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not library.alive(name)
    assert library.summary(name).state == "killed"
    with library.open(name) as session:
        assert session.journal.append(ev.SessionResumed()).seq == 2


def test_a_lock_file_that_names_another_life_of_this_pid_is_not_believed(tmp_path):
    started_ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    (tmp_path / "lock").write_text(f"{os.getpid()}-{started_ticks}")
    assert alive(tmp_path)
    (tmp_path / "lock").write_text(f"{os.getpid()}-{int(started_ticks) + 1}")
    assert not alive(tmp_path)
    (tmp_path / "lock").write_bytes(b"\xff\0")
    assert not alive(tmp_path)
    (tmp_path / "lock").unlink()
    assert not alive(tmp_path)


def test_a_lock_held_where_its_pid_cannot_be_seen_is_believed(library):
    with library.create() as session:
        (session.directory / "lock").write_text("1-1")
        assert library.alive(session.id)
