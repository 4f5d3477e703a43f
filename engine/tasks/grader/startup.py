"""What runs before the interpreter does: the login shell's files, the account, the virtual environment."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import stat
import tarfile
from collections.abc import Iterator
from typing import Any

from .fresh import began, fresh

SETTING = re.compile(
    r"(?:export\s+)?([A-Za-z_]\w*)="
    r"((?:[\w@%+:,./~-]|\$\w+|\$\{\w+\})*|'[^']*'|\"(?:[^\"$`\\]|\$\w+|\$\{\w+\})*\");?",
    re.ASCII,
)
"""A line of a shell's start-up file that can do nothing but set one variable."""
HARMLESS = re.compile(r"(?:unset(?: +-v)?(?: +[A-Za-z_]\w*)+|umask +[0-7]+);?", re.ASCII)
HARMLESS_NAMES = re.compile(
    r"LANG|LANGUAGE|LC_[A-Z]+|TZ|TMP|TEMP|TMPDIR|TERM|COLORTERM|COLUMNS|LINES|HIST\w+|(?:NO|FORCE)_COLOR|CLICOLOR\w*"
    r"|SOURCE_DATE_EPOCH|DEBIAN_FRONTEND|\w+_(?:proxy|PROXY)|SSL_CERT_(?:FILE|DIR)|(?:REQUESTS|CURL)_CA_BUNDLE"
    r"|PYTHON(?:UTF8|HASHSEED|IOENCODING|UNBUFFERED|DONTWRITEBYTECODE)",
    re.ASCII,
)
"""Variables that decide nothing of what is run. Of many others, some library somewhere takes code."""
WORD = re.compile(r"[\w@%+:,./~-]*", re.ASCII)
"""A value in which nothing is looked up."""
OTHERS = ("hosts", "networks", "protocols", "services", "ethers", "rpc", "netgroup")
"""What else than people is looked up."""
SERVICES = frozenset({"files", "dns"})
"""Where that may be looked up, whatever gold did: no library is loaded for it."""
LONGEST = 1 << 18
"""Characters of the longest file that is read here."""


def texts(here: str, paths: list[str]) -> dict[str, str]:
    """Gold's own text of `paths`."""
    found = {}
    with tarfile.open(os.path.join(here, "tests.tar"), errors="surrogateescape") as tar:
        for member in tar:
            file = tar.extractfile(member) if "/" + member.name in paths else None
            if file is not None:
                found["/" + member.name] = file.read().decode("utf-8", "surrogateescape")
    return found


def text_of(path: str) -> str | None:
    """What a file says; None when it is no text of a usual size."""
    try:
        if not os.path.isfile(path):
            return "" if not os.path.lexists(path) else None
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            text = file.read(LONGEST + 1)
    except OSError:
        return None
    return text if len(text) <= LONGEST else None


def login(contract: dict[str, Any], here: str) -> Iterator[str]:
    """The login shell's files are gold's, each for itself and line after line, but for harmless settings.

    Gold's own lines would do other things in another order, in another file or with some of them left out;
    only where nothing was written since the container began may some be missing, as the damage.
    """
    gold, start = texts(here, contract["texts"]), began(here)
    search = set(contract["search"])
    activate = os.path.join(os.path.dirname(contract["python"]), "activate")
    # Programs are compared elsewhere, that one among them.
    entering = (
        {f"{word} {activate}" for word in (".", "source")} if activate in contract["programs"] else set()
    )

    def idle(line: str) -> bool:
        return line in entering or _harmless(line, search)

    for folder in sorted({"/etc/profile.d", *map(os.path.dirname, contract["login"])}):
        if os.path.realpath(folder) != folder:  # which may lead another user, or process, elsewhere
            yield f"{folder} is a link"
    for path in sorted({*contract["login"], *glob.glob("/etc/profile.d/*")}):
        text = text_of(path)
        if text is None:
            yield f"{path} is not a file of usual size"
        was = _lines(gold.get(path, ""))
        now = _lines(text or "")
        added = [line for line in now if line not in was and not idle(line)]
        if added:
            yield f"{path} has a line that was not there: {added[0][:80]}"
            continue
        then, left = ([line for line in each if not idle(line)] for each in (was, now))
        if left and left != then and fresh(path, start):
            yield f"{path} has not the lines that were there, in their order"


