from __future__ import annotations

import pytest

from engine.gold.declared import DEV, OTHER, TEST, VARIANT, Declared, declared, known, role
from tests.gold.conftest import tree_of

FACTORS = frozenset({"py", "py3", "py311"})


def stated(files: dict[str, str], metadata: str = "") -> dict[str, tuple[str, list[str]]]:
    return {
        each.where: (each.role, [item.text for item in each.listed.requirements])
        for each in declared(tree_of(files), metadata, FACTORS)
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test", TEST),
        ("Testing", TEST),
        ("requirements/tests", TEST),
        ("requirements-test", TEST),
        ("test_requirements", TEST),
        ("tests-mypy", VARIANT),
        ("dev", DEV),
        ("requirements_dev", DEV),
        ("docs", OTHER),
        ("requirements", OTHER),
        ("contest", OTHER),
    ],
)
def test_names_tell_what_a_list_is_for(name: str, expected: str) -> None:
    assert role(name) == expected


def test_extras_come_from_the_wheels_metadata() -> None:
    metadata = """Metadata-Version: 2.4
Name: Pkg
Provides-Extra: test
Provides-Extra: docs
Requires-Dist: idna
Requires-Dist: pytest>=7; extra == 'test'
Requires-Dist: tomli; (python_version < "3.11") and extra == 'test'
Requires-Dist: pkg[docs]; extra == "test"
Requires-Dist: sphinx; extra == "docs"
"""
    found = stated({}, metadata)
    assert found["extra test"] == (TEST, ["pytest>=7", 'tomli; (python_version < "3.11")'])
    assert found["extra docs"] == (OTHER, ["sphinx"])


def test_groups_include_groups_even_in_circles() -> None:
    pyproject = """
[dependency-groups]
Test_Suite = [{include-group = "base"}, "pytest"]
base = ["idna", {include-group = "test-suite"}, 7]
"""
    found = stated({"pyproject.toml": pyproject})
    assert found["group test-suite"] == (VARIANT, ["idna", "pytest"])


def test_poetry() -> None:
    pyproject = """
[tool.poetry.dev-dependencies]
pytest = "^7.1.2"
[tool.poetry.group.test.dependencies]
freezegun = "~1.2"
idna = {version = "*", extras = ["x"]}
six = "^0.3"
local = {path = "../x"}
old = ">=1,<2 || >=3"
"""
    found = stated({"pyproject.toml": pyproject})
    assert found["poetry group dev"] == (DEV, ["pytest>=7.1.2,<8"])
    assert found["poetry group test"] == (TEST, ["freezegun>=1.2,<1.3", "idna", "six>=0.3,<0.4", "old"])


def test_tox_conditions_includes_and_references() -> None:
    tox = """
[base]
deps =
    pytest
[testenv]
deps =
    {[base]deps}
    -r{toxinidir}/requirements-test.txt
    py{39,311}: ipython
    py38,django4: django
    !py27: attrs
extras = cli, more
commands = pytest
[testenv:lint]
deps = flake8
[testenv:docs]
deps = sphinx
[testenv:py33]
deps = pytest<3
"""
    files = {"tox.ini": tox, "requirements-test.txt": "idna\n"}
    listed = {each.where: each for each in declared(tree_of(files), "", FACTORS)}
    chosen = listed["tox.ini [testenv]"]
    assert [item.text for item in chosen.listed.requirements] == ["pytest", "idna", "ipython", "attrs"]
    assert chosen.listed.extras == ("cli", "more")
    assert chosen.role == TEST
    assert listed["tox.ini [testenv:lint]"].role == listed["tox.ini [testenv:py33]"].role == OTHER


def test_compiled_requirements_give_way_to_their_source() -> None:
    files = {
        "requirements/tests.in": "pytest\n",
        "requirements/tests.txt": "pytest==8.1.1\nsix==1.16\n",
        "dev-requirements.txt": "-e .[dev]\nblack\n",
        "docs/notes.txt": "not a requirement\n",
    }
    found = stated(files)
    assert found["requirements/tests.in"] == (TEST, ["pytest"])
    assert "requirements/tests.txt" not in found
    assert found["dev-requirements.txt"] == (DEV, ["black"])
    assert "docs/notes.txt" not in found


