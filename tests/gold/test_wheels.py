from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from engine import clean
from engine.errors import GoldError
from engine.gold import build as builds
from engine.gold.builder import Base, StepFailed, complaint
from engine.gold.requirements import parse_all
from engine.gold.sources import Directory, Sdist
from engine.gold.wheels import (
    Project,
    Wheelhouse,
    absent,
    fetch_sdist,
    further_wheels,
    looser,
    needs_compiler,
    outdated,
    overlay,
)
from tests.gold.conftest import tree_of

MISSING = "ERROR: No matching distribution found for {}"


def wheel(*paths: str) -> Project:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for path in paths:
            file.writestr(path, path)
    return Project("Pkg_Name-1.0+x-cp311-cp311-linux_x86_64.whl", buffer.getvalue())


def test_a_wheels_name_says_what_it_is() -> None:
    assert (wheel().name, wheel().version) == ("pkg-name", "1.0+x")
    house = Wheelhouse({"A_b-2-py3-none-any.whl": b"", "c.d-1.0-py3-none-any.whl": b""}, (), ())
    assert house.versions == {"a-b": "2", "c-d": "1.0"}


def test_what_was_compiled_or_generated_is_laid_over_a_flat_project() -> None:
    built = wheel(
        "pkg/__init__.py",
        "pkg/_version.py",
        "pkg/_fast.cpython-311-x86_64-linux-gnu.so",
        "other/x.py",
        "single.so",
        "pkg-1.0.dist-info/METADATA",
        "pkg/../../evil",
    )
    flat = tree_of({"pkg/__init__.py": "", "pkg/_fast.c": "", "single.py": "", "tests/__init__.py": ""})
    assert sorted(overlay(flat, built)) == [
        "pkg/_fast.cpython-311-x86_64-linux-gnu.so",
        "pkg/_version.py",
        "single.so",
    ]
    assert overlay(tree_of({"src/pkg/__init__.py": "", "tests/test_a.py": ""}), built) == {}
    inside = tree_of({"src/pkg/__init__.py": "", "src/pkg/tests/test_a.py": "", "src/other/x.c": ""})
    assert sorted(overlay(inside, built)) == [
        "src/pkg/_fast.cpython-311-x86_64-linux-gnu.so",
        "src/pkg/_version.py",
    ]
    assert overlay(flat, Project()) == {}


def test_libraries_packed_along_lie_beside_the_package() -> None:
    paths = (
        "pkg/__init__.py",
        "pkg/_fast.cpython-311-x86_64-linux-gnu.so",
        "pkg_.libs/libz.so.1",
        "a.libs/../b",
    )
    flat = tree_of({"pkg/__init__.py": "", "pkg/_fast.c": ""})
    assert sorted(overlay(flat, wheel(*paths))) == [paths[1], paths[2]]
    inside = tree_of({"src/pkg/__init__.py": "", "src/pkg/tests/test_a.py": ""})
    assert sorted(overlay(inside, wheel(*paths))) == [f"src/{paths[1]}", f"src/{paths[2]}"]
    assert overlay(flat, wheel("pkg/__init__.py", paths[2])) == {}


class Refusing:
    """A builder where some commands fail; files appear as they would."""

    base = Base("3.11", "", ())

    def __init__(self, output: str, *refused: str) -> None:
        self.output, self.refused = output, refused
        self.ran: list[str] = []

    def say(self, text: str) -> None:
        assert text

    async def sandbox(self) -> Refusing:
        return self

    async def put(self, *_: object) -> None:
        return None

    async def compiler(self) -> bool:
        return False

    async def run(self, argv: list[str], *, doing: str, env: object = None) -> None:
        self.ran.append(" ".join(argv))
        if any(word in self.ran[-1] for word in self.refused):
            raise StepFailed(f"{doing} failed", self.output)

    async def files(self, folder: str, suffix: object) -> dict[str, bytes]:
        if suffix == ".whl":
            built = wheel("pkg_name-1.0.dist-info/METADATA")
            return {built.wheel: built.data}
        return {"pkg-name-1.0.tar.gz": b"archive"}


HEADERS = "Error: Please make sure the libxml2 and libxslt development packages are installed."


