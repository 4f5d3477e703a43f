"""An exported task read back; one byte that differs is said, with its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.errors import UsageError
from engine.inversion import Line
from engine.sandbox.delta import Entry
from engine.suite.report import COMPLETE, Report, TestResult
from engine.tasks import digests, export, exported, harbor, output, terminal_bench
from engine.tasks.model import Task

FORMS = {"harbor": harbor, "terminal-bench": terminal_bench}
PARTS = {
    "harbor": ["environment/Dockerfile", "solution/solve.sh", "task.toml", "instruction.md"],
    "terminal-bench": ["Dockerfile", "solution.sh", "task.yaml", "run-tests.sh"],
}
SHARED = [
    "tests/contract.json",
    "tests/test.sh",
    "tests/tests.tar",
    "tests/runner.py",
    "tests/grader/main.py",
    "proof.json",
    "candidate.json",
]


@pytest.fixture
def whole(task: Task) -> Task:
    """A task with all that its session knew of it."""
    x, _ = task.gold.baseline
    return replace(
        task,
        instruction="It fails:\n\n```\nE  \tx\n```\n\nPlease.\n",
        lines=(Line("rm x", "/app", {"A": "b"}, "0077", 1, "done", 2),),
        delta={"/srv/\udcff": Entry("file", 0o600, xattrs={"user.x": b"\0y"}), "/srv/gone": None},
        report=Report(COMPLETE, "", {x: TestResult(x, "failed", 1.0, "no")}, tail="end"),
        context={"wheels/a.whl": b"\0"},
    )


@pytest.mark.parametrize("form", FORMS)
def test_what_was_written_is_read(whole: Task, tmp_path: Path, form: str) -> None:
    export.write(output.prepare(tmp_path), whole)
    found = exported.read(tmp_path / form / whole.id)
    assert found.form == form
    assert found.broken() == {}
    task = found.task()
    for field in (
        "id",
        "instruction",
        "dockerfile",
        "contract",
        "tests",
        "context",
        "lines",
        "delta",
        "gold",
    ):
        assert getattr(task, field) == getattr(whole, field), field
    assert task.report.broken(whole.gold.baseline) == {whole.gold.baseline[0]}
    assert found.proof()["about"]["session"] == whole.session


@pytest.mark.parametrize(
    ("form", "name"), [(form, name) for form in FORMS for name in [*PARTS[form], *SHARED]]
)
def test_a_byte_of_any_file_is_said(whole: Task, form: str, name: str) -> None:
    files = {path: data for path, (data, _) in FORMS[form].render(whole).items()}
    assert digests.broken(files) == {}
    data = files[name]
    for at in {0, len(data) // 2, len(data) - 1}:
        changed = {**files, name: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]}
        wrong = digests.broken(changed)
        assert list(wrong) == [name]
        assert wrong[name].startswith("was changed: its sha256 is ")
    assert digests.broken({**files, name: data + b"\n"}).keys() == {name}
    assert digests.broken({path: data for path, data in files.items() if path != name}) == {
        name: "is missing"
    }
    assert digests.broken({**files, "tests/conftest.py": b""}) == {"tests/conftest.py": "was added"}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(min_value=0), flip=st.integers(1, 255))
def test_a_byte_of_the_list_itself_is_said(whole: Task, at: int, flip: int) -> None:
    files = {path: data for path, (data, _) in harbor.render(whole).items()}
    seal = files[digests.FILE]
    at %= len(seal)
    files[digests.FILE] = seal[:at] + bytes([seal[at] ^ flip]) + seal[at + 1 :]
    if not seal[at : at + 1].isspace():
        assert digests.FILE in digests.broken(files)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["tests/contract.json", "candidate.json", "Dockerfile", "instruction"])
@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{", b"[" * 100_000])
def test_what_cannot_be_read_is_told_with_its_name(
    whole: Task, tmp_path: Path, form: str, name: str, content: bytes
) -> None:
    directory = tmp_path / form / whole.id
    export.write(output.prepare(tmp_path), whole)
    if form == "harbor":
        name = {"Dockerfile": "environment/Dockerfile", "instruction": "instruction.md"}.get(name, name)
    else:
        name = {"instruction": "task.yaml"}.get(name, name)
    (directory / name).write_bytes(content)
    found = exported.read(directory)
    assert name in found.broken()
    if content == b"\xff" or name.endswith(("json", "yaml")):
        with pytest.raises(exported.Unreadable, match=rf"^{name} "):
            found.task()
    else:
        assert found.task().id == whole.id


def test_links_and_strangers_are_no_files_of_the_task(whole: Task, tmp_path: Path) -> None:
    directory = export.write(output.prepare(tmp_path), whole)
    (directory / "tests/test.sh").rename(tmp_path / "the same")
    (directory / "tests/test.sh").symlink_to(tmp_path / "the same")
    assert "tests/test.sh" in exported.read(directory).broken()
    with pytest.raises(UsageError, match="there is no task in"):
        exported.read(tmp_path)