def _lines(text: str) -> list[str]:
    """Lines as a shell sees them; what else ends a line to Python does not."""
    lines = [line.strip(" \t") for line in text.split("\n")]
    return [line for line in lines if line and not line.startswith("#")]


def _harmless(line: str, search: set[str]) -> bool:
    if HARMLESS.fullmatch(line):
        return True
    if "; export " in line and not {*"'\"\\#"}.intersection(line):
        setting, _, rest = line.partition("; ")
        return _harmless(setting, search) and _harmless(rest, search)
    if line.startswith("export ") and "=" not in line:
        names = line.removeprefix("export ").rstrip(";").split(" ")
        return all(name == "PATH" or HARMLESS_NAMES.fullmatch(name) for name in names)
    found = SETTING.fullmatch(line)
    if found is None:
        return False
    name, value = found[1], found[2].strip("'\"")
    if name == "PATH":
        return all(part in search or part in ("$PATH", "${PATH}") for part in value.split(":"))
    if name == "PYTHONWARNINGS":  # what comes after a colon is imported
        return value.isalpha() or not value
    return bool(HARMLESS_NAMES.fullmatch(name) and WORD.fullmatch(value))


def account(contract: dict[str, Any], here: str) -> Iterator[str]:
    """The tests' user is who it was, and is looked up where it was."""
    gold = texts(here, contract["texts"])
    user = contract["user"]

    def entries(text: str | None) -> list[list[str]]:
        # All of them, for which is the first depends on what counts as a space before the name.
        lines = [line.strip().split(":") for line in (text or "").split("\n")]
        return [fields[:4] + fields[5:] for fields in lines if fields[0] == user]

    def services(text: str | None) -> list[list[str]]:
        lines = [line.split("#")[0].split() for line in (text or "").split("\n")]
        return [words for words in lines if words and not words[0].lower().startswith(OTHERS)]

    def others(text: str | None) -> set[str]:
        lines = [line.split("#")[0].split() for line in (text or "").split("\n")]
        named = (words[1:] for words in lines if words and words[0].lower().startswith(OTHERS))
        return {word for words in named for word in words if not word.startswith("[")}

    for path, read in (("/etc/passwd", entries), ("/etc/nsswitch.conf", services)):
        if read(gold.get(path, "")) != read(text_of(path)):
            yield f"{path} says something else of {user}"
    path = "/etc/nsswitch.conf"
    for word in sorted(others(text_of(path)) - others(gold.get(path, "")) - SERVICES):
        yield f"{path} names a library that was not there: {word[:80]}"


def environment(contract: dict[str, Any], here: str) -> Iterator[str]:
    """The tests' interpreter is gold's, with its user's rights, in the same kind of environment."""
    python = contract["python"]
    if os.path.realpath(python) != contract["interpreter"]:
        yield f"{python} is another interpreter"
    elif _privileged(python):
        yield f"{python} has more rights than who runs it"
    gold = texts(here, contract["texts"])
    for path in contract["venv"]:
        then, now = gold.get(path, ""), text_of(path) or ""
        for key in ("home", "include-system-site-packages"):
            if _values(then, key) != _values(now, key):
                yield f"{path}: {key} is not what it was"


def _privileged(path: str) -> bool:
    """Whether a program runs with other rights than those of who starts it."""
    rights: list[str] = []
    with contextlib.suppress(OSError):  # a filesystem without attributes
        rights = os.listxattr(path)
    return bool(os.stat(path).st_mode & (stat.S_ISUID | stat.S_ISGID)) or "security.capability" in rights


def _values(text: str, key: str) -> list[str]:
    """All values a key has: of two, one reader takes the first and another the last.

    Lines end as they do to Python's text files, a carriage return among the ends.
    """
    pairs = (line.partition("=") for line in re.split("[\r\n]", text))
    return [value.strip() for name, _, value in pairs if name.strip().lower() == key]