async def test_a_source_distribution_that_cannot_say_what_it_needs_is_had_as_pip_unpacks_it() -> None:
    builder = Refusing(HEADERS, "pip download")
    assert await fetch_sdist(builder, "pkg-name", "1.0") == b"archive"
    assert "--no-clean" in builder.ran[0] and "tar " in builder.ran[-1]
    for failing in (
        Refusing(HEADERS, "pip download", "tar "),
        Refusing("Connection refused", "pip download"),
    ):
        with pytest.raises(StepFailed, match="fetching pkg-name"):
            await fetch_sdist(failing, "pkg-name", "1.0")


async def test_a_release_that_cannot_be_built_is_there_as_the_indexs_own_wheel() -> None:
    tree = tree_of({"setup.py": "", "pkg/_fast.c": ""})
    said: list[str] = []
    work = builds._Work(None, Sdist("pkg-name", "1.0"), {}, "b", "b", said.append, False)
    project, remarks = await work._wheel(Refusing(HEADERS, "pip wheel"), tree)
    assert (project.name, project.version, len(remarks)) == ("pkg-name", "1.0+x", 1)
    assert list(remarks) == said
    with pytest.raises(StepFailed, match="building the project failed"):
        await work._wheel(Refusing(HEADERS, "pip wheel", "pip download"), tree)
    work.source = Directory(Path("/nowhere"))
    with pytest.raises(StepFailed, match="building the project failed"):
        await work._wheel(Refusing(HEADERS, "pip wheel"), tree)


def test_what_cannot_be_had_is_loosened_then_left_out() -> None:
    wanted = list(parse_all(["pytest>=6", "old==1.0", "gone"]))
    wanted, _, said = looser(wanted, (), Project(), StepFailed("x", MISSING.format("old==1.0")))
    assert [item.text for item in wanted] == ["pytest>=6", "old", "gone"]
    assert "old==1.0" in said
    wanted, _, said = looser(wanted, (), Project(), StepFailed("x", MISSING.format("gone")))
    assert [item.text for item in wanted] == ["pytest>=6", "old"]
    assert "gone" in said


def test_contradictions_lose_their_versions_then_extras_go() -> None:
    conflict = StepFailed("x", "ERROR: ResolutionImpossible: for help visit")
    wanted, extras, _ = looser(
        list(parse_all(["pytest>=6", "a<1", "b>2"])), ("test", "cli"), Project(), conflict
    )
    assert [item.text for item in wanted] == ["pytest>=6", "a", "b"]
    for expected in (("test",), ()):
        wanted, extras, _ = looser(wanted, extras, Project(), conflict)
        assert extras == expected
    with pytest.raises(GoldError, match="cannot be had"):
        looser(wanted, extras, Project(), conflict)


DEEP = """\
Collecting foo (from p[test]@ file:///p.whl->-r requirements.txt (line 1))
Collecting bar-x>=1 (from foo==1.0->p[test]@ file:///p.whl->-r requirements.txt (line 1))
Processing /index/other_one-2.tar.gz (from baz->-r requirements.txt (line 3))
ERROR: Failed building wheel for {}
"""


def test_what_asks_for_something_that_cannot_be_had_goes_too() -> None:
    wanted, extras = list(parse_all(["pytest>=6", "foo>=1", "baz", "kept==1"])), ("cli",)
    error = StepFailed("x", DEEP.format("bar-x"))
    wanted, extras, said = looser(wanted, extras, Project(), error)
    assert [item.text for item in wanted] == ["pytest>=6", "foo", "baz", "kept==1"]
    wanted, extras, said = looser(wanted, extras, Project(), error)
    assert [item.text for item in wanted] == ["pytest>=6", "baz", "kept==1"]
    assert "foo cannot be had" in said
    wanted, extras, _ = looser(wanted, extras, Project(), StepFailed("x", DEEP.format("other-one")))
    assert ([item.text for item in wanted], extras) == (["pytest>=6", "kept==1"], ("cli",))


def test_of_an_extra_only_what_cannot_be_had_is_given_up() -> None:
    metadata = (
        "Name: p\nProvides-Extra: test\nProvides-Extra: cli\nRequires-Dist: pytest<5; extra == 'test'\n"
        "Requires-Dist: gone<2; extra == 'test'\nRequires-Dist: p[cli]; extra == 'test'\n"
        "Requires-Dist: six>=1; extra == 'cli'\nRequires-Dist: foo; extra == 'cli'\n"
    )
    project = Project("p-1-py3-none-any.whl", b"", metadata)
    pytest_only = list(parse_all(["pytest>=6"]))
    wanted, extras, _ = looser(pytest_only, ("test",), project, StepFailed("x", MISSING.format("gone<2")))
    assert [item.text for item in wanted] == ["pytest>=6", "gone", "six>=1", "foo"]
    assert extras == ()
    wanted, extras, _ = looser(wanted, extras, project, StepFailed("x", MISSING.format("gone")))
    assert [item.text for item in wanted] == ["pytest>=6", "six>=1", "foo"]
    wanted, extras, _ = looser(pytest_only, ("cli", "x"), project, StepFailed("x", DEEP.format("bar-x")))
    assert ([item.text for item in wanted], extras) == (["pytest>=6", "six>=1"], ("x",))
    refused = StepFailed("x", "The user requested pytest>=6\nERROR: ResolutionImpossible")
    wanted, extras, _ = looser(pytest_only, ("test",), project, refused)
    assert [item.text for item in wanted] == ["pytest>=6", "gone<2", "six>=1", "foo"]