def test_other_tools() -> None:
    files = {
        "pyproject.toml": """
[tool.hatch.envs.test]
dependencies = ["pytest"]
features = ["cli"]
[tool.pdm.dev-dependencies]
test = ["idna"]
[tool.uv]
dev-dependencies = ["six"]
[tool.tox.env_run_base]
deps = ["attrs"]
""",
        "setup.py": "from setuptools import setup\nneeds = ['mock', 'nose']\nsetup(tests_require=needs)\n",
        "setup.cfg": "[options]\ntests_require =\n    sure\n    ddt>=1\n",
        "noxfile.py": """
import nox
@nox.session
def tests(session):
    session.install("-r", "requirements-test.txt", "hypothesis")
    session.install("-e", ".[async]")
@nox.session
def lint(session):
    session.install("flake8")
""",
        "requirements-test.txt": "pexpect\n",
    }
    found = stated(files)
    assert found["hatch environment test"] == (TEST, ["pytest"])
    assert found["pdm group test"] == (TEST, ["idna"])
    assert found["uv dev-dependencies"] == (DEV, ["six"])
    assert found["pyproject.toml tox [testenv]"] == (TEST, ["attrs"])
    assert found["setup.py tests_require"] == (TEST, ["mock", "nose"])
    assert found["setup.cfg tests_require"] == (TEST, ["sure", "ddt>=1"])
    assert found["noxfile.py tests"] == (TEST, ["pexpect", "hypothesis"])


def test_tox_has_a_file_of_its_own_and_hatch_an_environment_for_everything() -> None:
    files = {
        "tox.toml": "[env_run_base]\ndeps = ['pytest-httpserver', '-r {tox_root}/more.txt']\n",
        "more.txt": "idna\n",
        "pyproject.toml": "[tool.hatch.envs.default]\ndependencies = ['six']\nfeatures = ['cli']\n",
    }
    found = stated(files)
    assert found["tox.toml tox [testenv]"] == (TEST, ["pytest-httpserver", "idna"])
    assert found["hatch environment default"] == (DEV, ["six"])


def test_nox_sessions_by_their_given_names_and_with_constants() -> None:
    noxfile = """
import nox
MORE: list[str] = ["idna"]
NEEDS = ["six>=1", *MORE]
LOOP = [*LOOP]
@nox.session(python=["3.11"], name="test-fast")
def unit(session):
    session.install(*NEEDS, *LOOP, "-r", "more.txt")
@nox.session(name="docs")
def tests(session):
    session.install("sphinx")
"""
    found = stated({"noxfile.py": noxfile, "more.txt": "attrs\n"})
    assert found == {"noxfile.py test-fast": (VARIANT, ["six>=1", "idna", "attrs"])}


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[[[broken"},
        {"pyproject.toml": "project = 3\n[tool]\nhatch = 1\npoetry = []\n"},
        {"pyproject.toml": "[dependency-groups]\ntest = 'x'\n[tool.poetry.group]\ntest = 1\n"},
        {"pyproject.toml": "a = " + "[" * 5000},
        {"tox.toml": "env_run_base = 1\nenv = ['x']\n"},
        {"tox.ini": "no section\n[testenv"},
        {"tox.ini": "[testenv]\ndeps = {[testenv]deps}\n"},
        {"tox.ini": "[testenv]\ndeps =\n  " + "{a,b}" * 40 + ": x\n"},
        {"setup.py": "def (:"},
        {"setup.py": "(" * 100_000},
        {"setup.cfg": "\x00\x01"},
    ],
)
def test_broken_files_state_nothing_and_hurt_nobody(files: dict[str, str]) -> None:
    assert declared(tree_of(files), "", FACTORS) == ()


def test_the_tests_own_requirement_is_the_one_known() -> None:
    files = {"docs-requirements.txt": "six==1.0\n", "requirements-test.txt": "six>=1.9\n"}
    lists: tuple[Declared, ...] = declared(tree_of(files), "", FACTORS)
    assert known(lists)["six"].text == "six>=1.9"
