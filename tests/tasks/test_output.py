"""The output directory: whole tasks, one line each, whatever interrupts."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engine.errors import OutputError, OutputFull
from engine.tasks import export, goldkept, harbor, output
from engine.tasks.model import Task


def test_a_task_is_what_the_client_expects(task: Task, tmp_path: Path) -> None:
    out = output.prepare(tmp_path / "out")
    directory = export.write(out, task)
    assert directory == out / "harbor" / task.id
    config = tomllib.loads((directory / "task.toml").read_text())
    assert config["schema_version"] == "1.4"
    assert config["task"]["name"] == f"cligym/{task.id}"
    assert config["environment"]["network_mode"] == "public"
    assert config["metadata"]["cligym"]["gates"][0]["gate"] == "nop"
    assert config["verifier"]["timeout_sec"] > 2 * task.contract.timeout
    compose = json.loads((directory / "environment/docker-compose.yaml").read_text())
    assert compose["services"]["main"]["init"] is True
    assert (directory / "environment/Dockerfile").read_text() == task.dockerfile
    assert json.loads((directory / "proof.json").read_text())["gates"][0]["evidence"]["paths"] == ["a", "b"]
    for name in ("tests/test.sh", "solution/solve.sh"):
        assert os.access(directory / name, os.X_OK)
    for folder, _, files in os.walk(directory):
        assert os.stat(folder).st_mode & 0o777 == 0o755
        assert all(os.stat(os.path.join(folder, name)).st_mode & 0o444 == 0o444 for name in files)
    assert not list((out / output.PARTIAL).iterdir())


def test_hostile_words_stay_in_their_strings(task: Task, tmp_path: Path) -> None:
    from msgspec.structs import replace

    nasty = 'x"\n[environment]\nmemory_mb = 1\x00\udcff\u202e'
    gold = replace(task.gold, project=nasty, version=nasty, source=nasty)
    directory = export.write(output.prepare(tmp_path), replace(task, gold=gold))
    config = tomllib.loads((directory / "task.toml").read_text())
    assert config["environment"]["memory_mb"] == harbor.MEMORY_MB
    assert "\n" not in config["metadata"]["cligym"]["gold"]["project"]


def test_the_umask_does_not_decide(task: Task, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        directory = export.write(output.prepare(tmp_path), task)
    finally:
        os.umask(before)
    assert os.stat(directory / "tests").st_mode & 0o777 == 0o755
    assert os.stat(directory / "tests/runner.py").st_mode & 0o777 == 0o644


def test_nothing_is_overwritten(task: Task, tmp_path: Path) -> None:
    out = output.prepare(tmp_path)
    directory = export.write(out, task)
    before = (directory / "task.toml").stat().st_mtime_ns
    with pytest.raises(OutputError, match="exists already"):
        export.write(out, task)
    assert (directory / "task.toml").stat().st_mtime_ns == before
    assert len(output.index(out)) == 1


def test_a_killed_writer_leaves_no_half_task(task: Task, tmp_path: Path) -> None:
    out = output.prepare(tmp_path)
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom engine.tasks import output\n"
        "written = output.put\n"
        "def put(path, data, mode):\n"
        "    written(path, data, mode)\n"
        "    if path.name == 'b': os.kill(os.getpid(), 9)\n"
        "output.put = put\n"
        "files = dict.fromkeys('abc', (b'', 0o644))\n"
        "output.write(Path(sys.argv[1]), 'x-1', {'harbor': files}, {'id': 'x-1'})"
    )
    code = subprocess.run([sys.executable, "-c", script, str(out)], check=False, cwd=os.getcwd()).returncode
    assert code == -9
    assert output.taken(out) == set()
    assert output.reconcile(out) == []
    stale = next((out / output.PARTIAL).iterdir())
    os.utime(stale, (0, 0))
    output.reconcile(out)
    assert not stale.exists()


@pytest.mark.parametrize("renames", [1, 2, 3])
def test_a_writer_killed_between_the_formats_is_finished_by_the_next(
    task: Task, tmp_path: Path, renames: int
) -> None:
    out = output.prepare(tmp_path / "out")
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom engine.tasks import output\n"
        "renamed, left = os.rename, [int(sys.argv[2])]\n"
        "def rename(source, target):\n"
        "    renamed(source, target)\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), 9)\n"
        "output.os.rename = rename\n"
        "files = dict.fromkeys('ab', (b'x', 0o644))\n"
        "made = {'terminal-bench': files, 'harbor': files}\n"
        "output.write(Path(sys.argv[1]), 'x-1', made, {'id': 'x-1'})"
    )
    command = [sys.executable, "-c", script, str(out), str(renames)]
    assert subprocess.run(command, check=False, cwd=os.getcwd()).returncode == -9
    there = [folder for folder in output.FOLDERS if (out / folder / "x-1").exists()]
    assert there == list(output.FOLDERS)[: renames - 1]
    for _ in range(2):
        output.reconcile(out)
        for folder in output.FOLDERS:
            assert sorted(path.name for path in (out / folder / "x-1").iterdir()) == ["a", "b"]
        assert not list((out / output.PARTIAL).iterdir())
    assert output.used(out) == {"x-1"}


def test_what_is_there_already_is_not_replaced_by_what_was_left(tmp_path: Path) -> None:
    out = output.prepare(tmp_path / "out")
    ready = out / output.PARTIAL / f"x-1{output.READY}"
    for folder in (ready / "harbor", out / "harbor/x-1"):
        folder.mkdir(parents=True)
        (folder / "whose").write_text(str(folder.parent.name))
    output.reconcile(out)
    assert (out / "harbor/x-1/whose").read_text() == "harbor"
    assert not ready.exists()


def test_a_task_without_its_line_gets_one(task: Task, tmp_path: Path) -> None:
    out = output.prepare(tmp_path)
    export.write(out, task)
    line = output.index(out)
    (out / "index.jsonl").write_bytes(b'{"id": "thing-0a1b')
    assert output.index(out) == []
    assert output.reconcile(out) == line
    assert output.reconcile(out) == line
    assert line[0]["id"] == task.id
    assert line[0]["gold"] == "thing"


def test_lines_of_tasks_that_are_gone_do_not_count(task: Task, tmp_path: Path) -> None:
    out = output.prepare(tmp_path)
    output.append(out, {"id": "gone-1"})
    export.write(out, task)
    output.append(out, {"id": task.id, "second": True})
    assert [line["id"] for line in output.index(out)] == [task.id]
    assert "second" not in output.index(out)[0]


def test_what_others_put_there_is_no_task(task: Task, tmp_path: Path) -> None:
    out = output.prepare(tmp_path)
    for line in ({"id": []}, {"id": 1}, []):
        output.append(out, line)
    export.write(out, task)
    (out / "harbor" / "dangling").symlink_to("nowhere")
    assert [line["id"] for line in output.reconcile(out)] == [task.id]


def test_many_writers_make_whole_lines(tmp_path: Path) -> None:
    out = output.prepare(tmp_path)
    script = (
        "import sys\nfrom pathlib import Path\nfrom engine.tasks import output\n"
        "for n in range(20): output.append(Path(sys.argv[1]), {'id': sys.argv[2] * 5000 + str(n)})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, str(out), name]) for name in "abc"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    lines = [json.loads(line) for line in (out / "index.jsonl").read_bytes().splitlines()]
    assert len({line["id"] for line in lines}) == 60


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "/proc/version/x", "/proc/nothing"])
def test_an_impossible_directory_is_an_error_of_one_line(name: str) -> None:
    with pytest.raises(OutputError) as caught:
        output.prepare(name)
    assert "\n" not in str(caught.value)
    assert "--out" in caught.value.hint


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    out = output.prepare(tmp_path)
    with pytest.raises(OutputFull), output.translated(out), open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")


def test_what_rebuilds_gold_is_kept_once(tmp_path: Path) -> None:
    out, source = output.prepare(tmp_path / "out"), tmp_path / "context"
    source.mkdir()
    (source / "Dockerfile").write_text("FROM x\n")
    first = goldkept.keep(out, "thing", "sha256:aaa", source)
    assert first == out / "gold/thing"
    assert (first / "Dockerfile").read_text() == "FROM x\n"
    assert (first / "tag").read_text() == "cligym-gold/thing:aaa\n"
    assert os.access(first / "build.sh", os.X_OK)
    assert goldkept.keep(out, "thing", "sha256:aaa", source) == first
    assert goldkept.keep(out, "thing", "sha256:bbbbbbbbbbbbbbbb", source) == out / "gold/thing-bbbbbbbbbbbb"


def test_no_room_for_what_rebuilds_gold_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes, mode: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out, source = output.prepare(tmp_path / "out"), tmp_path / "context"
    source.mkdir()
    (source / "Dockerfile").write_text("FROM x\n")
    monkeypatch.setattr(goldkept, "put", full)
    with pytest.raises(OutputFull, match=f"no room left in {out}$"):
        goldkept.keep(out, "thing", "sha256:aaa", source)
    assert not [*(out / "gold").iterdir(), *(out / output.PARTIAL).iterdir()]
