"""Python distributions that are missing, half there, of mixed releases, or in each other's way."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from engine.faults.facts import Distribution, Facts
from engine.faults.model import Operator, Target
from engine.faults.places import BUSY, installed, label, modules
from engine.faults.typed import sed, typed

FAMILY = "dependencies"
_AGAIN = typed("{python} -m pip install --force-reinstall --no-deps {requirement}")


def _values(facts: Facts, found: Distribution, **more: str) -> dict[str, str]:
    return {
        "python": facts.image.python.executable,
        "name": found.name,
        "requirement": facts.requirement(found),
        "info": found.info,
        **more,
    }


def _uninstalled(facts: Facts) -> Iterable[Target]:
    if not any(found.name == "pip" for found in facts.image.distributions):
        return []
    return facts.ranked(
        Target(found.name, _values(facts, found), tests) for found, tests in installed(facts) if found.files
    )


def _metadata(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        for dist in facts.image.distributions:
            tests = facts.tests_touching(dist.info)
            plugin = any(group not in ("console_scripts", "gui_scripts") for group in dist.groups)
            if not facts.free(dist.info) or dist.name.lower() in BUSY:
                continue
            # Start-up reads the entry points of everything, so "all tests" says nothing here.
            if tests and tests != facts.everything:
                yield Target(dist.name, _values(facts, dist), tests)
            elif dist.editable or plugin or facts.tests_importing(*dist.modules):
                yield Target(dist.name, _values(facts, dist))

    return facts.ranked(found())


def _files(facts: Facts) -> Iterable[Target]:
    return facts.ranked(
        Target(label(facts, path), _values(facts, found, path=path, folder=os.path.dirname(path)), tests)
        for path, found, tests in modules(facts)
    )


def _inits(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        for path, dist in facts.owners.items():
            tests = facts.tests_touching(path)
            mine = path.endswith("/__init__.py") and tests and facts.free(path)
            if mine and not dist.editable and dist.name.lower() not in BUSY:
                values = _values(facts, dist, path=path, folder=os.path.dirname(path))
                yield Target(label(facts, path), values, tests)

    return facts.ranked(found())


def _mixed(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        for path, names in facts.image.definitions.items():
            dist = facts.owners.get(path)
            if dist is None or dist.editable or dist.name in facts.harness or not facts.free(path):
                continue
            for name in names:
                tests = facts.tests_mentioning(name) & facts.tests_importing(*dist.modules)
                if tests:
                    values = _values(facts, dist, path=path, word=f"def {name}(",
                                     edit=sed(f"def {name}(", f"def _{name}("),
                                     back=sed(f"def _{name}(", f"def {name}("))  # fmt: skip
                    yield Target(f"{label(facts, path)}:{name}", values, tests)

    return facts.ranked(found())


def _single(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        site = facts.image.python.site
        for path, dist, tests in modules(facts):
            if os.path.dirname(path) == site:
                yield Target(label(facts, path), _values(facts, dist, folder=path.removesuffix(".py")), tests)

    return facts.ranked(found())


def _vendored(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        site = facts.image.python.site
        for dist, tests in installed(facts):
            for module in dist.modules:
                if module.isidentifier() and facts.tests_importing(module):
                    values = _values(facts, dist, folder=f"/opt/vendor/{module}", path=f"{site}/vendor.pth")
                    yield Target(module, values, tests)

    return facts.ranked(found())


def _moved(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        python = facts.image.python
        links = {f"{python.site}/{name}": text for name, text in python.pth.items()}
        for path, text in links.items():
            for line in text.splitlines():
                # The directory the tests run in is on the path anyhow.
                inside = any(line.startswith(place + "/") for place in facts.protected)
                if inside and facts.free(path):
                    away = "/srv" + line
                    values = {"path": path, "edit": sed(line, away), "back": sed(away, line)}
                    yield Target(label(facts, path), values, facts.everything)

    return facts.ranked(found())


def _plugins(facts: Facts) -> Iterable[Target]:
    return facts.ranked(
        Target(dist.name, _values(facts, dist, path=f"{dist.info}/entry_points.txt"))
        for dist in facts.image.distributions
        if set(dist.groups) - {"console_scripts", "gui_scripts"}
        and facts.free(dist.info)
        and dist.name.lower() not in BUSY
    )


OPERATORS = (
    Operator(
        id="dependencies-uninstalled",
        family=FAMILY,
        summary="A distribution that others need was uninstalled as a leftover.",
        find=_uninstalled,
        command=typed("{python} -m pip uninstall -y {name}"),
        recovery=_AGAIN,
        look=typed("{python} -m pip show {name}"),
        symptom="ModuleNotFoundError",
        revert="package",
    ),
    Operator(
        id="dependencies-metadata-lost",
        family=FAMILY,
        summary="A clean-up removed the metadata of a distribution and left its code.",
        find=_metadata,
        command=typed("rm -rf {info}"),
        recovery=typed("{python} -m pip install --ignore-installed --no-deps {requirement}"),
        look=typed("ls {info}"),
        symptom="PackageNotFoundError, plugins not found",
        revert="package",
    ),
    Operator(
        id="dependencies-module-missing",
        family=FAMILY,
        summary="An installation was interrupted before one of the package's modules was copied.",
        find=_files,
        command=typed("rm {path}"),
        recovery=_AGAIN,
        look=typed("ls -l {folder}"),
        symptom="ModuleNotFoundError deep in an import",
        revert="package",
    ),
    Operator(
        id="dependencies-module-empty",
        family=FAMILY,
        summary="The disk was full during an upgrade: a module's file was created and nothing written to it.",
        find=_files,
        command=typed("truncate -s 0 {path}"),
        recovery=_AGAIN,
        look=typed("ls -l {path}"),
        symptom="ImportError: cannot import name",
        revert="package",
    ),
    Operator(
        id="dependencies-init-missing",
        family=FAMILY,
        summary="A copy that skipped `__init__.py` left a package as a bare namespace.",
        find=_inits,
        command=typed("rm {path}"),
        recovery=_AGAIN,
        look=typed("ls {folder}"),
        symptom="AttributeError or ImportError from an importable package",
        revert="package",
    ),
    Operator(
        id="dependencies-mixed-release",
        family=FAMILY,
        summary="An upgrade that broke off left one file of a release whose function had another name.",
        find=_mixed,
        command=typed("sed -i {edit} {path}"),
        recovery=typed("sed -i {back} {path}"),
        look=typed("grep -n {word} {path}"),
        symptom="AttributeError or ImportError for one name",
    ),
    Operator(
        id="dependencies-leftover-package",
        family=FAMILY,
        summary="A botched upgrade left an empty package directory beside the module of the same name.",
        find=_single,
        command=typed("mkdir {folder} && touch {folder}/__init__.py"),
        recovery=typed("rm -r {folder}"),
        look=typed("ls -d {folder}*"),
        symptom="AttributeError or ImportError from an empty module",
    ),
    Operator(
        id="dependencies-vendored-first",
        family=FAMILY,
        summary="A path file puts a directory of half-copied vendored packages before site-packages.",
        find=_vendored,
        command=typed(
            "mkdir -p {folder} && touch {folder}/__init__.py && "
            "echo 'import sys; sys.path.insert(0, \"/opt/vendor\")' > {path}"
        ),
        recovery=typed("rm -r {path} {folder}"),
        look=typed("{python} -m site"),
        symptom="AttributeError or ImportError from the wrong copy",
    ),
    Operator(
        id="dependencies-checkout-moved",
        family=FAMILY,
        summary="The project was installed in editable mode from a place it was later moved away from.",
        find=_moved,
        command=typed("sed -i {edit} {path}"),
        recovery=typed("sed -i {back} {path}"),
        look=typed("cat {path}"),
        symptom="ModuleNotFoundError for the project itself",
    ),
    Operator(
        id="dependencies-plugin-unregistered",
        family=FAMILY,
        summary="A distribution's entry points were lost in a repack, so nobody finds its plugins.",
        find=_plugins,
        command=typed("rm {path}"),
        recovery=_AGAIN,
        look=typed("cat {path}"),
        symptom="missing fixtures, unknown plugins",
        revert="package",
    ),
)
