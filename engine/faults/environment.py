"""Settings every login shell picks up: variables of Python and of programs, search paths, time, limits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from engine.faults.facts import Facts
from engine.faults.model import Operator, Target
from engine.faults.places import own_profile, snippet, standard
from engine.faults.typed import sed, typed

FAMILY = "environment"
_LOOK = typed("ls /etc/profile.d")
Tests = Callable[[Facts], "frozenset[str] | None"]


def _anyone(facts: Facts) -> frozenset[str] | None:
    return frozenset()


def users_of(*modules: str) -> Tests:
    """Tests that may feel a setting because they import one of these modules; None when nobody does."""

    def tests(facts: Facts) -> frozenset[str] | None:
        return None if not facts.tests_importing(*modules) else frozenset()

    return tests


def setting(
    name: str,
    *lines: str,
    summary: str,
    symptom: str,
    family: str = FAMILY,
    what: str = "",
    tests: Tests = _anyone,
) -> Operator:
    """An operator that leaves lines in a script of `/etc/profile.d`.

    Args:
        name: the operator's id after the family, and the target's label.
        lines: what a login shell should do.
        summary: what happens in real life.
        symptom: what the tests show.
        family: one of the families.
        what: the script's name; the operator's when empty.
        tests: who feels it, None when nobody can.
    """

    def find(facts: Facts) -> Iterable[Target]:
        felt = tests(facts)
        if felt is not None:
            values = {f"line{number}": line for number, line in enumerate(lines)}
            yield Target(
                lines[-1].removeprefix("export "), values | {"file": snippet(facts, what or name)}, felt
            )

    words = " ".join(f"{{line{number}}}" for number in range(len(lines)))
    write = "echo {line0} > {file}" if len(lines) == 1 else f"printf '%s\\n' {words} > {{file}}"
    return Operator(
        id=f"{family}-{name}",
        family=family,
        summary=summary,
        find=find,
        command=typed(write),
        recovery=typed("rm {file}"),
        look=_LOOK,
        symptom=symptom,
    )


def limit(name: str, *lines: str, summary: str, symptom: str) -> Operator:
    """An operator that lowers a limit in `/etc/profile.d`, to one value or another."""

    def find(facts: Facts) -> Iterable[Target]:
        for line in lines:
            yield Target(line, {"line": line, "file": snippet(facts, "limits")})

    return Operator(
        id=f"{FAMILY}-{name}",
        family=FAMILY,
        summary=summary,
        find=find,
        command=typed("echo {line} > {file}"),
        recovery=typed("rm {file}"),
        look=typed("ulimit -a"),
        symptom=symptom,
    )


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
            tests = frozenset().union(*(facts.tests_touching(path) for path in sources))
            if name in _KNOWN or name.startswith(("PYTEST_", "LC_", "PYTHON", "SETUPTOOLS_")) or not tests:
                continue
            value = "1"
            if name.endswith(("DIR", "PATH", "HOME", "FILE", "ROOT", "DIRECTORY", "CONFIG")):
                value = "/srv/build/" + name.lower()
            elif name.endswith("EPOCH"):
                value = "315532800"
            values = {"line": f"export {name}={value}", "file": snippet(facts, "build"), "name": name}
            # Reading a variable is not the same as feeling any value of it.
            own = any(path.startswith(tuple(facts.protected)) for path in sources)
            yield Target(name, values, tests if own and tests != facts.everything else frozenset())

    return facts.ranked(found(), limit=6)


def _path(facts: Facts) -> Iterable[Target]:
    file = own_profile(facts)
    tests = frozenset().union(*(facts.tests_running(path) for path in facts.uses.programs))
    if file:
        line = f"PATH=$HOME/.local/bin:{os.path.dirname(facts.image.python.executable)}"
        yield Target("PATH", {"line": line, "file": file}, tests)


def _linked_scratch(facts: Facts) -> Iterable[Target]:
    if facts.tests_touching("/tmp"):
        values = {"line": "export TMPDIR=/scratch", "file": snippet(facts, "scratch")}
        yield Target("TMPDIR", values, frozenset())


def _parents(facts: Facts) -> frozenset[str] | None:
    return frozenset().union(*(facts.tests_running(path) for path in facts.uses.programs)) or None


def _plugins(facts: Facts) -> frozenset[str] | None:
    return frozenset() if any("pytest11" in dist.groups for dist in facts.image.distributions) else None


def _locale(facts: Facts) -> frozenset[str] | None:
    return None if "en_US.utf8" in facts.image.system.locales else frozenset()


OPERATORS = (
    setting(
        "warnings-as-errors",
        "export PYTHONWARNINGS=error",
        what="python",
        summary="A strict setting for one service, warnings as errors, was made for every login.",
        symptom="DeprecationWarning or ResourceWarning raised",
    ),
    setting(
        "optimised",
        "export PYTHONOPTIMIZE=2",
        what="python",
        summary="Python was told to leave docstrings and assertions out, to save memory in production.",
        symptom="missing docstrings and help texts, assertions that do not fire",
    ),
    setting(
        "ascii-locale",
        "export PYTHONUTF8=0 PYTHONCOERCECLOCALE=0",
        "export LC_ALL=POSIX",
        what="locale",
        summary="The locale was pinned to POSIX for sorting, and Python's own UTF-8 mode was switched off.",
        symptom="UnicodeEncodeError or UnicodeDecodeError with the ascii codec",
    ),
    setting(
        "stream-encoding",
        "export PYTHONIOENCODING=ascii",
        what="python-io",
        summary="An old workaround forces the encoding of Python's standard streams.",
        symptom="UnicodeEncodeError in child processes",
    ),
    setting(
        "locale-missing",
        "export LC_ALL=en_US.UTF-8",
        what="locale",
        summary="Every login asks for a locale that was never generated on this system.",
        symptom="locale.Error: unsupported locale setting, warnings on stderr",
        tests=_locale,
    ),
    setting(
        "time-zone",
        "export TZ=Asia/Kolkata",
        what="timezone",
        summary="Somebody set their own time zone for every login.",
        symptom="times off by some hours",
    ),
    setting(
        "narrow-terminal",
        "export COLUMNS=40",
        what="terminal",
        summary="The width of a small window was exported and stays fixed for all programs.",
        symptom="help and tables wrapped at other places",
    ),
    setting(
        "forced-colour",
        "export FORCE_COLOR=1 CLICOLOR_FORCE=1",
        what="colour",
        summary="Colours are forced on, for the sake of a build log, even where output is not a terminal.",
        symptom="escape sequences in compared output",
    ),
    setting(
        "home-moved",
        "export HOME=/srv/home/dev",
        what="home",
        summary="Home directories were announced to move to another disk and never did.",
        symptom="no such directory below the home directory",
    ),
    setting(
        "private-files",
        "umask 077",
        what="umask",
        summary="A hardening guide's umask makes new files readable by their owner alone.",
        symptom="modes of created files differ",
    ),
    limit(
        "open-files",
        "ulimit -n 16",
        "ulimit -n 24",
        summary="The limit of open files was meant for one service and lowered for every login.",
        symptom="OSError: too many open files",
    ),
    limit(
        "file-size",
        "ulimit -f 4",
        "ulimit -f 0",
        summary="The limit of file sizes was thought to count megabytes, or to be the one of core dumps.",
        symptom="OSError: file too large",
    ),
    setting(
        "child-signal",
        "trap '' CHLD",
        what="jobs",
        summary="To silence notices about finished jobs, a login script ignores the signal behind them.",
        symptom="ChildProcessError: no child processes, exit codes of 0",
        tests=_parents,
    ),
    setting(
        "plugins-off",
        "export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1",
        what="pytest",
        summary="Another tool's setup keeps pytest from loading installed plugins.",
        symptom="fixtures and options of plugins are missing",
        tests=_plugins,
    ),
    setting(
        "safe-path",
        "export PYTHONSAFEPATH=1",
        what="python",
        summary="The current directory was taken off Python's search path for safety.",
        symptom="ModuleNotFoundError for modules beside the tests",
    ),
    setting(
        "development-mode",
        "export PYTHONDEVMODE=1",
        what="python",
        summary="Python's development mode was left on after a debugging session.",
        symptom="warnings and checks in child processes",
    ),
    setting(
        "python-home",
        "export PYTHONHOME=/usr/local",
        what="python",
        summary="A second Python's home is exported for all, the one in use included.",
        symptom="No module named encodings",
        tests=lambda facts: facts.everything,
    ),
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
