"""Owners, modes and accounts: damage root does not feel, when the tests run as somebody else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from engine.faults.clues import noticed
from engine.faults.facts import Facts
from engine.faults.model import Operator, Target
from engine.faults.places import data, extensions, folders, label, programs, scripts, shared
from engine.faults.typed import sed, typed

FAMILY = "permissions"


def _blind(facts: Facts) -> bool:
    """Whether the tests run as root, who is refused nothing."""
    return facts.user == "root"


def _mode(facts: Facts, path: str, default: int) -> str:
    file = facts.image.files.get(path)
    return f"{file.mode if file and file.what != 'symlink' else default:o}"


def _packages(facts: Facts) -> Iterable[Target]:
    found = (
        Target(label(facts, path), {"path": path}, tests)
        for path, tests in folders(facts, facts.image.python.site)
    )
    return [] if _blind(facts) else facts.ranked(found)


def _standard(facts: Facts) -> Iterable[Target]:
    found = (
        Target(label(facts, path), {"path": path, "mode": _mode(facts, path, 0o755)}, tests)
        for path, tests in folders(facts, facts.image.python.stdlib)
    )
    return [] if _blind(facts) else facts.ranked(found)


def _libraries(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        for path, tests in extensions(facts):
            yield Target(label(facts, path), {"path": path, "mode": _mode(facts, path, 0o755)}, tests)
        for link, target, tests in shared(facts):
            path = os.path.normpath(os.path.join(os.path.dirname(link), target))
            yield Target(os.path.basename(link), {"path": path, "mode": _mode(facts, path, 0o644)}, tests)
        for path in facts.uses.libraries:
            if facts.image.python.dynload and path.startswith(facts.image.python.dynload + "/"):
                values = {"path": path, "mode": _mode(facts, path, 0o644)}
                yield Target(label(facts, path).split(".")[0], values, facts.tests_mapping(path))

    return [] if _blind(facts) else facts.ranked(found())


def _programs(facts: Facts) -> Iterable[Target]:
    found = (
        Target(os.path.basename(path), {"path": path, "mode": _mode(facts, path, 0o755)}, tests)
        for path, tests in programs(facts)
        if facts.image.files[path].what == "file"
    )
    return [] if _blind(facts) else facts.ranked(found)


def _scripts(facts: Facts) -> Iterable[Target]:
    return facts.ranked(
        Target(os.path.basename(path), {"path": path, "mode": _mode(facts, path, 0o755)}, tests)
        for path, tests in scripts(facts)
    )


def _data(facts: Facts) -> Iterable[Target]:
    found = (
        Target(label(facts, path), {"path": path, "mode": _mode(facts, path, 0o644)}, tests)
        for path, tests in data(facts)
    )
    return [] if _blind(facts) else facts.ranked(found)


def _venv(facts: Facts) -> Iterable[Target]:
    path = os.path.dirname(facts.image.python.executable)
    if not _blind(facts):
        yield Target(path, {"path": path, "mode": _mode(facts, path, 0o755)}, facts.everything)


def _scratch(facts: Facts) -> Iterable[Target]:
    if not _blind(facts) and noticed(facts, "/tmp"):
        yield Target("/tmp", {"path": "/tmp"}, frozenset())


def _leftover(facts: Facts) -> Iterable[Target]:
    path = f"/tmp/pytest-of-{facts.user}"
    tests = facts.tests_touching(path)
    if not _blind(facts) and tests:
        yield Target(path, {"path": path}, tests)


def _home(facts: Facts) -> Iterable[Target]:
    user = facts.image.system.user
    if not _blind(facts) and facts.free(user.home):
        values = {"path": user.home, "owner": f"{user.name}:", "mode": _mode(facts, user.home, 0o755)}
        yield Target(user.home, values, facts.tests_touching(user.home))


def _account(facts: Facts) -> Iterable[Target]:
    # Git asks who commits when nobody has told it.
    if not _blind(facts) and (noticed(facts, "accounts") or facts.tests_running("/usr/bin/git")):
        yield Target("/etc/passwd", {"path": "/etc/passwd", "mode": "644"}, frozenset())


def _account_home(facts: Facts) -> Iterable[Target]:
    user = facts.image.system.user
    if not _blind(facts) and noticed(facts, "accounts"):
        away = f"/srv/{user.name}"
        values = {"edit": sed(f":{user.home}:", f":{away}:"), "back": sed(f":{away}:", f":{user.home}:"),
                  "user": user.name}  # fmt: skip
        yield Target(user.name, values, frozenset())


OPERATORS = (
    Operator(
        id="permissions-package",
        family=FAMILY,
        summary="A package was installed by root under a umask of 077: nobody else can read it.",
        find=_packages,
        command=typed("chmod -R go-rwx {path}"),
        recovery=typed("chmod -R go+rX {path}"),
        look=typed("ls -ld {path}"),
        symptom="ModuleNotFoundError or PermissionError, only for the tests' user",
    ),
    Operator(
        id="permissions-standard-package",
        family=FAMILY,
        summary="A package of the standard library was restored from a backup without its mode.",
        find=_standard,
        command=typed("chmod 700 {path}"),
        recovery=typed("chmod {mode} {path}"),
        look=typed("ls -ld {path}"),
        symptom="ModuleNotFoundError or PermissionError in a standard import",
    ),
    Operator(
        id="permissions-library",
        family=FAMILY,
        summary="A shared object was copied into place with root's private mode.",
        find=_libraries,
        command=typed("chmod 600 {path}"),
        recovery=typed("chmod {mode} {path}"),
        look=typed("ls -l {path}"),
        symptom="ImportError: cannot open shared object file: Permission denied",
    ),
    Operator(
        id="permissions-program",
        family=FAMILY,
        summary="A hardening script took a program away from ordinary users.",
        find=_programs,
        command=typed("chmod 750 {path}"),
        recovery=typed("chmod {mode} {path}"),
        look=typed("ls -l {path}"),
        symptom="Permission denied when a program is started",
    ),
    Operator(
        id="permissions-script",
        family=FAMILY,
        summary="A console script lost its executable bit on a share that does not keep modes.",
        find=_scripts,
        command=typed("chmod -x {path}"),
        recovery=typed("chmod {mode} {path}"),
        look=typed("ls -l {path}"),
        symptom="Permission denied or command not found",
    ),
    Operator(
        id="permissions-data",
        family=FAMILY,
        summary="A data file was replaced by root and is readable by root alone.",
        find=_data,
        command=typed("chmod 600 {path}"),
        recovery=typed("chmod {mode} {path}"),
        look=typed("ls -l {path}"),
        symptom="PermissionError when a file is read",
    ),
    Operator(
        id="permissions-venv",
        family=FAMILY,
        summary="The environment's programs were closed to everyone but root.",
        find=_venv,
        command=typed("chmod 700 {path}"),
        recovery=typed("chmod {mode} {path}"),
        look=typed("ls -ld {path}"),
        symptom="the suite does not start: permission denied",
    ),
    Operator(
        id="permissions-scratch",
        family=FAMILY,
        summary="The directory for temporary files was made again with an ordinary directory's mode.",
        find=_scratch,
        command=typed("chmod 755 {path}"),
        recovery=typed("chmod 1777 {path}"),
        look=typed("ls -ld {path}"),
        symptom="temporary files elsewhere, or PermissionError",
    ),
    Operator(
        id="permissions-scratch-owner",
        family=FAMILY,
        summary="The suite once ran as root, and its temporary directory is still root's.",
        find=_leftover,
        command=typed("mkdir -p {path} && chown root:root {path} && chmod 700 {path}"),
        recovery=typed("rm -r {path}"),
        look=typed("ls -la /tmp"),
        symptom="OSError: the temporary directory is not owned by the current user",
    ),
    Operator(
        id="permissions-home",
        family=FAMILY,
        summary="A recursive chown in the wrong place gave the user's home directory to root.",
        find=_home,
        command=typed("chown -R root:root {path} && chmod 700 {path}"),
        recovery=typed("chown -R {owner} {path} && chmod {mode} {path}"),
        look=typed("ls -ld {path}"),
        symptom="PermissionError below the home directory",
    ),
    Operator(
        id="permissions-accounts",
        family=FAMILY,
        summary="The list of accounts was closed to ordinary users by a hardening script.",
        find=_account,
        command=typed("chmod 640 {path}"),
        recovery=typed("chmod {mode} {path}"),
        look=typed("ls -l {path}"),
        symptom="KeyError: getpwuid(): uid not found",
    ),
    Operator(
        id="permissions-account-home",
        family=FAMILY,
        summary="The user's account names a home directory on a disk that is not there.",
        find=_account_home,
        command=typed("sed -i {edit} /etc/passwd"),
        recovery=typed("sed -i {back} /etc/passwd"),
        look=typed("getent passwd {user}"),
        symptom="no such directory below the home directory",
    ),
)
