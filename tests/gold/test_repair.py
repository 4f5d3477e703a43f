from __future__ import annotations

import pytest

from engine.gold.repair import Remedy, remedy
from engine.gold.requirements import Requirement, parse_all
from engine.gold.settings import PytestSettings
from engine.suite.report import COMPLETE, Report, TestResult

KNOWN = {item.name: item for item in parse_all(["sh>=2", "python-toolkit==1", "pytest-cov<6", "pyyaml>=6"])}


def asked(
    tail: str = "",
    *,
    known: dict[str, Requirement] = KNOWN,
    errors: tuple[str, ...] = (),
    message: str = "",
    addopts: tuple[str, ...] = (),
    installed: str = "",
) -> Remedy:
    results = {"t": TestResult("t", "failed", 0.0, message)} if message else {}
    report = Report(COMPLETE, "", results, errors, 1, 1.0, tail)
    return remedy(
        report, known, PytestSettings(addopts=addopts), dict.fromkeys([*installed.split(), "pytest"], "9.2")
    )


@pytest.mark.parametrize(
    ("text", "pip"),
    [
        ("E   ModuleNotFoundError: No module named 'sh'", ("sh>=2",)),
        ("ModuleNotFoundError: No module named 'yaml.loader'", ("pyyaml>=6",)),
        ("ModuleNotFoundError: No module named 'toolkit'", ("python-toolkit==1",)),
        ("ModuleNotFoundError: No module named 'dateutil.tz'", ("python-dateutil",)),
        ("ModuleNotFoundError: No module named 'pkg_resources'", ("setuptools<81",)),
        ("ModuleNotFoundError: No module named 'somebodys_typosquat'", ()),
        ("fixture 'mocker' not found", ("pytest-mock",)),
        ("fixture 'own_thing' not found", ()),
        ("'timeout' not found in `markers` configuration option", ("pytest-timeout",)),
        ("Unknown config option: asyncio_mode", ("pytest-asyncio",)),
        ("async def functions are not natively supported.", ("pytest-asyncio",)),
        ("error: unrecognized arguments: --cov=p --cov-report=xml", ("pytest-cov<6",)),
        ("error: unrecognized arguments: -n4", ("pytest-xdist",)),
        ("Using http2=True, but the 'sh' package is not installed. Try `pip install p[x]`.", ("sh>=2",)),
        ("please run: pip install sh", ("sh>=2",)),
        ("'nobodys' package is required, pip install nobodys sh-else", ()),
        ("pytest.PytestRemovedIn10Warning: x", ("pytest<9",)),
        (
            "Argument(s) {'path'} are declared in the hookimpl but can not be found in the hookspec",
            ("pytest<9",),
        ),
        ("ImportError: cannot import name 'notset' from '_pytest.monkeypatch' (/opt/x.py)", ("pytest<9",)),
        ("AttributeError: module 'pytest' has no attribute 'config'", ("pytest<9",)),
        ("ConnectionError: no network", ()),
    ],
)
def test_complaints_are_answered(text: str, pip: tuple[str, ...]) -> None:
    for found in (asked(text), asked(errors=(text,)), asked(message=text)):
        assert tuple(found.pip) == pip
        assert len(found.because) == len(pip)


def test_what_is_installed_is_not_asked_for_again() -> None:
    assert not asked("No module named 'yaml'", installed="pyyaml")
    assert not asked("fixture 'mocker' not found", installed="pytest-mock")


def test_an_option_nobody_knows_is_left_out() -> None:
    found = asked(
        "error: unrecognized arguments: --ff --own x", addopts=("-ra", "--ff", "--own", "x", "-m", "not slow")
    )
    assert list(found.args) == ["--override-ini=addopts=-ra -m 'not slow'"]
    assert not found.pip


def test_a_library_is_a_package_of_the_distribution() -> None:
    found = asked(message="ImportError: libmagic.so.1: cannot open shared object file: No such file")
    assert list(found.apt) == ["libmagic1"]


