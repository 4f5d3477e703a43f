"""What several families aim at: packages, modules, programs and login scripts of a gold image."""

from __future__ import annotations

import os
from collections.abc import Iterator

from engine.faults.facts import Distribution, Facts

BUSY = frozenset({"pip", "setuptools", "wheel"})
"""Distributions that install others: what mends must stay whole."""


def installed(facts: Facts) -> Iterator[tuple[Distribution, frozenset[str]]]:
    """Distributions in the virtual environment that tests import, with those tests."""
    for found in facts.image.distributions:
        if found.editable or found.name.lower() in BUSY or not facts.free(found.info):
            continue
        tests = facts.tests_importing(*found.modules)
        if tests:
            yield found, tests


def modules(facts: Facts) -> Iterator[tuple[str, Distribution, frozenset[str]]]:
    """Python source files of distributions that tests load, `__init__.py` left out."""
    for path, found in facts.owners.items():
        if (
            not path.endswith(".py")
            or path.endswith("/__init__.py")
            or found.editable
            or not facts.free(path)
        ):
            continue
        tests = facts.tests_touching(path)
        if tests and found.name.lower() not in BUSY:
            yield path, found, tests


def standard(facts: Facts) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Modules of the standard library in files of their own: name, file, tests that import them."""
    stdlib = facts.image.python.stdlib.rstrip("/") + "/"
    for path in facts.uses.paths:
        if not path.startswith(stdlib) or "-packages/" in path or not facts.free(path):
            continue
        inside = path[len(stdlib) :]
        if inside.endswith(".py") and not inside.endswith("__init__.py"):
            yield inside.removesuffix(".py").replace("/", "."), path, facts.tests_touching(path)


def folders(facts: Facts, root: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Package directories below `root` that tests load code from."""
    seen = set()
    for path in facts.uses.paths:
        folder = os.path.dirname(path)
        while path.endswith(".py") and folder.startswith(root + "/") and folder not in seen:
            seen.add(folder)
            if "-packages" not in folder[len(root) :] and facts.free(folder):
                yield folder, facts.tests_touching(folder)
            folder = os.path.dirname(folder)


def extensions(facts: Facts) -> Iterator[tuple[str, frozenset[str]]]:
    """Extension modules of installed distributions that tests load."""
    for path in facts.uses.libraries:
        if path.startswith(facts.image.python.site + "/") and facts.free(path):
            yield path, facts.tests_mapping(path)


def shared(facts: Facts) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Shared libraries of the system that tests map and nobody else needs: link, its target, the tests."""
    for path in facts.uses.libraries:
        file = facts.image.files.get(path)
        if not file or not file.soname or file.soname in facts.core or not facts.free(path):
            continue
        link = os.path.join(os.path.dirname(path), file.soname)
        entry = facts.image.files.get(link)
        if entry and entry.what == "symlink":
            yield link, entry.target, facts.tests_mapping(path)


def programs(facts: Facts, bash: bool = False) -> Iterator[tuple[str, frozenset[str]]]:
    """Programs the tests run, the interpreter and what starts the suite left out; with `bash`, bash too."""
    python = facts.image.python
    needed = {python.executable, python.real, "/usr/bin/env", "/usr/bin/setpriv"}
    if not bash:
        needed |= {"/usr/bin/bash", "/bin/bash"}
    for path in facts.uses.programs:
        real = facts.image.files.get(path)
        if path in needed or real is None or not facts.free(path) or path.startswith("/tmp/"):
            continue
        yield path, facts.tests_running(path)


def scripts(facts: Facts) -> Iterator[tuple[str, frozenset[str]]]:
    """Scripts beside the interpreter that the tests run: entry points of distributions."""
    folder = os.path.dirname(facts.image.python.executable) + "/"
    for path, tests in programs(facts):
        file = facts.image.files[path]
        if path.startswith(folder) and file.what == "file" and file.shebang:
            yield path, tests


def data(facts: Facts) -> Iterator[tuple[str, frozenset[str]]]:
    """Data and configuration files the tests open."""
    for path in facts.uses.paths:
        file = facts.image.files.get(path)
        plain = file is not None and file.what == "file" and file.size > 0
        if plain and facts.free(path) and not facts.module_file(path) and ".dist-info/" not in path:
            tests = facts.tests_touching(path)
            if not path.startswith(("/tmp/", "/etc/profile", "/etc/passwd", "/etc/group")):
                yield path, tests


def snippet(facts: Facts, name: str) -> str:
    """A file for a setting of every login shell, one that is not there yet."""
    path = f"/etc/profile.d/{name}.sh"
    return path if path not in facts.image.system.profile else f"/etc/profile.d/{name}-local.sh"


def own_profile(facts: Facts) -> str:
    """The login script of the tests' user, empty when there is none."""
    home = facts.image.system.user.home
    for name in (".bash_profile", ".bash_login", ".profile"):
        if f"{home}/{name}" in facts.image.system.profile:
            return f"{home}/{name}"
    return ""


def package_of(facts: Facts, path: str) -> str:
    """The distribution's package a path came with; the path itself when that is not known."""
    file = facts.image.files.get(path)
    real = (
        os.path.normpath(os.path.join(os.path.dirname(path), file.target)) if file and file.target else path
    )
    return facts.image.packages.get(path) or facts.image.packages.get(real) or path


def label(facts: Facts, path: str) -> str:
    """A short name of a path: from site-packages or the standard library where it lies there."""
    python = facts.image.python
    for root in (python.site, python.dynload, python.stdlib):
        if root and path.startswith(root + "/"):
            return path[len(root) + 1 :]
    return path
