from __future__ import annotations

import pytest

from engine.errors import GoldError
from engine.gold.discover import (
    compiled,
    discover,
    packaged,
    require_tests,
    settled_args,
    version_from_vcs,
)
from engine.gold.settings import settings, suite_args
from tests.gold.conftest import THREE, tree_of

DOCTESTS = "[pytest]\naddopts=\n\t--doctest-modules\n"
META = "Metadata-Version: 2.1\nName: p\nVersion: 1\n"


def found(files: dict[str, str], metadata: str = META):
    return discover(tree_of(files), metadata, "3.11", "base")


def args(files: dict[str, str]) -> tuple[str, ...] | None:
    tree = tree_of(files)
    return suite_args(tree, settings(tree))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"tests/test_a.py": ""}, ("tests",)),
        ({"test/test_a.py": "", "tests/test_b.py": "", "pkg/tests/test_c.py": ""}, ("tests", "test")),
        ({"pkg/tests/test_a.py": "", "pkg/sub/tests/test_b.py": ""}, ("pkg/sub/tests", "pkg/tests")),
        ({"pkg/tests/deep/test_a.py": "", "docs/test_b.py": ""}, ("pkg/tests",)),
        ({"test_a.py": "", "b_test.py": "", "a.py": ""}, ("b_test.py", "test_a.py")),
        ({"pkg/test_a.py": ""}, ("pkg",)),
        (
            {
                "src/p/_tests/test_a.py": THREE,
                "src/p/x/_tests/test_b.py": THREE,
                "src/p/testing/test_util.py": "",
            },
            ("src/p/_tests", "src/p/x/_tests"),
        ),
        ({f"pkg/part{number}/tests/test_a.py": THREE for number in range(9)}, ("pkg",)),
        ({"lib/test_util.py": "", "tests/basic.py": THREE}, ("tests", "-o", "python_files=*.py")),
        ({"tests.py": THREE}, ("tests.py",)),
        ({"app/tests.py": THREE}, ("app/tests.py",)),
        ({"tests/basic.py": THREE}, ("tests", "-o", "python_files=*.py")),
        ({"pytest.ini": "[pytest]\ntestpaths = checks\n", "checks/test_a.py": ""}, ()),
        ({"pytest.ini": "[pytest]\ntestpaths = gone\n", "tests/test_a.py": ""}, ("tests",)),
        ({"setup.cfg": "[tool:pytest]\npython_files = check_*.py\n", "tests/check_a.py": ""}, ("tests",)),
        ({"pytest.ini": DOCTESTS, "pkg/a.py": "'''\n>>> 1\n1\n'''", "b.py": "x"}, ("pkg",)),
        ({"pytest.ini": DOCTESTS, "a.py": "x"}, None),
        ({"docs/test_a.py": "", "examples/test_b.py": ""}, None),
        (
            {"examples/blog/tests.py": THREE, "tests/basic.py": THREE},
            ("tests", "-o", "python_files=*.py"),
        ),
        (
            {"testing/test_a.py": THREE, "src/c/test_c.py": THREE, "src/p/tests/test_d.py": THREE},
            ("testing", "src"),
        ),
        ({"tests/test_a.py": 4 * THREE, "p/test_util.py": "def test_it():\n    pass\n"}, ("tests",)),
        (
            {"tests/test_utils.py": THREE, "tests/x/models.py": THREE, "tests/fields.py": THREE},
            ("tests", "-o", "python_files=test_*.py *_test.py fields.py models.py"),
        ),
        ({"tests/test_utils.py": THREE, "tests/base.py": THREE}, ("tests",)),
        ({"tests/test_utils.py": THREE, "tests/data/a.py": 2 * THREE}, ("tests",)),
        (
            {
                "pytest.ini": "[pytest]\npython_files = test_*.py\n",
                "tests/test_a.py": THREE,
                "tests/b.py": 2 * THREE,
            },
            ("tests",),
        ),
        ({"tests/helpers.py": "x = 1\n", "a.py": ""}, None),
        ({}, None),
    ],
)
def test_where_the_tests_are(files: dict[str, str], expected: tuple[str, ...] | None) -> None:
    assert args(files) == expected


def test_a_project_without_tests_is_refused_at_once() -> None:
    with pytest.raises(GoldError, match="p==1 has no tests") as caught:
        require_tests(tree_of({"a.py": ""}), "p==1")
    assert caught.value.hint


BASED = "from .base import Case\n" + THREE


def test_tests_that_all_lack_a_module_of_theirs_are_refused_at_once() -> None:
    bad = {"tests/test_a.py": BASED, "tests/test_b.py": "from .sub.base import x\n" + THREE}
    with pytest.raises(GoldError, match=r"p==1 has no tests that can be loaded: tests/base\.py") as caught:
        require_tests(tree_of(bad), "p==1")
    assert caught.value.hint


