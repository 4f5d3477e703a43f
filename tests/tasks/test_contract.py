"""What is protected, which tests are put back, where hooks work: from a filesystem written by hand."""

from __future__ import annotations

import json

import pytest

from engine.gold.model import TestCommand
from engine.sandbox.delta import Entry
from engine.tasks import contract as module
from engine.tasks.contract import contract, hooks, protected_files, resolve
from engine.tasks.contract import test_files as files_of_tests
from engine.tasks.grader import files as grader_files


def tree(*paths: str, **links: str) -> dict[str, Entry]:
    found = {path: Entry("file", 0o644, size=1, digest=f"sha of {path}") for path in paths}
    return found | {path: Entry("symlink", 0o777, target=target) for path, target in links.items()}


def test_generated_files_are_not_protected() -> None:
    files = tree(
        "/app/a.py",
        "/app/__pycache__/a.cpython-311.pyc",
        "/app/.git/config",
        "/app/a.egg-info/PKG-INFO",
        "/app/.pytest_cache/v/lastfailed",
        "/app/b.pyc",
        "/apple/c.py",
        "/etc/d.py",
        **{"/app/link.py": "a.py"},
    )
    assert protected_files(files, ["/app/"]) == {"/app/a.py": "sha of /app/a.py", "/app/link.py": "-> a.py"}


@pytest.mark.parametrize(
    ("files", "ids", "expected"),
    [
        (
            ["/app/m.py", "/app/tests/test_a.py", "/app/tests/data/x.txt", "/app/tests/help.py", "/app/NEWS"],
            ["tests/test_a.py::test_x[a::b]"],
            ["/app/tests/data/x.txt", "/app/tests/help.py", "/app/tests/test_a.py"],
        ),
        (
            ["/app/m.py", "/app/test_m.py", "/app/test_n.py", "/app/conftest.py"],
            ["test_m.py::test_x"],
            ["/app/conftest.py", "/app/test_m.py", "/app/test_n.py"],
        ),
        (
            ["/app/p/m.py", "/app/p/test_m.py", "/app/p/data.txt"],
            ["p/test_m.py::test_x"],
            ["/app/p/test_m.py"],
        ),
        (
            ["/app/checks/test_m.py", "/app/checks/__init__.py", "/app/checks/data.txt"],
            ["checks/test_m.py::test_x"],
            ["/app/checks/__init__.py", "/app/checks/data.txt", "/app/checks/test_m.py"],
        ),
    ],
)  # fmt: skip
def test_what_belongs_to_the_tests(files: list[str], ids: list[str], expected: list[str]) -> None:
    assert list(files_of_tests(files, ids, "/app")) == expected


def test_links_are_followed_to_the_interpreter() -> None:
    files = tree(
        "/usr/bin/python3.11",
        **{"/opt/venv/bin/python": "python3", "/opt/venv/bin/python3": "/bin/python3",
           "/bin": "usr/bin", "/usr/bin/python3": "../bin/./python3.11", "/loop": "/loop"},
    )  # fmt: skip
    assert resolve(files, "/opt/venv/bin/python") == "/usr/bin/python3.11"
    assert resolve(files, "/loop") == "/loop"
    assert resolve(files, "/nowhere/x") == "/nowhere/x"


def test_hooks_are_found_wherever_they_work() -> None:
    found = hooks(
        tree(
            "/opt/venv/lib/python3.11/site-packages/a.pth",
            "/etc/python3.11/sitecustomize.py",
            "/usr/lib/python3.11/__pycache__/sitecustomize.cpython-311.pyc",
            "/app/notes.py",
            **{"/usr/lib/python3.11/sitecustomize.py": "/etc/python3.11/sitecustomize.py"},
        )
    )
    assert sorted(found) == [
        "/etc/python3.11/sitecustomize.py",
        "/opt/venv/lib/python3.11/site-packages/a.pth",
        "/usr/lib/python3.11/sitecustomize.py",
    ]


def test_the_whole_of_it_is_json_and_survives_any_name() -> None:
    odd = "/app/tests/\udcff\u00fc.txt"
    files = tree("/app/tests/test_a.py", odd, "/pytest.ini", "/usr/bin/python3.11",
                 **{"/opt/venv/bin/python": "/usr/bin/python3.11"})  # fmt: skip
    made = contract(files, TestCommand(timeout=30), ("/app",), ["tests/test_a.py::t"], [])
    read = json.loads(made.dump())
    assert read["files"][odd] == f"sha of {odd}"
    assert odd in read["tests"]
    assert read["configs"] == {"/pytest.ini": "sha of /pytest.ini"}
    assert read["above"] == ["/app", "/"]
    assert read["interpreter"] == "/usr/bin/python3.11"
    assert "/tests/runner.py" in read["argv"]
    assert "/home/dev/.local/lib/python3*/site-packages" in read["sites"]


def test_without_a_failing_test_there_is_no_task() -> None:
    with pytest.raises(ValueError, match="a test that fails"):
        contract({}, TestCommand(), ("/app",), [], ["tests/test_a.py::t"])


def test_grader_and_contract_mean_the_same_files() -> None:
    assert module.CONFIGS == grader_files.CONFIGS
    assert module.HOOKS == grader_files.HOOKS
