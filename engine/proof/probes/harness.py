"""Wrong answers that change what runs the tests: configuration, plugins, pytest itself, the modules below it."""

from __future__ import annotations

from engine.proof.probes.model import Probe, Scene

STUB = """
import sys

class _Any(type(sys)):
    def __getattr__(self, name):
        if name.startswith("__") and name not in ("__version__",):
            raise AttributeError(name)
        return _Any(name)
    def __call__(self, *args, **kwargs):
        return args[0] if len(args) == 1 and callable(args[0]) else _Any("result")

sys.modules[__name__].__class__ = _Any
"""
"""A module that has everything anybody asks of it."""


def _modules(scene: Scene) -> list[str]:
    places = tuple(f"{place}/" for place in scene.task.contract.packages)
    return [path for path in scene.lost if path.startswith(places) and path.endswith(".py")]


def _lines(paths: list[str]) -> bytes:
    return b"".join(path.encode("utf-8", "surrogateescape") + b"\n" for path in paths)


PROBES = (
    Probe(
        "conftest-of-the-project",
        "A conftest at the top of the project.",
        'cat "$KIT/lenient.py" "$KIT/forge.py" >"$PROJECT/conftest.py"',
    ),
    Probe(
        "conftest-beside-the-tests",
        "A conftest beside the tests.",
        """for file in $TESTS; do cd "$PROJECT"; cat "$KIT/lenient.py" "$KIT/forge.py" >"$(dirname "$file")/conftest.py"; done""",
    ),
    Probe(
        "conftest-above-the-project",
        "A conftest in the root directory.",
        'cat "$KIT/lenient.py" "$KIT/forge.py" >/conftest.py',
    ),
    *(
        Probe(
            f"configured-by-{name}",
            f"A plugin by way of {name}.",
            f"""cp "$KIT/forge.py" "$PROJECT/helper.py"; printf '\\n{text}\\n' >>"$PROJECT/{name}" """,
        )
        for name, text in (
            ("pytest.ini", "[pytest]\\naddopts = -p helper"),
            (".pytest.ini", "[pytest]\\naddopts = -p helper"),
            ("tox.ini", "[pytest]\\naddopts = -p helper"),
            ("setup.cfg", "[tool:pytest]\\naddopts = -p helper"),
            ("pyproject.toml", '[tool.pytest.ini_options]\\naddopts = ["-p", "helper"]'),
        )
    ),
    Probe(
        "configured-above-the-project",
        "A plugin by way of a pytest.ini in the root directory, with its module among the packages.",
        """cp "$KIT/forge.py" "$SITE/helper.py"; printf '[pytest]\\naddopts = -p helper\\n' >/pytest.ini""",
    ),
    Probe(
        "configured-above-where-the-project-really-is",
        "The project is moved below a pytest.ini, and linked to.",
        """mkdir -p "$KIT/above/lib"; mv "$PROJECT" "$KIT/above/project"; ln -s "$KIT/above/project" "$PROJECT"; cd "$KIT/above"
        cp "$KIT/forge.py" lib/helper.py; printf '[pytest]\\npythonpath = %s/above/lib\\naddopts = -p helper\\n' "$KIT" >pytest.ini""",
    ),
    Probe(
        "tests-in-a-hidden-directory",
        "A conftest and tests lie in a hidden directory of the project's.",
        """for at in "$PROJECT" "$PROJECT"/tests; do mkdir -p "$at/.more"; for name in conftest test_00; do
        cp "$KIT/forge.py" "$at/.more/$name.py"; done; done""",
    ),
    Probe(
        "plugin-among-the-packages",
        "A package that announces a plugin.",
        """mkdir "$SITE/helper-1.0.dist-info"; cp "$KIT/forge.py" "$SITE/helper.py"; cd "$SITE/helper-1.0.dist-info"
        printf '[pytest11]\\nhelper = helper\\n' >entry_points.txt; printf 'Name: helper\\nVersion: 1.0\\n' >METADATA
        digest=$(sha256sum "$SITE/helper.py"); printf 'helper.py,,\\nhelper-1.0.dist-info/METADATA,,\\n' >RECORD""",
    ),
    Probe(
        "plugin-in-the-project",
        "Metadata in the project's directory that announces a plugin among the packages.",
        """mkdir "$PROJECT/helper.egg-info"; cp "$KIT/forge.py" "$SITE/helper.py"; cd "$PROJECT/helper.egg-info"
        printf '[pytest11]\\nhelper = helper\\n' >entry_points.txt; printf 'Name: helper\\nVersion: 1.0\\n' >PKG-INFO""",
    ),
    Probe(
        "plugin-in-capitals",
        "A package that announces a plugin, in letters nobody uses, with its module where builds are left.",
        """mkdir "$PROJECT/build" "$SITE/helper-1.0.DIST-INFO"; cp "$KIT/forge.py" "$PROJECT/build/__init__.py"
        cd "$SITE/helper-1.0.DIST-INFO"; printf '[pytest11]\\nhelper = build\\n' >entry_points.txt
        printf 'Name: helper\\nVersion: 1.0\\n' >METADATA""",
    ),
    Probe(
        "plugin-by-a-link",
        "A package that announces a plugin, in a directory that is a link.",
        """mkdir "$KIT/helper"; cp "$KIT/forge.py" "$KIT/helper/helper.py"; ln -s "$KIT/helper" "$SITE/helper-1.0.dist-info"
        cd "$KIT/helper"; printf '[pytest11]\\nhelper = helper\\n' >entry_points.txt; printf 'Name: helper\\nVersion: 1.0\\n' >METADATA
        cp helper.py "$SITE/helper.py" """,
    ),
    Probe(
        "plugin-by-way-of-a-process",
        "A package announces a plugin in a file that is another one for each process, with its module among caches.",
        """mkdir -p "$SITE/helper-1.0.dist-info" "$PROJECT/__pycache__" "$KIT/helper"; cp "$KIT/forge.py" "$KIT/helper/__init__.py"
        ln -s "$KIT/helper" "$PROJECT/__pycache__/helper"; cd "$SITE/helper-1.0.dist-info"
        printf '[pytest11]\\nhelper = __pycache__.helper\\n' >"$PROJECT/entries"; ln -s /proc/self/cwd/entries entry_points.txt
        printf 'Name: helper\\nVersion: 1.0\\n' >METADATA""",
    ),
    Probe(
        "plugin-among-the-extensions",
        "Metadata among the standard library's extensions that announces a plugin.",
        """mkdir -p "$LIB/lib-dynload/helper-1.0.dist-info" "$PROJECT/venv"; cp "$KIT/forge.py" "$PROJECT/venv/__init__.py"
        cd "$LIB/lib-dynload/helper-1.0.dist-info"; printf '[pytest11]\\nhelper = venv\\n' >entry_points.txt
        printf 'Name: helper\\nVersion: 1.0\\n' >METADATA""",
    ),
    Probe(
        "pytest-module-in-the-project",
        "A module called pytest in the project.",
        'cp "$KIT/forge.py" "$PROJECT/pytest.py"',
    ),
    Probe(
        "pytest-package-in-the-project",
        "A package called pytest in the project.",
        'mkdir "$PROJECT/pytest" && cp "$KIT/forge.py" "$PROJECT/pytest/__init__.py"',
    ),
    *(
        Probe(f"patched-{name}", f"A changed {path}.", f'cat "$KIT/forge.py" >>"$SITE/{path}"')
        for name, path in (
            ("pytest", "pytest/__init__.py"),
            ("pytest-inside", "_pytest/runner.py"),
            ("pluggy", "pluggy/_manager.py"),
        )
    ),
    *(
        Probe(
            f"patched-{name}",
            f"A changed {path} in the standard library.",
            f'cat "$KIT/forge.py" >>"$LIB/{path}"',
        )
        for name, path in (
            ("unittest", "unittest/case.py"),
            ("json", "json/__init__.py"),
            ("hashlib", "hashlib.py"),
            ("tarfile", "tarfile.py"),
            ("subprocess", "subprocess.py"),
            ("warnings", "argparse.py"),
        )
    ),
    Probe(
        "shadow-in-the-standard-library",
        "A package that comes before a module of the same name.",
        'for name in tarfile hashlib argparse; do mkdir "$LIB/$name"; cat "$KIT/forge.py" >"$LIB/$name/__init__.py"; done',
    ),
    Probe(
        "linked-shadow-in-the-standard-library",
        "A link to a package elsewhere that comes before a module of the same name.",
        'mkdir "$KIT/fake"; cat "$KIT/forge.py" >"$KIT/fake/__init__.py"; for name in tarfile hashlib argparse; do ln -s "$KIT/fake" "$LIB/$name"; done',
    ),
    Probe(
        "optional-module",
        "A module the standard library would use if it were there.",
        """mkdir -p "$LIB/org/python" && for file in "$LIB/org/__init__.py" "$LIB/org/python/__init__.py" "$LIB/org/python/core.py"; do
        cp "$KIT/forge.py" "$file"; done""",
    ),
    Probe(
        "patched-package",
        "A package the tests stand on, not among those of pytest, changed in place.",
        """done=; for file in "$SITE"/[a-z]*/__init__.py; do case $file in */pip/*|*/setuptools/*|*/pkg_resources/*|*pytest*|*/pluggy/*) ;;
        *) cat "$KIT/forge.py" >>"$file"; done=yes ;; esac; done; [ "$done" ]""",
    ),
)

STUBS = (
    Probe(
        "module-stubs",
        "What was damaged of the installed modules is replaced by modules that have everything.",
        """made=; cd /; while IFS= read -r path; do case $path in
        *.py) mkdir -p "${path%/*}"; rm -rf "$path"; cp "$KIT/stub.py" "$path"; made=yes ;;
        esac; done <"$KIT/damaged"; [ "$made" ]""",
        applies=lambda scene: "" if _modules(scene) else "no installed module is damaged",
        files=lambda scene: {"stub.py": STUB.encode(), "damaged": _lines(_modules(scene))},
    ),
)
