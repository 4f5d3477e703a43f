"""`export` writes whole files, says what it chose, and tells mistakes in a line."""

from __future__ import annotations

import json
import os
import stat
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from cligym_tui.cli import run
from cligym_tui.exits import ExitCode
from engine.errors import OutputError, UsageError
from sessions import events as ev
from sessions.errors import JournalCorrupt, SessionUnknown
from sessions.journal import Journal
from tests.hostile import CORPUS
from tests.sessions.test_replay import session, stamped, written

HEAD = ev.SessionStarted(session="s", gold="tiny", image="sha256:0123456789abcdef", agent="saboteur")


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIGYM_STATE", str(tmp_path / "state"))
    return written(tmp_path / "events.jsonl", session())


def exported(journal: Path, tmp_path: Path, *words: str) -> bytes:
    out = tmp_path / "out"
    assert run(["export", str(journal), *words, "-o", str(out)]) is ExitCode.GOAL
    return out.read_bytes()


def test_a_cast(journal: Path, tmp_path: Path) -> None:
    lines = exported(journal, tmp_path, "--format", "cast").splitlines()
    assert json.loads(lines[0])["title"] == "g b2", "the branch that became a task"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) & 0o400


def test_to_standard_output(journal: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["export", str(journal), "--format", "jsonl"]) is ExitCode.GOAL
    out, err = capfdbinary.readouterr()
    assert out == journal.read_bytes()
    assert err == b""
    assert run(["export", str(journal), "--format", "jsonl", "--branch", "b1", "--at", "1", "-o", "-"]) == 0
    assert capfdbinary.readouterr().out.endswith(b'"seconds":1.0}\n')


def test_it_says_which_branch_it_chose(journal: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(["export", str(journal), "--format", "dockerfile"])
    assert capfd.readouterr().err == "branch b2 of 2; choose with --branch\n"


def test_a_dockerfile(tmp_path: Path) -> None:
    events = [HEAD, *session()[1:]]
    journal = written(tmp_path / "events.jsonl", stamped(events))
    text = exported(journal, tmp_path, "--format", "dockerfile", "--branch", "b1").decode()
    lines = text.splitlines()
    assert lines[0] == "FROM cligym-gold/tiny:0123456789ab"
    assert [line for line in lines if line.startswith("RUN")] == [
        'RUN ["/bin/bash", "-c", "cd /app\\nbreak 1"]',
        'RUN ["/bin/bash", "-c", "cd /\\nbreak 2"]',
    ]
    first = exported(journal, tmp_path, "--format", "dockerfile", "--branch", "b1", "--at", "1").decode()
    assert first == "".join(line for line in text.splitlines(keepends=True) if "break 2" not in line)
    nothing = exported(journal, tmp_path, "--format", "dockerfile", "--branch", "b2", "--at", "0").decode()
    assert "RUN" not in nothing


def test_a_picture(tmp_path: Path) -> None:
    shouts = [ev.ShellOutput(branch="b1", data=data[:2000]) for data in CORPUS.values()]
    last = ev.ShellOutput(branch="b1", data=b"\x18\x1bc\x1b(B\x1b[31mred\x1b[m [/bold] <script>&amp;")
    events = [HEAD, ev.BranchOpened(branch="b1", image="i"), *shouts, last]
    journal = written(tmp_path / "events.jsonl", stamped(events))
    drawn = exported(journal, tmp_path, "--format", "svg").decode()
    texts = [element.text for element in ET.fromstring(drawn).iter() if element.tag.endswith("text")]
    shown = "".join(filter(None, texts)).replace("\xa0", " ")
    assert "red" in shown
    assert "[/bold] <script>&amp;" in shown
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "").replace(
        "https://www.textualize.io", ""
    )
    ET.fromstring(
        exported(written(tmp_path / "more.jsonl", stamped(events[:-1])), tmp_path, "--format", "svg")
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "cast", "--branch", "b9"], "no branch 'b9'"),
        (["--format", "cast", "--branch", "b1", "--at", "3"], "branch b1 has no step 3"),
        (["--format", "jsonl", "--at", "9"], "the session has no step 9"),
        (["--format", "gif"], "invalid choice"),
        ([], "--format"),
    ],
)
def test_mistakes(journal: Path, words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(["export", str(journal), *words])


def test_what_is_no_session(tmp_path: Path, journal: Path) -> None:
    with pytest.raises(SessionUnknown):
        run(["export", "nothing", "--format", "cast"])
    (tmp_path / "text").write_text("hello\n")
    with pytest.raises(JournalCorrupt):
        run(["export", str(tmp_path / "text"), "--format", "cast"])
    with Journal(tmp_path / "empty.jsonl"):
        pass
    with pytest.raises(UsageError, match="no branch yet"):
        run(["export", str(tmp_path / "empty.jsonl"), "--format", "cast"])


def test_a_file_that_cannot_be_written_is_left_alone(journal: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        run(["export", str(journal), "--format", "jsonl", "-o", str(tmp_path / "no" / "where")])
    (tmp_path / "directory").mkdir()
    with pytest.raises(OutputError, match="directory"):
        run(["export", str(journal), "--format", "jsonl", "-o", str(tmp_path / "directory")])
    kept = tmp_path / "kept"
    kept.write_text("before")
    torn = written(tmp_path / "torn.jsonl", session())
    torn.write_bytes(torn.read_bytes()[:-40] + b"}" * 40 + b"\n")
    with pytest.raises(JournalCorrupt):
        run(["export", str(torn), "--format", "jsonl", "-o", str(kept)])
    assert kept.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_the_one_that_comes_with_the_program(tmp_path: Path) -> None:
    for kind in ("cast", "svg", "dockerfile", "jsonl"):
        out = tmp_path / kind
        assert run(["export", "demo", "--format", kind, "-o", str(out)]) is ExitCode.GOAL
        assert out.stat().st_size > 100


def test_what_is_no_file_is_written_to_and_stays_what_it_is(journal: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Both ends: whoever writes waits for a reader, and what is written has room in the pipe.
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        assert run(["export", str(journal), "--format", "jsonl", "-o", str(pipe)]) is ExitCode.GOAL
        assert stat.S_ISFIFO(pipe.lstat().st_mode)
        assert os.read(reader, 1 << 16) == journal.read_bytes()
    finally:
        os.close(reader)


def test_a_link_stays_one_and_the_file_it_means_is_written(journal: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for name, before in (("old", b"before"), ("new", None)):
        meant, link = tmp_path / "elsewhere" / name, tmp_path / name
        if before is not None:
            meant.write_bytes(before)
        link.symlink_to(meant)
        assert run(["export", str(journal), "--format", "jsonl", "-o", str(link)]) is ExitCode.GOAL
        assert link.is_symlink()
        assert meant.read_bytes() == journal.read_bytes()
    assert sorted(path.name for path in tmp_path.rglob(".*")) == []
