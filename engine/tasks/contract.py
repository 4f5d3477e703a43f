"""What the grader holds a container to, worked out from the gold image's filesystem."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from engine.gold.model import TestCommand
from engine.sandbox.delta import Tree, below
from engine.tasks import trust
from engine.tasks.grader.packages import State
from engine.tasks.paths import ancestors, mark, resolve
from engine.tasks.trust import Trust

RUNNER = "/tests/runner.py"
"""Where the suite's runner lies while a container is graded."""

GENERATED = frozenset({"__pycache__", ".git", ".hg", ".pytest_cache", ".mypy_cache", ".ruff_cache"})
"""Directories whose content is not source."""

CONFIGS = frozenset(
    {
        "conftest.py",
        "pytest.ini",
        ".pytest.ini",
        "pytest.toml",
        ".pytest.toml",
        "tox.ini",
        "setup.cfg",
        "pyproject.toml",
    }
)
"""Files that change how pytest runs. Source: pytest's reference, "Initialization: determining rootdir"."""

HOOKS = ("sitecustomize", "usercustomize")
"""Modules that every interpreter imports at start-up, beside `.pth` files. Source: the `site` module."""


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the grader needs to know; written to `contract.json`."""

    f2p: tuple[str, ...]
    p2p: tuple[str, ...]
    argv: tuple[str, ...]
    """The test command, through the runner at `RUNNER`."""
    timeout: float
    interpreter: str
    """Absolute path of the interpreter that grades, no symbolic link."""
    roots: tuple[str, ...]
    """Directories of protected files."""
    files: Mapping[str, str]
    """Protected files with their sha256; a link's is `-> target`."""
    tests: tuple[str, ...]
    """Those of the protected files that are put back before the tests run."""
    configs: Mapping[str, str]
    """Configuration of pytest in the directories above the tests that is not protected, like `files`."""
    above: tuple[str, ...]
    """Directories above the tests, in which there must be no other configuration."""
    hooks: Mapping[str, str]
    """Start-up hooks of the gold image, like `files`."""
    sites: tuple[str, ...]
    """Patterns of the directories in which start-up hooks work."""
    python: str
    """The interpreter as the test command names it."""
    user: str
    """Who runs the tests."""
    packages: Mapping[str, Mapping[str, State]]
    """Directories of modules, and what can be imported from them by name."""
    programs: Mapping[str, str]
    """Programs on the search path, and shared libraries, with the marks of what they lead to."""
    plugins: Mapping[str, str]
    """Files in which packages announce plugins, like `files`."""
    caches: Mapping[str, str]
    """Bytecode among the project's files, like `files`."""
    login: tuple[str, ...]
    """What a login shell reads."""
    texts: tuple[str, ...]
    """Files of which `tests.tar` has gold's text, for comparison."""
    venv: tuple[str, ...]
    """Configurations of the virtual environment."""
    search: tuple[str, ...]
    """Directories in which tests may find programs."""
    named: tuple[str, ...]
    """Patterns of what would be loaded by its name alone: nothing new may match."""
    library: str
    """The standard library's directory."""
    loader: str
    """The dynamic loader; empty when there is none."""
    trust: Trust
    """What `test.sh` checks by itself; not in `contract.json`."""

    def dump(self) -> bytes:
        """As JSON in ASCII; undecodable bytes of a path as lone surrogates, as Python reads them back."""
        terms = {name: value for name, value in msgspec.to_builtins(self).items() if name != "trust"}
        return json.dumps(terms, indent=1, sort_keys=True).encode("ascii") + b"\n"


