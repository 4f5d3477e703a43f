"""The interpreter, its virtual environment and standard library, and the entry points beside it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from engine.faults.facts import Facts
from engine.faults.model import Operator, Target
from engine.faults.places import label, package_of, scripts, standard
from engine.faults.typed import sed, typed

FAMILY = "interpreter"


def _next_minor(version: str) -> str:
    major, _, minor = version.partition(".")
    return f"{major}.{int(minor) + 1}"


def _link(facts: Facts) -> Iterable[Target]:
    python = facts.image.python
    folder = os.path.dirname(python.executable)
    path = python.executable
    for _ in range(4):
        file = facts.image.files.get(path)
        if file is None or file.what != "symlink":
            return
        if os.path.dirname(file.target):
            away = f"{os.path.dirname(file.target)}/python{_next_minor(python.version)}"
            values = {"path": path, "was": file.target, "next": away, "folder": folder}
            yield Target(os.path.basename(path), values, facts.everything)
            return
        path = f"{folder}/{file.target}"


def _config(facts: Facts) -> Iterable[Target]:
    python = facts.image.python
    if python.config:
        values = {"path": f"{python.prefix}/pyvenv.cfg", "text": python.config}
        yield Target("pyvenv.cfg", values, facts.everything)


def _scripts(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        for path, tests in scripts(facts):
            line = facts.image.files[path].shebang
            away = line.replace(facts.image.python.prefix, "/home/build/venv")
            values = {
                "path": path,
                "edit": "1" + sed(line, away),
                "back": "1" + sed(away, line),
                "text": facts.image.files[path].script,
            }
            if away != line and values["text"]:
                yield Target(os.path.basename(path), values, tests)

    return facts.ranked(found())


def _modules(facts: Facts) -> Iterable[Target]:
    return facts.ranked(
        Target(name, {"path": path, "module": name, "package": package_of(facts, path)}, tests)
        for name, path, tests in standard(facts)
    )


def _extensions(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        folder = facts.image.python.dynload
        for path in facts.uses.libraries:
            if folder and path.startswith(folder + "/"):
                values = {"path": path, "folder": folder, "package": package_of(facts, path)}
                yield Target(label(facts, path).split(".")[0], values, facts.tests_mapping(path))

    return facts.ranked(found())


OPERATORS = (
    Operator(
        id="interpreter-link-dangling",
        family=FAMILY,
        summary="The system's Python was upgraded and the virtual environment points to another release.",
        find=_link,
        command=typed("ln -sfn {next} {path}"),
        recovery=typed("ln -sfn {was} {path}"),
        look=typed("ls -l {folder}"),
        symptom="the suite does not start: no such file",
    ),
    Operator(
        id="interpreter-config-lost",
        family=FAMILY,
        summary="The file that makes a directory a virtual environment was left out of a copy.",
        find=_config,
        command=typed("rm {path}"),
        recovery=typed("printf '%s' {text} > {path}"),
        look=typed("cat {path}"),
        symptom="No module named pytest",
        revert="bytes",
    ),
    Operator(
        id="interpreter-script-shebang",
        family=FAMILY,
        summary="A console script still names the interpreter of the place the environment was built in.",
        find=_scripts,
        command=typed("sed -i {edit} {path}"),
        recovery=typed("sed -i {back} {path}"),
        look=typed("head -n 1 {path}"),
        symptom="bad interpreter: no such file or directory",
    ),
    Operator(
        id="interpreter-script-missing",
        family=FAMILY,
        summary="A console script was not copied with the rest of the environment.",
        find=_scripts,
        command=typed("rm {path}"),
        recovery=typed("printf '%s' {text} > {path} && chmod 755 {path}"),
        look=typed("ls -l {path}"),
        symptom="command not found",
    ),
    Operator(
        id="interpreter-module-missing",
        family=FAMILY,
        summary="To make the image smaller, a module of the standard library was removed that someone needs.",
        find=_modules,
        command=typed("rm {path}"),
        recovery=typed("apt-get install --reinstall -y {package}"),
        look=typed("ls -l {path}"),
        symptom="ModuleNotFoundError for a standard module",
        revert="bytes",
    ),
    Operator(
        id="interpreter-module-empty",
        family=FAMILY,
        summary="After a crash during an upgrade of Python, a file of the standard library is empty.",
        find=_modules,
        command=typed("truncate -s 0 {path}"),
        recovery=typed("apt-get install --reinstall -y {package}"),
        look=typed("ls -l {path}"),
        symptom="ImportError or AttributeError from a standard module",
        revert="bytes",
    ),
    Operator(
        id="interpreter-extension-missing",
        family=FAMILY,
        summary="Python was built without the headers one of its extension modules needs.",
        find=_extensions,
        command=typed("rm {path}"),
        recovery=typed("apt-get install --reinstall -y {package}"),
        look=typed("ls {folder}"),
        symptom="ModuleNotFoundError for a private extension module",
        revert="bytes",
    ),
)
