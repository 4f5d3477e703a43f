"""Programs the tests call: wrapped, missing, with broken settings or line ends."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from engine.faults.facts import Facts
from engine.faults.model import Operator, Target
from engine.faults.places import own_profile, package_of, programs, scripts, snippet
from engine.faults.typed import typed

FAMILY = "toolchain"


def _own_bin(facts: Facts) -> str:
    """The directory of their own programs that the tests' user's login script puts first on PATH."""
    profile, home = own_profile(facts), facts.image.system.user.home
    text = facts.image.system.profile.get(profile, "")
    return f"{home}/bin" if '"$HOME/bin"' in text and "$HOME/bin:$PATH" in text else ""


ESSENTIAL = frozenset(
    {
        *("bash", "coreutils", "dash", "dpkg", "findutils", "grep", "gzip", "login"),
        *("procps", "sed", "tar", "tmux", "util-linux"),
    }
)
"""Packages a solver works with: their programs are not removed."""


def _wrappers(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        folder = _own_bin(facts)
        used = dict(programs(facts, bash=bool(folder)))
        behind = {facts.image.files[path].target for path in used}
        for path, tests in used.items():
            if os.path.basename(path) in behind:
                continue  # called by the name of the link
            name = os.path.basename(path)
            vital = path in facts.image.shell
            if folder or not (vital or path.startswith("/usr/local/bin/")):
                place = folder or "/usr/local/bin"
                values = {"folder": place, "path": f"{place}/{name}", "name": name,
                          "line": f'exec /opt/tools/bin/{name} "$@"'}  # fmt: skip
                yield Target(name, values, tests)

    return facts.ranked(found())


def _removable(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        for path, tests in programs(facts):
            package = package_of(facts, path)
            if path.startswith("/usr/") and path not in facts.image.shell and package not in ESSENTIAL:
                values = {"path": path, "package": package, "name": os.path.basename(path)}
                yield Target(os.path.basename(path), values, tests)

    return facts.ranked(found())


def _alternatives(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        for path, tests in programs(facts):
            link = facts.image.files[path].target
            entry = facts.image.files.get(link)
            if os.path.dirname(link) == "/etc/alternatives" and entry and entry.what == "symlink":
                values = {"link": link, "was": entry.target, "next": entry.target + ".dpkg-new"}
                yield Target(os.path.basename(link), values, tests)

    return facts.ranked(found())


def _scripts(facts: Facts) -> Iterable[Target]:
    return facts.ranked(
        Target(os.path.basename(path), {"path": path}, tests) for path, tests in scripts(facts)
    )


def _sh(facts: Facts) -> Iterable[Target]:
    path = "/usr/bin/sh"
    file = facts.image.files.get(path)
    tests = facts.tests_running(path) | facts.tests_running("/bin/sh")
    if file and file.what == "symlink" and tests:
        yield Target("sh", {"path": path, "was": file.target, "next": "ksh"}, tests)


def _posix(facts: Facts) -> Iterable[Target]:
    if any(path.startswith("/usr/bin/") for path, _ in programs(facts)):
        yield Target("POSIXLY_CORRECT", {"line": "export POSIXLY_CORRECT=1", "file": snippet(facts, "posix")})


_SETTINGS = {
    "commit.gpgsign": "true",
    "init.defaultBranch": "trunk",
    "core.autocrlf": "true",
    "user.useConfigOnly": "true",
    "core.hooksPath": "/usr/share/git-hooks",
}


def _git(facts: Facts) -> frozenset[str]:
    return facts.tests_running("/usr/bin/git")


def _git_settings(facts: Facts) -> Iterable[Target]:
    if _git(facts) and "/etc/gitconfig" not in facts.image.files:
        for name, value in _SETTINGS.items():
            yield Target(name, {"name": name, "value": value}, _git(facts))


def _git_syntax(facts: Facts) -> Iterable[Target]:
    if _git(facts):
        yield Target("/etc/gitconfig", {"text": "[safe"}, _git(facts))


OPERATORS = (
    Operator(
        id="toolchain-wrapper",
        family=FAMILY,
        summary="A wrapper earlier on the search path hands over to a tool directory that is gone.",
        find=_wrappers,
        command=typed(
            "mkdir -p {folder} && printf '%s\\n' '#!/bin/bash' {line} > {path} && chmod 755 {path}"
        ),
        recovery=typed("rm {path}"),
        look=typed("type -a {name}"),
        symptom="No such file or directory from a program that is there",
    ),
    Operator(
        id="toolchain-missing",
        family=FAMILY,
        summary="A program was removed from the image as not needed.",
        find=_removable,
        command=typed("rm {path}"),
        recovery=typed("apt-get install --reinstall -y {package}"),
        look=typed("type -a {name}"),
        symptom="command not found",
        revert="bytes",
    ),
    Operator(
        id="toolchain-alternative-dangling",
        family=FAMILY,
        summary="The alternative behind a generic program name points to a file an upgrade left unfinished.",
        find=_alternatives,
        command=typed("ln -sfn {next} {link}"),
        recovery=typed("ln -sfn {was} {link}"),
        look=typed("ls -l {link}"),
        symptom="command not found",
    ),
    Operator(
        id="toolchain-line-ends",
        family=FAMILY,
        summary="A script went through a Windows editor and its lines end with carriage returns.",
        find=_scripts,
        command=typed("sed -i 's/$/\\r/' {path}"),
        recovery=typed("sed -i 's/\\r$//' {path}"),
        look=typed("head -n 3 {path}"),
        symptom="bad interpreter: no such file or directory",
    ),
    Operator(
        id="toolchain-sh-link",
        family=FAMILY,
        summary="The system's shell was switched to one that is not installed.",
        find=_sh,
        command=typed("ln -sfn {next} {path}"),
        recovery=typed("ln -sfn {was} {path}"),
        look=typed("ls -l {path}"),
        symptom="sh: not found, in every shell command of a program",
    ),
    Operator(
        id="toolchain-posix-mode",
        family=FAMILY,
        summary="A portability setting makes the usual programs parse options and print in the old way.",
        find=_posix,
        command=typed("echo {line} > {file}"),
        recovery=typed("rm {file}"),
        look=typed("ls /etc/profile.d"),
        symptom="other output from everyday programs",
    ),
    Operator(
        id="toolchain-git-setting",
        family=FAMILY,
        summary="A setting for all of git's users came from somebody's private habits.",
        find=_git_settings,
        command=typed("git config --system {name} {value}"),
        recovery=typed("git config --system --unset {name}"),
        look=typed("git config --list"),
        symptom="git refuses or names things differently",
    ),
    Operator(
        id="toolchain-git-syntax",
        family=FAMILY,
        summary="Git's system-wide settings were saved half way through an edit.",
        find=_git_syntax,
        command=typed("echo {text} >> /etc/gitconfig"),
        recovery=typed("rm /etc/gitconfig"),
        look=typed("ls -l /etc/gitconfig"),
        symptom="fatal: bad config line",
    ),
)