def contract(
    tree: Tree, test: TestCommand, protected: Sequence[str], f2p: Sequence[str], p2p: Sequence[str]
) -> Contract:
    """The contract of a task whose gold image holds `tree` and whose tests run as `test`.

    Args:
        tree: the gold image's filesystem.
        test: the gold environment's test command.
        protected: directories or files that a solver must leave alone.
        f2p: ids that fail and must pass.
        p2p: ids that pass and must still.

    Raises:
        ValueError: nothing fails, so there is nothing to repair.
    """
    if not f2p:
        raise ValueError("a task needs a test that fails")
    files = protected_files(tree, protected)
    above = ancestors(test.cwd)
    interpreter, places = resolve(tree, test.python), sites(tree, test)
    stands = trust.trust(tree, test, interpreter)
    return Contract(
        f2p=tuple(f2p),
        p2p=tuple(p2p),
        argv=tuple(test.argv(RUNNER)),
        timeout=test.timeout,
        interpreter=interpreter,
        roots=tuple(protected),
        files=files,
        tests=test_files(files, [*f2p, *p2p], test.cwd),
        configs={
            path: mark(entry)
            for directory in above
            for name in CONFIGS
            if (entry := tree.get(path := posixpath.join(directory, name))) and path not in files
        },
        above=above,
        hooks=hooks(tree),
        sites=places,
        trust=stands,
        library=stands.library,
        loader=stands.loader,
        **trust.watched(tree, test, interpreter, tuple(protected), places),
    )


def protected_files(tree: Tree, roots: Iterable[str]) -> dict[str, str]:
    """The sources under `roots` with their marks: regular files and links that were not generated."""
    found = {}
    wanted = tuple(root.rstrip("/") for root in roots)
    for path in sorted(tree):
        entry = tree[path]
        if entry.what not in ("file", "symlink") or path.endswith((".pyc", ".pyo")):
            continue
        if not any(path == root or below(path, root) for root in wanted):
            continue
        parts = path.split("/")
        if GENERATED.isdisjoint(parts) and not any(part.endswith(".egg-info") for part in parts):
            found[path] = mark(entry)
    return found


def test_files(files: Iterable[str], ids: Iterable[str], cwd: str) -> tuple[str, ...]:
    """The protected files that belong to the tests `ids` names.

    A directory with tests belongs to them with all it holds, their data included; but where tests lie
    beside the project's own modules, and at the top of the project, only what is named like a test does.
    """
    named = {posixpath.normpath(posixpath.join(cwd, test.split("::", 1)[0])) for test in ids}
    folders = {posixpath.dirname(path) for path in named}
    known = sorted(files)
    whole = {folder for folder in folders if folder != cwd.rstrip("/") and _only_tests(known, folder)}
    return tuple(
        path
        for path in known
        if path in named
        or posixpath.basename(path) == "conftest.py"
        or any(below(path, folder) for folder in whole)
        or (posixpath.dirname(path) in folders and _is_test(path))
    )


def _is_test(path: str) -> bool:
    name = posixpath.basename(path)
    return name.startswith("test_") or name.endswith("_test.py")


def _only_tests(known: Iterable[str], folder: str) -> bool:
    if any(part in ("test", "tests", "testing") for part in folder.split("/")):
        return True
    return all(
        _is_test(path) or posixpath.basename(path) in ("__init__.py", "conftest.py")
        for path in known
        if posixpath.dirname(path) == folder and path.endswith(".py")
    )


def hooks(tree: Tree) -> dict[str, str]:
    """Files that interpreters run at start-up, wherever one would find them, with their marks."""
    found = {}
    for path, entry in tree.items():
        directory, name = posixpath.split(path)
        if entry.what not in ("file", "symlink"):
            continue
        if name.endswith(".pth") or (
            name.startswith(HOOKS) and "/python" in directory and not directory.endswith("__pycache__")
        ):
            found[path] = mark(entry)
            if entry.what == "symlink" and (real := resolve(tree, path)) in tree:
                found[real] = mark(tree[real])
    return found


def sites(tree: Tree, test: TestCommand) -> tuple[str, ...]:
    """Patterns of the directories an interpreter of this image may look for start-up hooks in."""
    home = "/root" if test.user == "root" else f"/home/{test.user}"
    prefixes = {"/usr", "/usr/local", posixpath.dirname(posixpath.dirname(test.python))}
    prefixes |= {posixpath.dirname(posixpath.dirname(resolve(tree, test.python)))}
    prefixes |= {f"{home}/.local", "/root/.local"}
    found = set()
    for prefix in sorted(prefixes):
        for lib in ("lib", "lib64"):
            base = f"{prefix.rstrip('/')}/{lib}/python3*"
            found |= {base, f"{base}/site-packages", f"{base}/dist-packages"}
    return tuple(sorted(found))