def test_a_quiet_run_asks_for_nothing() -> None:
    assert not asked("3 passed")


def test_a_few_failures_do_not_change_pytest() -> None:
    results = {str(n): TestResult(str(n), "passed") for n in range(100)}
    results["old"] = TestResult("old", "failed", 0.0, "PytestRemovedIn10Warning")
    report = Report(COMPLETE, "", results, (), 1, 1.0, "")
    assert not remedy(report, {}, PytestSettings(), {"pytest": "9.2"})


@pytest.mark.parametrize("installed", ["setuptools", ""])
def test_a_bound_that_is_the_remedy_is_kept_where_the_project_states_none(installed: str) -> None:
    known = {item.name: item for item in parse_all(["pytest[dev]", "setuptools>=60"])}
    found = asked("No module named 'pkg_resources'", known=known, installed=installed)
    assert list(found.pip) == ["setuptools<81"]
    assert list(asked("pytest.PytestRemovedIn10Warning: x", known=known).pip) == ["pytest[dev]<9"]


def test_one_file_that_cannot_be_collected_changes_pytest_however_many_tests_ran() -> None:
    results = {str(n): TestResult(str(n), "passed") for n in range(100)}
    errors = ("tests/test_old.py: pytest.PytestRemovedIn10Warning: Passing a non-Collection iterable",)
    report = Report(COMPLETE, "", results, errors, 1, 1.0, "")
    assert list(remedy(report, {}, PytestSettings(), {"pytest": "9.2"}).pip) == ["pytest<9"]


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("E   DeprecationWarning: pkg_resources is deprecated", ["-Wdefault"]),
        ("internal error: Traceback\n  x\npytest.PytestDeprecationWarning: The event loop", ["-Wdefault"]),
        ("E   Failed: DID NOT WARN. No warnings of type (<class 'UserWarning'>,) were emitted.", []),
        ("E   AssertionError: assert 'UserWarning: x' in ''", []),
        ("E   pytest.PytestRemovedIn9Warning: x", []),
    ],
)
def test_warnings_that_end_tests_are_no_errors(text: str, args: list[str]) -> None:
    assert list(asked(errors=(text,)).args) == list(asked(message=text).args) == args
    results = {str(n): TestResult(str(n), "passed") for n in range(100)}
    results["old"] = TestResult("old", "failed", 0.0, text)
    assert not remedy(Report(COMPLETE, "", results, (), 1, 1.0, ""), {}, PytestSettings(), {}).args


COMPILER = ["gcc", "libc6-dev", "python3-dev"]


@pytest.mark.parametrize(
    ("text", "apt"),
    [
        ("error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", COMPILER),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'gcc'", COMPILER),
        ("Skipped: gcc is not installed", COMPILER),
        ("/bin/sh: 1: gcc: not found", COMPILER),
        ("src/x.c:1:10: fatal error: Python.h: No such file or directory", COMPILER),
        ("ModuleNotFoundError: No module named '_tkinter'", ["python3-tk"]),
        ("ModuleNotFoundError: No module named 'tkinter'", ["python3-tk"]),
        ("ModuleNotFoundError: No module named '_gdbm'", ["python3-gdbm"]),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/app/acc'", []),
        ("error: command 'gcc' failed with exit status 1", []),
    ],
)
def test_a_program_that_a_good_part_of_the_tests_misses_is_added(text: str, apt: list[str]) -> None:
    for complaining, expected in ((20, apt), (3, [])):
        results = {str(n): TestResult(str(n), "passed") for n in range(100 - complaining)}
        results |= {f"-{n}": TestResult(f"-{n}", "skipped", 0.0, text) for n in range(complaining)}
        report = Report(COMPLETE, "", results, (), 1, 1.0, "")
        assert list(remedy(report, {}, PytestSettings(), {}).apt) == expected
