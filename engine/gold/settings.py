"""The project's own settings of pytest, and where its tests are."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import PurePosixPath

from engine.gold.declared import ini, strings, table, toml
from engine.gold.tree import ProjectTree

_USUAL = ("tests", "test", "testing", "unit_tests", "unittests", "t")
_INNER = ("tests", "test", "testing", "_tests", "_test")
"""What directories of tests are called inside a package."""
_TESTS = frozenset((*_USUAL, *_INNER))
_MANY = 8
"""Directories of tests beyond which the packages that hold them are named instead."""
_PART = 10
"""A place beside the usual ones counts when it holds more than one in so many of the tests."""
_DATA = frozenset({"data", "fixtures", "testdata"})
"""Directories whose modules tests read, and nobody runs."""
_ASIDE = frozenset(
    {
        "doc",
        "docs",
        "example",
        "examples",
        "sample",
        "samples",
        "benchmark",
        "benchmarks",
        "bench",
        "asv_bench",
    }
    | {"vendor", "_vendor", "vendored", "third_party", "extern", "scripts", "tools", "build", "dist"}
)
"""Directories whose tests, if there are any, are not the project's suite."""


@dataclass(frozen=True)
class PytestSettings:
    """What the project tells pytest, wherever it does."""

    addopts: tuple[str, ...] = ()
    testpaths: tuple[str, ...] = ()
    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    plugins: tuple[str, ...] = ()
    """Requirements in `required_plugins`."""
    warnings: tuple[str, ...] = ()
    """Modules of the warnings that are filtered by their class: pytest imports them as it begins."""
    names: frozenset[str] = field(default_factory=frozenset)
    """Every setting that is made."""


def settings(tree: ProjectTree) -> PytestSettings:
    """The settings of the file pytest would choose, none without one."""
    pyproject = table(toml(tree, "pyproject.toml"), "tool", "pytest")
    choices = [
        table(toml(tree, "pytest.toml"), "pytest"),
        table(toml(tree, ".pytest.toml"), "pytest"),
        _section(tree, "pytest.ini", "pytest"),
        _section(tree, ".pytest.ini", "pytest"),
        table(pyproject, "ini_options") or pyproject,
        _section(tree, "tox.ini", "pytest"),
        _section(tree, "setup.cfg", "tool:pytest"),
    ]
    chosen = next((choice for choice in choices if choice), {})
    return PytestSettings(
        addopts=_words(chosen.get("addopts")),
        testpaths=_words(chosen.get("testpaths")),
        python_files=_words(chosen.get("python_files")) or PytestSettings.python_files,
        plugins=_words(chosen.get("required_plugins")),
        warnings=_categories(strings(chosen.get("filterwarnings"))),
        names=frozenset(chosen),
    )


def _section(tree: ProjectTree, path: str, name: str) -> dict[str, object]:
    parser = ini(tree.text(path))
    return dict(parser[name]) if name in parser else {}


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value, comments=True))
        except ValueError:
            return tuple(value.split())
    return tuple(strings(value))


def _categories(filters: Iterable[str]) -> tuple[str, ...]:
    """The modules in filters such as `ignore:message:package.SomeWarning`."""
    parts = [text.split(":") for text in filters]
    return tuple(words[2].strip().rpartition(".")[0] for words in parts if len(words) > 2 and "." in words[2])


def suite_files(tree: ProjectTree, patterns: Iterable[str]) -> tuple[str, ...]:
    """The files pytest would take for tests by their names."""
    patterns = tuple(patterns)

    def taken(path: str) -> bool:
        return any(
            fnmatch(path if "/" in pattern else path.rpartition("/")[2], pattern) for pattern in patterns
        )

    return tuple(path for path in tree if path.endswith(".py") and taken(path))


def among_tests(path: str) -> bool:
    """Whether a file lies in a directory of tests, not of the project's own modules."""
    return bool(_TESTS.intersection(path.split("/")[:-1]))


def package_modules(tree: ProjectTree) -> tuple[str, ...]:
    """The project's own modules, as far as names tell: what is in no directory of tests or examples."""
    return tuple(
        path
        for path in tree
        if path.endswith(".py") and not (_TESTS | _ASIDE).intersection(path.split("/")[:-1])
    )


def beside(tree: ProjectTree, suite: Iterable[str]) -> tuple[str, ...]:
    """All modules in the directories of tests that hold files of a suite: their helpers, too."""
    places = set()
    for path in suite:
        parts = path.split("/")[:-1]
        if among_tests(path) and not _ASIDE.intersection(parts):
            first = next(index for index, part in enumerate(parts, 1) if part in _TESTS)
            places.add("/".join(parts[:first]))
    return tuple(path for path in tree if path.endswith(".py") and _below(path, places))


