"""The runner as containers run it: a process of its own, its lines on descriptor 3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine.suite import runner
from engine.suite.protocol import Collector
from engine.suite.report import COMPLETE, DIED, UNSTARTABLE, Report

RUNNER = os.path.abspath(runner.__file__)


class Ran(NamedTuple):
    lines: list[dict[str, Any]]
    report: Report
    touch: Any
    code: int
    printed: str

    @property
    def outcomes(self) -> dict[str, str]:
        return {test.split("::", 1)[1]: result.outcome for test, result in self.report.results.items()}

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["k"] == kind]


def _plain() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


class Project:
    """A directory of tests, run with this interpreter."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "pytest.ini").write_text("[pytest]\n")

    def write(self, text: str, name: str = "test_it.py") -> None:
        (self.directory / name).write_text(text)

    def run(self, *args: str, options: tuple[str, ...] = (), fd: int = 3, runner: str = RUNNER) -> Ran:
        with tempfile.TemporaryFile() as results:
            script = f'exec {fd}>&{results.fileno()} {results.fileno()}>&-; exec "$@"'
            command = [sys.executable, runner, *options, "--", *args]
            process = subprocess.run(
                ["bash", "-c", script, "suite", *command],
                cwd=self.directory,
                pass_fds=(results.fileno(),),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**_plain(), "PYTHONDONTWRITEBYTECODE": "1"},
                check=False,
                timeout=60,
            )
            results.seek(0)
            data, printed = results.read(), process.stdout
        collector = Collector()
        collector.feed(data)
        assert collector.dropped == 0, data
        lines = [json.loads(line) for line in data.splitlines()]
        report = collector.report(exit_code=process.returncode, tail=printed)
        return Ran(lines, report, collector.touch, process.returncode, printed.decode("utf-8", "replace"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_every_outcome_is_told(project: Project) -> None:
    project.write("""
import pytest, unittest
def test_passes(): pass
def test_fails(): assert 1 == 2, "too few"
@pytest.fixture
def breaks_before(): raise RuntimeError("before")
@pytest.fixture
def breaks_after():
    yield
    raise RuntimeError("after")
def test_before(breaks_before): pass
def test_after(breaks_after): pass
def test_both(breaks_after): assert False
@pytest.mark.skip(reason="not today")
def test_skipped(): pass
@pytest.mark.xfail
def test_xfailed(): assert False
@pytest.mark.xfail
def test_xpassed(): pass
@pytest.mark.xfail(strict=True)
def test_strict(): pass
class TestCase(unittest.TestCase):
    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)
    def test_skip(self): self.skipTest("no")
    @unittest.expectedFailure
    def test_expected(self): self.fail()
""")
    ran = project.run()
    assert ran.outcomes == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_before": "error",
        "test_after": "error",
        "test_both": "failed",
        "test_skipped": "skipped",
        "test_xfailed": "xfailed",
        "test_xpassed": "xpassed",
        "test_strict": "failed",
        "TestCase::test_expected": "xfailed",
        "TestCase::test_parts": "failed",
        "TestCase::test_skip": "skipped",
    }
    assert ran.report.status == COMPLETE
    assert ran.code == 1
    messages = {test.split("::")[1]: result.message for test, result in ran.report.results.items()}
    assert messages["test_fails"].splitlines()[0] == "AssertionError: too few"
    assert messages["test_fails"].splitlines()[-1] == "  at test_it.py:4"
    assert "before" in messages["test_before"]
    assert "after" in messages["test_after"]
    assert messages["test_passes"] == ""
    assert [line["k"] for line in ran.lines[:3]] == ["begin", "collected", "start"]
    assert ran.lines[-1] == {"k": "end", "exit": 1}


def test_ids_of_any_kind_survive(project: Project) -> None:
    project.write(
        """
import pytest
@pytest.mark.parametrize("v", ["a b", "[x]", 'q"', "\\u00fc\\U0001f600", "a::b", "x\\ny"])
def test_it(v): pass
""",
        "test_\u00fc b.py",
    )
    ran = project.run("-o", "disable_test_id_escaping_and_forfeit_all_rights_to_community_support=true")
    assert set(ran.outcomes.values()) == {"passed"}
    assert set(ran.outcomes) == {
        "test_it[a b]",
        "test_it[[x]]",
        'test_it[q"]',
        "test_it[\u00fc\U0001f600]",
        "test_it[a::b]",
        "test_it[x\\x0ay]",
    }
    collected = [test for line in ran.of("collected") for test in line["ids"]]
    assert [line["id"] for line in ran.of("test")] == collected


def test_long_lists_come_in_pieces(project: Project) -> None:
    project.write("import pytest\n@pytest.mark.parametrize('n', range(3000))\ndef test_number(n): pass\n")
    ran = project.run("-q")
    assert len(ran.of("collected")) > 1
    assert sum(len(line["ids"]) for line in ran.of("collected")) == len(ran.report.results) == 3000


def test_hostile_tests_do_not_silence_it(project: Project) -> None:
    project.write("""
import builtins, json, os, signal, sys, time
def test_descriptors():
    os.closerange(3, 1100)
def test_descriptors_taken():
    for _ in range(20): os.open(os.devnull, os.O_WRONLY)
def test_patches(monkeypatch):
    for name in ("write", "getpid", "fstat"): monkeypatch.setattr(os, name, None)
    monkeypatch.setattr(json, "dumps", None)
    monkeypatch.setattr(time, "perf_counter", None)
def test_elsewhere(tmp_path):
    os.chdir(tmp_path); os.rmdir(tmp_path)
def test_patches_for_good():
    os.write = os.fstat = json.dumps = json.loads = lambda *a: 1 / 0
def test_after(): pass
""")
    ran = project.run("-s")
    assert set(ran.outcomes.values()) == {"passed"}, ran.printed
    assert len(ran.outcomes) == 6
    assert ran.report.status == COMPLETE


def test_children_of_a_test_do_not_report(project: Project) -> None:
    project.write("""
import os
def test_forks():
    child = os.fork()
    if child: os.waitpid(child, 0)
def test_after(): pass
""")
    ran = project.run()
    assert len(ran.of("test")) == 2
    assert len(ran.of("end")) == 1


def test_the_descriptor_is_not_the_tests(project: Project) -> None:
    project.write("""
import os, subprocess
def test_free():
    fd = os.open(os.devnull, os.O_RDONLY)
    assert fd < 60
    listing = ["ls", "-l", "/proc/self/fd"]
    assert "deleted" not in subprocess.run(listing, close_fds=False, capture_output=True, text=True).stdout
""")
    assert project.run("-s").outcomes == {"test_free": "passed"}


def test_a_run_cut_short_has_no_end(project: Project) -> None:
    project.write("import os\ndef test_a(): pass\ndef test_b(): os._exit(0)\ndef test_c(): pass\n")
    ran = project.run()
    assert ran.report.status == DIED
    assert "test_it.py::test_b" in ran.report.detail
    assert ran.outcomes == {"test_a": "passed"}


def test_a_flood_of_output_is_only_output(project: Project) -> None:
    project.write("import os\ndef test_a():\n    for _ in range(3000): os.write(1, b'x' * 65536)\n")
    ran = project.run("-s")
    assert ran.outcomes == {"test_a": "passed"}
    assert len(ran.report.tail) <= 2048


@pytest.mark.parametrize(
    ("files", "code", "errors"),
    [
        ({"test_it.py": "import nothing_like_this\n"}, 2, "nothing_like_this"),
        ({"test_it.py": "def test_a(:\n"}, 2, "SyntaxError"),
        ({"test_it.py": "def test_a(): pass\n", "conftest.py": "1 / 0\n"}, 4, ""),
        ({}, 5, ""),
        (
            {
                "test_it.py": "def test_a(): pass\n",
                "conftest.py": "def pytest_runtest_setup(item): item.config.x\n"
                "def pytest_collection_modifyitems(): raise RuntimeError('deep inside')\n",
            },
            3,
            "deep inside",
        ),
    ],
)
def test_what_pytest_says_of_itself(project: Project, files: dict[str, str], code: int, errors: str) -> None:
    for name, text in files.items():
        project.write(text, name)
    ran = project.run()
    assert ran.code == code
    assert ran.lines[-1] == {"k": "end", "exit": code}
    assert errors in "\n".join(ran.report.errors)
    assert ran.outcomes == {}


def test_without_pytest_nothing_is_begun(project: Project, tmp_path: Path) -> None:
    project.write("def test_a(): pass\n")
    project.write("raise ImportError('pytest is damaged')\n", "pytest.py")
    ran = project.run()
    assert ran.lines == []
    assert ran.report.status == UNSTARTABLE
    assert "pytest is damaged" in ran.report.detail


def test_it_behaves_as_the_module_does(project: Project) -> None:
    project.write("""
import json, os, sys
def test_looks(request):
    main = sys.modules["__main__"]
    found = {"path": sys.path, "argv": sys.argv, "file": main.__file__, "spec": main.__spec__.name,
             "package": main.__package__, "cwd": os.getcwd(), "cache": bool(request.config.cache)
             if hasattr(request.config, "cache") else None}
    with open("found.json", "w") as file: json.dump(found, file, sort_keys=True)
""")
    assert project.run("test_it.py").outcomes == {"test_looks": "passed"}
    ours = (project.directory / "found.json").read_text()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"],
        cwd=project.directory,
        capture_output=True,
        check=True,
        env=_plain(),
    )
    theirs = json.loads((project.directory / "found.json").read_text())
    theirs["argv"] = [theirs["argv"][0], "test_it.py"]
    assert json.loads(ours) == theirs