@pytest.mark.parametrize(
    "more",
    [
        {"tests/base.py": ""},
        {"tests/base/__init__.py": ""},
        {"tests/base.pyx": ""},
        {"tests/test_b.py": THREE},
        {"tests/test_a.py": "from . import base\nfrom ..base import x\n" + THREE},
        {"tests/test_a.py": "try:\n    from .base import x\nexcept ImportError:\n    pass\n" + THREE},
        {"tests/more.py": 2 * THREE},
        {"p/test_b.py": "from ._built import x\n" + THREE},
    ],
)
def test_tests_of_which_some_can_be_loaded_are_taken(more: dict[str, str]) -> None:
    require_tests(tree_of({"tests/test_a.py": BASED, **more}), "p==1")


def test_the_tests_own_list_is_chosen_over_development() -> None:
    files = {
        "tests/test_a.py": THREE,
        "requirements-dev.txt": "black\nhypothesis\n",
        "requirements-test.txt": "idna\n",
    }
    assert found(files).recipe.pip == ("pytest>=6.2.5", "idna")


def test_of_development_linters_stay_out_unless_tests_import_them() -> None:
    files = {
        "tests/test_a.py": "import black\nfrom sphinx.util import x\n",
        "requirements-dev.txt": "black\nmypy\ntypes-six\npytest-pylint\nhypothesis\n",
        "docs/requirements.txt": "sphinx\n",
    }
    assert found(files).recipe.pip == ("pytest>=6.2.5", "hypothesis", "black")


def test_what_tests_import_is_found_wherever_it_is_stated() -> None:
    files = {
        "tests/conftest.py": "import yaml\n",
        "tests/test_a.py": "import json, attr\nnumpy = pytest.importorskip('numpy')\nfrom . import helper\n",
        "src/p/__init__.py": "",
        "requirements.txt": "pyyaml==6.0\nattrs\nnumpy\nnever\n",
    }
    assert found(files).recipe.pip == ("pytest>=6.2.5", "attrs", "numpy", "pyyaml==6.0")


def test_helpers_of_tests_import_what_tests_need() -> None:
    files = {
        "tests/unit/test_a.py": "from ..app import make\n",
        "tests/app.py": "import yaml, uvicorn\n",
        "p/x/tests/test_b.py": "",
        "p/x/tests/data/make.py": "import attr\n",
        "p/x/work.py": "import numpy\n",
        "requirements.txt": "pyyaml\nattrs\nnumpy\n",
    }
    assert found(files).recipe.pip == ("pytest>=6.2.5", "attrs", "pyyaml")


def test_what_tests_cannot_be_loaded_without_is_added_when_it_is_well_known() -> None:
    files = {
        "tests/test_a.py": "import uvicorn, p, nobody_knows\nfrom yaml import load\ntry:\n    import numpy\n"
        "except ImportError:\n    pass\n",
        "src/p/__init__.py": "",
        "requirements.txt": "PyYAML>=6\n",
    }
    assert found(files).recipe.pip == ("pytest>=6.2.5", "pyyaml>=6", "uvicorn")


def test_extras_are_named_as_the_wheel_names_them() -> None:
    metadata = META + "Provides-Extra: Test\nRequires-Dist: idna; extra == 'Test'\n"
    files = {"tests/test_a.py": THREE, "requirements-test.txt": "-e .[test]\nsix\n"}
    recipe = found(files, metadata).recipe
    assert recipe.extras == ("Test",)
    assert recipe.pip == ("pytest>=6.2.5", "six")


def test_what_only_looks_on_and_the_project_itself_are_not_added() -> None:
    metadata = (
        META + "Provides-Extra: test\nProvides-Extra: check\nProvides-Extra: fast\n"
        "Requires-Dist: six; extra == 'test'\nRequires-Dist: pytest-ruff; extra == 'check'\n"
        "Requires-Dist: pytest-cov; extra == 'check'\nRequires-Dist: idna; extra == 'fast'\n"
    )
    files = {
        "tests/test_a.py": "import p\n" + THREE,
        "tox.ini": "[testenv]\nextras = test, check\ndeps = p[fast]\n",
        "pytest.ini": "[pytest]\nfilterwarnings = error\n    ignore:old:trio.TrioDeprecationWarning\n",
    }
    recipe = found(files, metadata).recipe
    assert recipe.extras == ("test", "fast")
    assert recipe.pip == ("pytest>=6.2.5", "trio")


