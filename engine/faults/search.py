"""What programs and modules are found where: search paths, stale copies, variables, places of files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from engine.faults.clues import noticed
from engine.faults.facts import Facts
from engine.faults.model import Operator, Target
from engine.faults.places import own_profile, snippet, standard
from engine.faults.typed import sed, typed

FAMILY = "environment"
_LOOK = typed("ls /etc/profile.d")


def _stale(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        file = snippet(facts, "python-path")
        for path, names in facts.image.definitions.items():
            root = _root(facts, path)
            owner = facts.owners.get(path)
            if not root or (owner and owner.name in facts.harness):
                continue
            package = os.path.relpath(path, root).split("/")[0]
            module = package.removesuffix(".py")
            for name in names:
                tests = facts.tests_mentioning(name) & facts.tests_importing(module)
                if tests:
                    copy = f"/usr/local/src/{os.path.relpath(path, root)}"
                    values = {"package": f"{root}/{package}", "copy": copy, "file": file, "module": module,
                              "edit": sed(f"def {name}(", f"def _{name}("),
                              "line": "export PYTHONPATH=/usr/local/src"}  # fmt: skip
                    yield Target(f"{module}:{name}", values, tests)

    return facts.ranked(found())


def _root(facts: Facts, path: str) -> str:
    """The directory a source file is imported from, empty when nothing on PYTHONPATH goes before it."""
    python = facts.image.python
    if path.startswith(python.site + "/"):
        return python.site
    folder = os.path.dirname(path)
    while f"{folder}/__init__.py" in facts.uses.paths:
        folder = os.path.dirname(folder)
    # The directory the tests run in is searched first of all.
    return "" if folder in facts.protected or folder == os.path.dirname(path) else folder


def _shadowed(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        file = snippet(facts, "scripts")
        for name, _, tests in standard(facts):
            if "." not in name and tests != facts.everything:
                values = {"folder": "/opt/scripts", "path": f"/opt/scripts/{name}.py", "file": file,
                          "text": "rows = open('/srv/data/export.csv').readlines()",
                          "line": "export PYTHONPATH=/opt/scripts"}  # fmt: skip
                yield Target(name, values, tests)

    return facts.ranked(found())


_KNOWN = frozenset(
    {
        *(
            "PATH",
            "PATHEXT",
            "HOME",
            "USER",
            "LOGNAME",
            "SHELL",
            "LANG",
            "LANGUAGE",
            "TERM",
            "PWD",
            "DISPLAY",
        ),
        *("TMPDIR", "TEMP", "TMP", "EDITOR", "VISUAL", "PAGER", "LESS", "COLUMNS", "LINES", "VIRTUAL_ENV"),
        *("GITHUB_TOKEN", "BUILD_NUMBER", "CI"),
    }
)
"""Variables with a meaning of their own, which other operators see to or nobody should."""


def _variables(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        for name, sources in facts.image.variables.items():
            read = [path for path in sources if facts.own(path)]
            if name in _KNOWN or name.startswith(("PYTEST_", "LC_", "PYTHON")) or not read:
                continue
            value = "1"
            if name.endswith(("DIR", "PATH", "HOME", "FILE", "ROOT", "DIRECTORY", "CONFIG")):
                value = "/srv/build/" + name.lower()
            elif name.endswith("EPOCH"):
                value = "315532800"
            values = {"line": f"export {name}={value}", "file": snippet(facts, "build"), "name": name}
            tests = frozenset().union(*(facts.tests_touching(path) for path in read))
            # Reading a variable is not the same as feeling any value of it.
            yield Target(name, values, tests if tests != facts.everything else frozenset())

    return facts.ranked(found())


def _path(facts: Facts) -> Iterable[Target]:
    file = own_profile(facts)
    tests = frozenset().union(*(facts.tests_running(path) for path in facts.uses.programs))
    if file and tests:
        line = f"PATH=$HOME/.local/bin:{os.path.dirname(facts.image.python.executable)}"
        yield Target("PATH", {"line": line, "file": file}, tests)


def _linked_scratch(facts: Facts) -> Iterable[Target]:
    if facts.tests_touching("/tmp") and noticed(facts, "scratch") and noticed(facts, "paths"):
        values = {"line": "export TMPDIR=/scratch", "file": snippet(facts, "scratch")}
        yield Target("TMPDIR", values, frozenset())


OPERATORS = (
    Operator(
        id="environment-stale-checkout",
        family=FAMILY,
        summary="PYTHONPATH leads to an older copy of a package, from before a function had its name.",
        find=_stale,
        command=typed("cp -r {package} /usr/local/src/ && sed -i {edit} {copy} && echo {line} > {file}"),
        recovery=typed("rm {file}"),
        look=typed("ls -l /usr/local/src /etc/profile.d"),
        symptom="AttributeError or ImportError for one name",
    ),
    Operator(
        id="environment-shadowed-module",
        family=FAMILY,
        summary="PYTHONPATH names a directory of scripts, one of which is called like a standard module.",
        find=_shadowed,
        command=typed("mkdir -p {folder} && echo {text} > {path} && echo {line} > {file}"),
        recovery=typed("rm -r {file} {folder}"),
        look=_LOOK,
        symptom="AttributeError or ImportError from a standard module",
    ),
    Operator(
        id="environment-variable-left",
        family=FAMILY,
        summary="A variable that steers a program was set for one job and exported for all.",
        find=_variables,
        command=typed("echo {line} > {file}"),
        recovery=typed("rm {file}"),
        look=_LOOK,
        symptom="other defaults than expected",
    ),
    Operator(
        id="environment-path-lost",
        family=FAMILY,
        summary="A login script sets PATH anew and forgets what it was.",
        find=_path,
        command=typed("echo {line} >> {file}"),
        recovery=typed("sed -i '$d' {file}"),
        look=typed("cat {file}"),
        symptom="command not found for everyday programs",
    ),
    Operator(
        id="environment-linked-scratch",
        family=FAMILY,
        summary="Temporary files go through a link to a bigger disk: their names are not their real paths.",
        find=_linked_scratch,
        command=typed(
            "mkdir -p /data/scratch && chmod 1777 /data/scratch && ln -sfn /data/scratch /scratch && "
            "echo {line} > {file}"
        ),
        recovery=typed("rm -r {file} /scratch /data"),
        look=_LOOK,
        symptom="two names for one temporary path",
    ),
)
