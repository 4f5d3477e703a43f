"""Who feels what: from what was seen in a run to sets of tests, and the order faults are tried in."""

from __future__ import annotations

from engine.faults.facts import Closure, Facts, Uses, gather, source_of
from engine.faults.model import Target
from engine.suite.protocol import Touch
from tests.faults.conftest import BASELINE, SITE, make

TESTS = ("tests/test_a.py::test_1", "tests/test_a.py::test_2[x/y::z]", "tests/test_b.py::C::test_3")


def facts_of(uses: Uses) -> Facts:
    return Facts(baseline=TESTS, image=make().image, uses=uses)


def test_bytecode_stands_for_its_source_and_scratch_files_for_their_place() -> None:
    assert source_of("/x/__pycache__/core.cpython-311.pyc") == "/x/core.py"
    assert source_of("/x/__pycache__/core.cpython-311.opt-2.pyc") == "/x/core.py"
    assert source_of("/tmp/pytest-of-dev/pytest-0/test_1/db") == "/tmp/pytest-of-dev"
    assert source_of("/tmp/tmpabc/foo") == "/tmp"
    assert source_of("/etc/tmp/foo") == "/etc/tmp/foo"


def test_a_test_feels_what_it_used_and_what_its_file_loads() -> None:
    closures = [
        Closure("tests/test_a.py", {"lib": "/s/lib/__init__.py", "json": "/l/json.py"}, ("/u/libz.so.1",)),
        Closure("tests/test_b.py", {"json": "/l/json.py"}),
    ]
    touched = {
        "": Touch(paths=frozenset({"/s/lib/__init__.py", "/etc/x"})),
        TESTS[2]: Touch(
            paths=frozenset({"/s/data.csv"}), imports=frozenset({"late"}), execs=frozenset({"/usr/bin/git"})
        ),
        "tests/test_a.py::gone": Touch(paths=frozenset({"/s/other"})),
    }
    facts = facts_of(gather(TESTS, touched, closures, lenient=True))
    assert facts.tests_importing("lib") == frozenset(TESTS[:2])
    assert facts.tests_importing("json") == frozenset(TESTS)
    assert facts.tests_importing("late") == frozenset(TESTS[2:])
    assert facts.tests_touching("/s/lib/__init__.py") == frozenset(TESTS[:2]), (
        "start-up tells less than the files"
    )
    assert facts.tests_touching("/s") == frozenset(TESTS), "what lies below a directory"
    assert facts.tests_touching("/s/data") == frozenset(), "a name is not a directory because it begins alike"
    assert facts.tests_touching("/etc/x") == frozenset(TESTS), "start-up is everybody's"
    assert facts.tests_running("/usr/bin/git") == frozenset(TESTS[2:])
    assert facts.tests_mapping("/u/libz.so.1") == frozenset(TESTS[:2])
    assert facts.tests_touching("/s/other") == frozenset(), "not of the baseline"


def test_where_one_broken_file_ends_the_run_everybody_feels_it() -> None:
    closures = [Closure("tests/test_a.py", {"lib": "/s/lib.py"}), Closure("tests/test_b.py", {})]
    facts = facts_of(gather(TESTS, {}, closures, lenient=False))
    assert facts.tests_importing("lib") == frozenset(TESTS)


def test_a_file_that_was_not_reached_loads_what_all_others_do() -> None:
    closures = [Closure("tests/test_a.py", {"os": "/l/os.py", "lib": "/s/lib.py"})]
    more = [*closures, Closure("tests/test_c.py", {"os": "/l/os.py"})]
    facts = facts_of(gather(TESTS, {}, more, lenient=True))
    assert facts.tests_importing("os") == frozenset(TESTS)
    assert facts.tests_importing("lib") == frozenset(TESTS[:2])


def test_order_is_band_then_part_then_all_then_unknown_and_new_sets_first() -> None:
    facts = make()
    one, half, every = frozenset(BASELINE[:1]), frozenset(BASELINE[:5]), frozenset(BASELINE)
    most = frozenset(BASELINE[:9])
    targets = [
        Target("unknown", {}),
        Target("every", {}, every),
        Target("most", {}, most),
        Target("half 2", {}, half),
        Target("half 1", {}, half),
        Target("one", {}, one),
    ]
    order = [target.label for target in facts.ranked(targets)]
    assert order == ["half 1", "one", "half 2", "most", "every", "unknown"]
    assert facts.ranked(reversed(targets)) == facts.ranked(targets)
    assert len(facts.ranked(targets, limit=2)) == 2


def test_damage_is_only_where_it_is_allowed_and_stays() -> None:
    facts = make()
    for path in (
        "/app",
        "/app/src/x.py",
        "/etc/hosts",
        "/dev/null",
        "/proc/1/x",
        "relative",
        "/x\ny",
        "/\x1b[2J",
    ):
        assert not facts.free(path), path
    for path in ("/etc/hostname.d", "/application", SITE, "/opt/it's $(fine)"):
        assert facts.free(path), path


def test_mentions_are_of_functions_and_of_whole_files() -> None:
    def mentioned(functions: tuple[str, ...]) -> int:
        return len(make(mentions={"f": {"tests/test_a.py": functions}}).tests_mentioning("f"))

    assert mentioned(("test_1",)) == 1
    assert mentioned(("",)) == 5
    assert mentioned(("helper",)) == 0


def test_what_pytest_stands_on_is_known() -> None:
    assert make().harness == {"pytest", "pluggy"}


def test_what_shell_and_interpreter_need_is_known() -> None:
    assert {"libc.so.6", "libz.so.1"} <= make().core
    assert "libpq.so.5" not in make().core