@pytest.mark.parametrize("name", ["bar", "bar-x"])
def test_who_cannot_even_say_what_it_needs_is_known(name: str) -> None:
    output = f"× Encountered error while generating package metadata.\n╰─> {name}\n"
    wanted, _, _ = looser(list(parse_all(["six>=1", "bar", "bar-x"])), (), Project(), StepFailed("x", output))
    assert [item.name for item in wanted] == [each for each in ("six", "bar", "bar-x") if each != name]


def test_pytest_itself_is_never_given_up() -> None:
    with pytest.raises(GoldError):
        looser(list(parse_all(["pytest>=6"])), (), Project(), StepFailed("x", MISSING.format("pytest>=6")))


@pytest.mark.parametrize(
    "output",
    [
        "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory",
        "unable to execute 'gcc': No such file or directory",
        "src/x.c:1:10: fatal error: Python.h: No such file or directory",
        "../meson.build:1:0: ERROR: Unknown compiler(s): [['cc'], ['gcc']]",
        "CMake Error: CMAKE_C_COMPILER not set, after EnableLanguage",
    ],
)
def test_a_missing_compiler_is_recognised(output: str) -> None:
    assert needs_compiler(output)


def test_other_failures_need_no_compiler() -> None:
    assert not needs_compiler("error: invalid command 'bdist_wheel'\nERROR: Failed building wheel for x")


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "blah\n      error: invalid command 'x'\n  ERROR: Failed building wheel for y\n",
            "invalid command 'x'",
        ),
        ("Traceback\n  ModuleNotFoundError: no z\n  [end of output]", "ModuleNotFoundError: no z"),
        ("E: Unable to locate package nope", "Unable to locate package nope"),
        ("", "it printed nothing"),
        ("\x1b[31mERROR: red\x1b[0m", "red"),
    ],
)
def test_a_long_output_becomes_one_line(output: str, expected: str) -> None:
    assert complaint(clean.block(output)) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("4.6.11", True), ("6.2.4", True), ("6.2.5", False), ("7.0", False), ("10.0.0rc1", False), ("", False)],
)
def test_which_pytest_is_too_old(version: str, expected: bool) -> None:
    assert outdated(version) is expected


NOT_THERE = """\
ERROR: Ignored the following versions that require another version: 6.0 Requires-Python >=3.12; 6.1 R
ERROR: Could not find a version that satisfies the requirement p==6.0 (from versions: {})
ERROR: No matching distribution found for p==6.0
"""


@pytest.mark.parametrize(
    ("version", "versions", "said", "hint"),
    [
        ("6.0", "1.0, 2.0", "p==6.0 needs Python >=3.12, the base image has 3.11", "base ="),
        (
            "1.5",
            "0.1, 1.0, 1.1, 1.2, 2",
            "no source distribution p",
            "newest there are: 1.0, 1.1, 1.2, 2;",
        ),
        ("1.5", "none", "no source distribution p", "check the name"),
    ],
)
def test_a_release_that_is_not_there(version: str, versions: str, said: str, hint: str) -> None:
    error = absent("p", version, "3.11", NOT_THERE.format(versions))
    assert said in str(error)
    assert hint in error.hint


async def test_what_can_be_done_without_comes_as_wheels_and_changes_nothing() -> None:
    builder = Refusing("")
    wanted = parse_all(["six>=1", "brotli"])
    assert await further_wheels(builder, wanted, {"idna": "3", "pkg-name": "1.0"}) == {}
    assert builder.ran[0].endswith(
        "--only-binary :all: -c /build/installed.txt -d /build/further six>=1 brotli"
    )
    assert list(await further_wheels(builder, wanted, {})) == [wheel().wheel]
