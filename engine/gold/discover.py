"""From a project's files to a recipe: what to install and which tests to run, without asking anybody."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser

from engine.errors import GoldError
from engine.gold import hints, imports
from engine.gold.declared import (
    DEV,
    TEST,
    VARIANT,
    Declared,
    brought,
    declared,
    ini,
    known,
    strings,
    table,
    toml,
)
from engine.gold.model import PROJECT_DIR, Recipe
from engine.gold.requirements import Requirement, normalise, parse_all
from engine.gold.settings import (
    PytestSettings,
    among_tests,
    beside,
    package_modules,
    settings,
    suite_args,
    suite_files,
    suite_modules,
)
from engine.gold.tree import ProjectTree

PYTEST = Requirement("pytest", (), ">=6.2.5")
"""The oldest that runs on the Pythons a base image may have."""

_FEATURES = 16
"""Optional requirements beyond which a project has too many for all of them to be had together."""
_COMPILED = (".c", ".cc", ".cpp", ".cxx", ".pyx", ".f90", ".f")
_VERSION_FROM_VCS = re.compile(
    r"setuptools[_-]scm|hatch[_-]vcs|setuptools[_-]git|versioningit|poetry-dynamic-versioning|pbr\b|"
    r"versioneer|flit[_-]scm|dunamai|pdm-backend|setuptools-vcs|vcs-versioning|miniver"
)


@dataclass(frozen=True)
class Found:
    """What the project's files say."""

    recipe: Recipe
    known: Mapping[str, Requirement]
    """Every requirement it states anywhere, by name: what a later complaint may be answered with."""
    settings: PytestSettings
    because: str
    """Where the requirements of the tests were found, for the person watching."""
    optional: tuple[Requirement, ...] = ()
    """What the project itself uses when it is there, and an extra of it brings."""


def packaged(tree: ProjectTree) -> bool:
    """Whether the project can be built into a wheel, going by its files."""
    pyproject = toml(tree, "pyproject.toml")
    setup = ini(tree.text("setup.cfg"))
    return bool(
        "setup.py" in tree
        or setup.has_section("metadata")
        or setup.has_section("options")
        or table(pyproject, "build-system")
        or table(pyproject, "project")
        or table(pyproject, "tool", "poetry", "dependencies")
        or table(pyproject, "tool", "flit")
    )


def compiled(tree: ProjectTree) -> bool:
    """Whether the project has sources of extension modules: it is built with a compiler from the start."""
    aside = ("doc", "test", "example", "bench")
    return any(path.endswith(_COMPILED) and not path.startswith(aside) for path in tree)


def version_from_vcs(tree: ProjectTree) -> bool:
    """Whether the project's version is read from version control when it is built."""
    return bool(
        _VERSION_FROM_VCS.search(tree.text("pyproject.toml") + tree.text("setup.py") + tree.text("setup.cfg"))
    )


def require_tests(tree: ProjectTree, label: str) -> None:
    """Refuse a project without tests before any work is done for it.

    Raises:
        GoldError: nothing in it looks like a test, or nothing of that can be loaded.
    """
    own = settings(tree)
    hint = (
        "name them with test_args in gold.toml; where a source distribution leaves them out, "
        "give a directory with the project's repository"
    )
    args = suite_args(tree, own)
    if args is None:
        raise GoldError(f"{label} has no tests that pytest would find", hint)
    # A source distribution may lack what all its tests begin with; what a build makes is not among tests.
    modules = suite_modules(tree, own)
    elsewhere = not modules or "-o" in args or "--doctest-modules" in own.addopts
    if not elsewhere and all(among_tests(path) and imports.absent(tree, path) for path in modules):
        missing = imports.absent(tree, modules[0])
        raise GoldError(f"{label} has no tests that can be loaded: {missing}.py is not there", hint)


def discover(tree: ProjectTree, metadata: str, python: str, base: str) -> Found:
    """The recipe the project itself suggests.

    Args:
        tree: its files; `require_tests` has let it pass.
        metadata: text of its wheel's METADATA, empty for a project that is none.
        python: the base image's Python, `3.11`.
        base: the base image.
    """
    own = settings(tree)
    factors = frozenset(
        {"py", "py3", "python", "cpython", f"py{python.replace('.', '')}", f"py{python}", python}
    )
    lists = declared(tree, metadata, factors)
    chosen = _chosen(lists)
    extras, wanted = _split(chosen, metadata)
    wanted += parse_all(own.plugins)
    stated = known(lists)
    wanted += plugins([*_options(own.addopts), *own.names], stated)
    args = suite_args(tree, own) or ()
    files = [*suite_files(tree, own.python_files), *(path for path in tree if path.endswith("conftest.py"))]
    # Whatever the tests use, helpers may be what imports it; what is stated may be added freely.
    everything = dict.fromkeys([*files, *beside(tree, files)])
    wanted += imports.stated(imports.imported(tree, everything) | {*own.warnings}, stated)
    wanted += imports.vouched(imports.required(tree, files) | {*own.warnings}, stated)
    wanted, more = _without_itself(wanted, metadata)
    extras = tuple(dict.fromkeys((*extras, *more)))
    if not metadata:
        wanted += _runtime(tree, lists)
        if any(path.startswith("src/") for path in tree):
            args += ("-o", "pythonpath=src .")
    recipe = Recipe(
        base=base,
        pip=tuple(dict.fromkeys(requirement.text for requirement in _one_each([PYTEST, *wanted]))),
        extras=extras,
        test_args=args,
    )
    because = ", ".join(each.where for each in chosen) or "nothing but pytest"
    return Found(recipe, stated, own, because, _optional(tree, metadata))


