"""What runs before the interpreter does: the login shell's files, the account, the virtual environment."""

from __future__ import annotations

import glob
import os
import re
import tarfile
from collections.abc import Iterator
from typing import Any

SETTING = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)=([\w@%+:,./~$ {}-]*|'[^'`$\\]*'|\"[^\"`\\(]*\");?")
"""A line of a shell's start-up file that can do nothing but set a variable."""
HARMLESS = re.compile(r"(?:unset(?:\s+-v)?(?:\s+[A-Za-z_]\w*)+|umask\s+[0-7]+|export(?:\s+[A-Za-z_]\w*)+);?")
POWERFUL = re.compile(
    r"(?:LD_|PYTHON(?!WARNINGS|UTF8|IOENCODING|COERCECLOCALE)|PYTEST|PY_|BASH|GCONV|LOCPATH|COV|GLIBC|MALLOC)\w*"
    r"|ENV|IFS|PATH|HOME|SHELLOPTS|PROMPT_COMMAND|PS[0-4]|HYPOTHESIS\w*|_\w*"
)
"""Variables that decide what is run."""


def texts(here: str, paths: list[str]) -> dict[str, str]:
    """Gold's own text of `paths`."""
    found = {}
    with tarfile.open(os.path.join(here, "tests.tar"), errors="surrogateescape") as tar:
        for member in tar:
            file = tar.extractfile(member) if "/" + member.name in paths else None
            if file is not None:
                found["/" + member.name] = file.read().decode("utf-8", "surrogateescape")
    return found


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(1 << 20)
    except OSError:
        return ""


def login(contract: dict[str, Any], here: str) -> Iterator[str]:
    """The login shell's files say nothing that gold's do not, but for settings without power."""
    gold = texts(here, contract["texts"])
    search = set(contract["search"])
    known = {line for path in contract["login"] for line in _lines(gold.get(path, ""))}
    paths = {*contract["login"], *glob.glob("/etc/profile.d/*")}
    for path in sorted(paths):
        for line in _lines(_text(path)):
            if line not in known and not _harmless(line, search):
                yield f"{path} has a line that was not there: {line[:80]}"
                break


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _harmless(line: str, search: set[str]) -> bool:
    if HARMLESS.fullmatch(line):
        return True
    found = SETTING.fullmatch(line)
    if found is None:
        return False
    name, value = found[1], found[2].strip("'\"")
    if name == "PATH":
        return all(part in search or part in ("$PATH", "${PATH}") for part in value.split(":"))
    return not POWERFUL.fullmatch(name)


def account(contract: dict[str, Any], here: str) -> Iterator[str]:
    """The tests' user is who it was, and is looked up where it was."""
    gold = texts(here, contract["texts"])
    for path, wanted in (("/etc/passwd", f"{contract['user']}:"), ("/etc/nsswitch.conf", "passwd:")):
        then, now = (
            [
                ":".join(line.split(":")[:6]).split("#")[0].split()
                for line in text.splitlines()
                if line.startswith(wanted)
            ]
            for text in (gold.get(path, ""), _text(path))
        )
        if then[:1] != now[:1]:
            yield f"{path} says something else of {wanted}"


def environment(contract: dict[str, Any], here: str) -> Iterator[str]:
    """The tests' interpreter is gold's, in the same kind of environment."""
    python = contract["python"]
    if os.path.realpath(python) != contract["interpreter"]:
        yield f"{python} is another interpreter"
    gold = texts(here, contract["texts"])
    for path in contract["venv"]:
        then, now = _keys(gold.get(path, "")), _keys(_text(path))
        for key in ("home", "include-system-site-packages"):
            if then.get(key, "") != now.get(key, ""):
                yield f"{path}: {key} is not what it was"


def _keys(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip().lower() for key, _, value in pairs}