def _suite(tree: ProjectTree, own: PytestSettings) -> tuple[list[str], list[str]]:
    """The files that have names of tests, and those of them that define any."""
    files = suite_files(tree, own.python_files)
    named = [path for path in files if not _ASIDE.intersection(PurePosixPath(path).parts[:-1])]
    # A helper may be called like a test: what defines none counts only where nothing else does.
    return named, [path for path in named if _defines_tests(tree.text(path))]


def suite_modules(tree: ProjectTree, own: PytestSettings) -> tuple[str, ...]:
    """The files of the project's suite, as far as they have names of tests and define any."""
    return tuple(_suite(tree, own)[1])


def suite_args(tree: ProjectTree, own: PytestSettings) -> tuple[str, ...] | None:
    """Arguments that make pytest collect the project's suite; None when nothing looks like a test.

    The project's `testpaths` are left to pytest itself.
    """
    directories = tree.directories()
    for path in own.testpaths:
        wanted = path.strip("./")
        if not wanted or wanted in tree or any(fnmatch(directory, wanted) for directory in directories):
            return ()
    named, suite = _suite(tree, own)
    if not suite and (other := _unusual(tree) or _doctests(tree, own)):
        return other
    suite = suite or named
    tops = [name for name in _USUAL if any(path.startswith(f"{name}/") for path in suite)]
    places = (*tops, *_places(tree, suite, tops))
    return (*places, *_misnamed(tree, own, places, suite)) if places else None


def _places(tree: ProjectTree, suite: Iterable[str], tops: Collection[str]) -> tuple[str, ...]:
    """Where the suite is: beside usual directories at the top, only what holds a good part of the tests."""
    tests: Counter[str] = Counter()
    for path in suite:
        tests["" if _below(path, tops) else _suite_directory(path)] += _count(tree.text(path))
    inner = {place for place in tests if place and (not tops or tests[place] * _PART > tests.total())}
    outer = {place for place in inner if not _below(place, inner)}
    if len(outer) > _MANY:
        outer = {place.split("/")[0] for place in outer}
    return tuple(sorted(outer))


def _misnamed(
    tree: ProjectTree, own: PytestSettings, places: Collection[str], suite: Collection[str]
) -> tuple[str, ...]:
    """Options for a suite most of which pytest would not take by its names; none for any other.

    A single `test_utils.py` is no reason to leave aside all the files that another runner is told of.
    """
    if "python_files" in own.names:
        return ()
    tests = {
        path: _count(tree.text(path))
        for path in tree
        if re.fullmatch(r"(?:.*/)?(?!conftest\.py)[\w.-]+\.py", path)
        and _below(path, places)
        and among_tests(path)
        and not (_ASIDE | _DATA).intersection(path.split("/")[:-1])
    }
    found = [path for path in tests.keys() - set(suite) if tests[path]]
    if sum(tests[path] for path in found) <= sum(tests.get(path, 0) for path in suite):
        return ()
    names = dict.fromkeys(path.rpartition("/")[2] for path in sorted(found))
    return ("-o", f"python_files={' '.join([*own.python_files, *names])}")


def _suite_directory(path: str) -> str:
    """The outermost directory with a usual name above a test file; without one, its package, or itself."""
    parts = PurePosixPath(path).parts[:-1]
    for index, part in enumerate(parts):
        if part in _INNER:
            return "/".join(parts[: index + 1])
    return parts[0] if parts else path


def _below(path: str, others: Collection[str]) -> bool:
    return any(path.startswith(f"{other}/") for other in others)


def _unusual(tree: ProjectTree) -> tuple[str, ...] | None:
    """Tests in files that pytest takes only when told: `tests.py`, or any name in a directory of tests."""
    for name in ("tests.py", "test.py"):
        named = [
            path
            for path in tree
            if path.rpartition("/")[2] == name
            and not _ASIDE.intersection(path.split("/")[:-1])
            and _defines_tests(tree.text(path))
        ]
        if named:
            return tuple(named)
    for top in _USUAL[:3]:
        if any(
            _defines_tests(tree.text(path))
            for path in tree
            if path.startswith(f"{top}/") and path.endswith(".py")
        ):
            return (top, "-o", "python_files=*.py")
    return None


def _doctests(tree: ProjectTree, own: PytestSettings) -> tuple[str, ...] | None:
    """Where modules have examples, for a project that has pytest run them and has no other tests."""
    if "--doctest-modules" not in own.addopts:
        return None
    found = {
        path.split("/")[0]
        for path in tree
        if path.endswith(".py")
        and not _ASIDE.intersection(PurePosixPath(path).parts[:-1])
        and re.search(r"^\s*>>> ", tree.text(path), re.MULTILINE)
    }
    return tuple(sorted(found)) or None


def _count(text: str) -> int:
    """How many tests a module defines, about."""
    return len(re.findall(r"^[ \t]*(?:async\s+)?def test", text, re.MULTILINE))


def _defines_tests(text: str) -> bool:
    return bool(re.search(r"^\s*(?:async\s+)?def test|^class \w*\(.*TestCase\)", text, re.MULTILINE))