def _optional(tree: ProjectTree, metadata: str) -> tuple[Requirement, ...]:
    items = [item for items in brought(metadata).values() for item in items]
    extra = {item.name: item for item in items if not hints.looks_on(item) and item.name not in hints.HEAVY}
    found = imports.stated(imports.guarded(tree, package_modules(tree)), extra) if extra else ()
    return found if len(found) <= _FEATURES else ()


def _chosen(lists: Iterable[Declared]) -> list[Declared]:
    for role in (TEST, VARIANT, DEV):
        if chosen := [each for each in lists if each.role == role]:
            return chosen
    return []


def _split(chosen: Iterable[Declared], metadata: str) -> tuple[tuple[str, ...], tuple[Requirement, ...]]:
    """Extras to install whole, and requirements one by one; of lists for development, without linters."""
    provided = brought(metadata)
    # What tox adds to the tests to have the code looked at.
    idle = {extra for extra, items in provided.items() if items and all(map(hints.looks_on, items))}
    by_name = {normalise(extra): extra for extra in provided if extra not in idle}
    extras: dict[str, None] = {}
    wanted: list[Requirement] = []
    for each in chosen:
        itself = each.where.startswith("extra ")
        names = each.listed.extras[:1] if itself else each.listed.extras
        named = [by_name[normalise(extra)] for extra in names if normalise(extra) in by_name]
        if each.role == DEV:
            items = [*each.listed.requirements, *(item for extra in named for item in provided[extra])]
            wanted += [item for item in items if not hints.linter(item.name)]
            continue
        extras.update(dict.fromkeys(named))
        if not itself or not named:
            wanted += each.listed.requirements
    return tuple(extras), tuple(wanted)


def _without_itself(
    wanted: Iterable[Requirement], metadata: str
) -> tuple[tuple[Requirement, ...], tuple[str, ...]]:
    """Requirements that are not the project, and the extras of it that lists of its own ask for."""
    message = HeaderParser().parsestr(metadata)
    name = normalise(str(message.get("Name", "")))
    by_name = {normalise(str(extra)): str(extra) for extra in message.get_all("Provides-Extra") or []}
    asked = [normalise(extra) for item in wanted if item.name == name for extra in item.extras]
    others = tuple(item for item in wanted if item.name != name)
    return others, tuple(by_name[extra] for extra in asked if extra in by_name)


def _one_each(requirements: Iterable[Requirement]) -> list[Requirement]:
    """One requirement of a name, the one that says most, unless markers tell them apart."""
    best: dict[tuple[str, str], Requirement] = {}
    for requirement in requirements:
        key = (requirement.name, requirement.marker)
        before = best.get(key)
        if before is None or (len(requirement.specifier), len(requirement.extras)) > (
            len(before.specifier) if before != PYTEST else 0,
            len(before.extras),
        ):
            best[key] = requirement
    return list(best.values())


def _options(words: Collection[str]) -> list[str]:
    return [word for word in words if word.startswith("-")]


def plugins(words: Iterable[str], stated: Mapping[str, Requirement]) -> tuple[Requirement, ...]:
    """The plugins that options (`--cov=x`) and settings (`asyncio_mode`) of pytest ask for."""
    names = (
        hints.option_plugin(word) if word.startswith("-") else hints.SETTINGS.get(word, "") for word in words
    )
    return tuple(stated.get(name, Requirement(name)) for name in dict.fromkeys(names) if name)


def _runtime(tree: ProjectTree, lists: Iterable[Declared]) -> tuple[Requirement, ...]:
    """What a project that is no package needs to run."""
    stated = parse_all(strings(table(toml(tree, "pyproject.toml"), "project").get("dependencies")))
    for each in lists:
        if re.fullmatch(r"(?:requirements/)?(?:requirements|base|main|common)\.(?:txt|in)", each.where):
            stated += each.listed.requirements
    return stated


def settled_args(args: tuple[str, ...], own: PytestSettings, installed: Collection[str]) -> tuple[str, ...]:
    """Test arguments that keep runs alike: one process, one order, one seed, to the end, nothing measured.

    Args:
        args: the arguments so far.
        own: the project's settings, whose `addopts` may ask for the contrary.
        installed: normalised names of the installed distributions.
    """
    options = _options(own.addopts)
    asked = {hints.option_plugin(option) for option in options}
    # One file that cannot be imported says nothing about the tests in the others.
    more = [f"--rootdir={PROJECT_DIR}", "--continue-on-collection-errors"]
    if any(option.startswith(("-x", "--exitfirst", "--maxfail")) for option in options):
        more.append("--maxfail=0")
    if "pytest-xdist" in asked and "pytest-xdist" in installed:
        more.append("-n0")
    if "pytest-cov" in asked and "pytest-cov" in installed:
        more.append("--no-cov")
    if "pytest-randomly" in installed:
        more.append("-pno:randomly")
    if "pytest-enabler" in installed:
        more.append("-pno:enabler")  # it makes a test of every look that linters take at a file
    if "pytest-benchmark" in installed and not any(map(_measuring, options)):
        more.append("--benchmark-disable")  # what is measured is run once instead of for seconds
    if "hypothesis" in installed:
        more.append("--hypothesis-seed=0")
    return args + tuple(word for word in more if word not in args)


def _measuring(option: str) -> bool:
    return option.startswith(("--benchmark-only", "--benchmark-enable", "--benchmark-disable"))