def test_an_extra_that_only_refers_to_others_of_the_project_is_followed() -> None:
    metadata = (
        META + "Provides-Extra: {}\nProvides-Extra: feat\nProvides-Extra: more\n"
        "Requires-Dist: p[feat,core]; extra == '{}'\nRequires-Dist: p[more]; extra == 'feat'\n"
        "Requires-Dist: black; extra == 'feat'\nRequires-Dist: six; extra == 'more'\n"
        "Requires-Dist: p[feat]; extra == 'more'\n"
    )
    files = {"tests/test_a.py": THREE}
    recipe = found(files, metadata.format("test", "test")).recipe
    assert (recipe.extras, recipe.pip) == (("test",), ("pytest>=6.2.5",))
    recipe = found(files, metadata.format("dev", "dev")).recipe
    assert (recipe.extras, recipe.pip) == ((), ("pytest>=6.2.5", "six"))


def test_what_the_project_uses_when_it_is_there_is_known_from_its_extras() -> None:
    metadata = META + "".join(
        f"Provides-Extra: x{name}\nRequires-Dist: {name}; extra == 'x{name}'\n"
        for name in ("six", "torch", "black", "idna")
    )
    guarded = "try:\n    import six, torch, black, numpy\nexcept ImportError:\n    pass\n"
    files = {"p/a.py": guarded + "import idna\n", "tests/test_a.py": guarded.replace("six", "idna") + THREE}
    assert [item.text for item in found(files, metadata).optional] == ["six"]
    assert found(files, META).optional == ()


def test_plugins_that_options_and_settings_need() -> None:
    files = {
        "tests/test_a.py": THREE,
        "pytest.ini": "[pytest]\naddopts = -n 4 --cov=p --cov-report=xml -m 'not slow'\n"
        "asyncio_mode = auto\nrequired_plugins = pytest-mock>=3\n",
        "requirements-test.txt": "pytest-cov<6\n",
    }
    pip = found(files).recipe.pip
    assert pip == ("pytest>=6.2.5", "pytest-cov<6", "pytest-mock>=3", "pytest-xdist", "pytest-asyncio")


def test_a_project_that_is_no_package_gets_what_it_needs_to_run() -> None:
    files = {"app.py": "", "src/x.py": "", "requirements.txt": "idna\n", "tests/test_a.py": THREE}
    recipe = found(files, "").recipe
    assert recipe.pip == ("pytest>=6.2.5", "idna")
    assert recipe.test_args == ("tests", "-o", "pythonpath=src .")


def test_a_pinned_pytest_counts() -> None:
    files = {"tests/test_a.py": THREE, "requirements-test.txt": "pytest==7.4\npytest\n"}
    assert found(files).recipe.pip == ("pytest==7.4",)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"setup.py": ""}, True),
        ({"pyproject.toml": "[project]\nname = 'x'\n"}, True),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '*'\n"}, True),
        ({"setup.cfg": "[metadata]\nname = x\n"}, True),
        ({"setup.cfg": "[flake8]\n", "pyproject.toml": "[tool.ruff]\n"}, False),
        ({"requirements.txt": "x"}, False),
    ],
)
def test_what_can_be_built(files: dict[str, str], expected: bool) -> None:
    assert packaged(tree_of(files)) is expected


def test_what_building_will_need() -> None:
    assert compiled(tree_of({"src/p/_speed.c": ""}))
    assert not compiled(tree_of({"tests/data/x.c": "", "p/a.py": ""}))
    assert version_from_vcs(tree_of({"pyproject.toml": "requires = ['setuptools_scm[toml]>=6']"}))
    assert not version_from_vcs(tree_of({"pyproject.toml": "requires = ['setuptools']"}))


def test_runs_are_kept_alike() -> None:
    ini = "[pytest]\naddopts = -n auto --cov -x\n"
    own = settings(tree_of({"pytest.ini": ini}))
    everything = {"pytest-xdist", "pytest-cov", "pytest-randomly", "pytest-benchmark", "hypothesis"}
    fixed = ("--rootdir=/app", "--continue-on-collection-errors")
    assert settled_args(("tests",), own, everything) == (
        "tests",
        *fixed,
        "--maxfail=0",
        "-n0",
        "--no-cov",
        "-pno:randomly",
        "--benchmark-disable",
        "--hypothesis-seed=0",
    )
    assert settled_args((), own, {"pytest-enabler"})[-1] == "-pno:enabler"
    measuring = settings(tree_of({"pytest.ini": "[pytest]\naddopts = --benchmark-only\n"}))
    assert settled_args((), measuring, {"pytest-benchmark"}) == fixed
    assert settled_args(settled_args((), own, set()), own, set()) == (*fixed, "--maxfail=0")