def test_a_rerun_counts_by_its_last_attempt(project: Project) -> None:
    project.write("""
import pytest
from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):
    for attempt in range(2):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            if report.failed and attempt == 0: report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if attempt == 0: item._initrequest()
    return True
def pytest_report_teststatus(report):
    if report.outcome == "rerun": return "rerun", "R", "RERUN"
""", "conftest.py")  # fmt: skip
    project.write("seen = []\ndef test_a():\n    seen.append(1)\n    assert len(seen) > 1\n")
    ran = project.run()
    assert [line["outcome"] for line in ran.of("test")] == ["passed"]


def test_huge_and_broken_messages_are_bounded(project: Project) -> None:
    project.write("""
class Bad(Exception):
    def __str__(self): raise RuntimeError("no")
    __repr__ = __str__
def test_huge(): raise ValueError("\\x1b[31m" + "x" * 10_000_000)
def test_bad(): raise Bad()
def test_surrogate(): raise ValueError("\\udcff\\ud800")
""")
    ran = project.run("-q", "--tb=line")
    assert set(ran.outcomes.values()) == {"failed"}
    assert all(len(line["message"]) <= runner.MESSAGE for line in ran.of("test"))
    assert all("\x1b" not in result.message for result in ran.report.results.values())


def test_touch_names_what_each_test_uses(project: Project) -> None:
    project.write("[a]\n", "data.ini")
    project.write("""
import ctypes.util, os, socket, sqlite3, subprocess
def test_reads(): open("data.ini").close()
def test_absent():
    try: open("/nowhere/at/all")
    except OSError: pass
def test_runs(): subprocess.run(["env", "true"], check=True)
def test_shell(): subprocess.run("cat /dev/null | wc -l", shell=True, check=True)
def test_forks():
    child = os.fork()
    if not child:
        os.closerange(3, 4200)
        os.execv("/bin/echo", ["echo"])
    os.waitpid(child, 0)
def test_imports(): import wave
def test_looks_up():
    try: socket.getaddrinfo("somewhere.invalid", 80)
    except OSError: pass
def test_database(tmp_path): sqlite3.connect(tmp_path / "x.db").execute("create table t (x)")
""")
    ran = project.run(options=("--touch",))
    assert set(ran.outcomes.values()) == {"passed"}, ran.printed
    touch = {test.partition("::")[2]: names for test, names in ran.touch.items()}
    assert str(project.directory / "data.ini") in touch["test_reads"].paths
    assert "test_absent" not in touch or not any("nowhere" in path for path in touch["test_absent"].paths)
    assert any(path.endswith("/env") for path in touch["test_runs"].execs)
    assert any(path.endswith("/wc") for path in touch["test_shell"].execs)
    assert any(path.endswith("/sh") for path in touch["test_shell"].execs)
    assert any(path.endswith("/echo") for path in touch["test_forks"].execs)
    assert "wave" in touch["test_imports"].imports
    assert touch["test_looks_up"].hosts == {"somewhere.invalid"}
    assert "sqlite3" in touch[""].imports
    assert any("libc" in path for path in touch[""].libs)
    assert str(project.directory / "test_it.py") in touch[""].paths


def test_another_descriptor(project: Project) -> None:
    project.write("def test_a(): pass\n")
    assert project.run(options=("--fd", "7"), fd=7).outcomes == {"test_a": "passed"}
