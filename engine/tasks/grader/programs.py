"""Programs and libraries that tests may use: none was exchanged since the container began."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import io
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from typing import Any

from .files import mark
from .fresh import began, fresh
from .startup import LONGEST, texts

CACHE = "/etc/ld.so.cache"
"""Tells the loader where libraries are."""
OPENSSL = ("/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf", "/usr/local/ssl/openssl.cnf")
"""Where it looks for its settings unless it was built otherwise."""
LOADING = re.compile(
    r"\s*\.include\b|.*\b(?:module|dynamic_path|SO_PATH|engine_id|engines)\s*=", re.IGNORECASE
)
"""A line of an `openssl.cnf` that has code loaded. Source: OpenSSL's config(5)."""
ENTRIES = (
    """\
#!{python}
# -*- coding: utf-8 -*-
import re
import sys
from {module} import {name}
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit({call}())
""",
    """\
#!{python}
import sys
from {module} import {name}
if __name__ == '__main__':
    if sys.argv[0].endswith('.exe'):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({call}())
""",
    """\
#!{python}
# -*- coding: utf-8 -*-
import sys
from {module} import {name}
if __name__ == "__main__":
    if sys.argv[0].endswith("-script.pyw"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({call}())
""",
)
"""What pip, newer ones of it and uv write for an entry point."""
ENTRY = re.compile(
    r"#!(/\S+)\n(?:.*\n)*?from ([\w.]+) import (\w+)\n(?:.*\n)*    sys\.exit\(([\w.]+)\(\)\)\n"
)
UNMISSED = re.compile(r"(?:pip|wheel|easy_install)[\d.-]*")
"""Programs that install others, of which it does not matter which is found."""


def check(contract: dict[str, Any], here: str) -> Iterator[str]:
    """Every one of gold's that was written since is gold's again, and nothing comes before it on the path."""
    start = began(here)
    known = contract["programs"]
    folders: dict[str, str] = {}
    for path, was in known.items():
        folder, _, name = path.rpartition("/")
        if folder not in folders:  # a thousand programs lie in a dozen of them
            folders[folder] = os.path.realpath(folder or "/")
        real = os.path.join(folders[folder], name)
        if os.path.islink(real):
            real = os.path.realpath(real)
        # What is missing runs no code.
        younger = fresh(path, start) or fresh(real, start)
        if younger and os.path.lexists(real) and mark(real) != was and not _same_entry(real, was, contract):
            yield f"{path} is not as it was"
    yield from _named(contract, here, start)
    if contract["loader"] and (fresh(CACHE, start) or not os.path.lexists(CACHE)):
        yield from _linked(contract, known)
    yield from _before(contract)


def _before(contract: dict[str, Any]) -> Iterator[str]:
    """Programs that would be found where gold's were."""
    known = contract["programs"]
    names = {os.path.basename(path): was for path, was in known.items()}
    found: set[str] = set()
    for folder in dict.fromkeys(contract["search"]):
        try:
            inside = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in inside:
            path = os.path.join(folder, name)
            if name not in names or name in found or UNMISSED.fullmatch(name):
                continue
            if path in known:
                if _open(folder) and _open(path):  # or the next of this name is taken
                    found.add(name)
            elif mark(os.path.realpath(path)) != names[name]:
                yield f"{path} takes the place of another program"


def _open(path: str) -> bool:
    """Whether anybody may run or enter what is there."""
    try:
        return bool(os.stat(path).st_mode & stat.S_IXOTH)
    except OSError:
        return False


def _same_entry(path: str, was: str, contract: dict[str, Any]) -> bool:
    """Whether a script leads where gold's did, with the same interpreter, whatever wrote it."""
    try:
        with open(path, "rb") as file:
            text = file.read(4096).decode("ascii", "replace")
    except OSError:
        return False
    found = ENTRY.fullmatch(text)
    # The environment's packages are found by where the interpreter's name lies.
    if (
        found is None
        or os.path.dirname(found[1]) != os.path.dirname(contract["python"])
        or os.path.realpath(found[1]) != contract["interpreter"]
    ):
        return False
    parts = {"module": found[2], "name": found[3], "call": found[4]}
    if text not in {form.format(python=found[1], **parts) for form in ENTRIES}:
        return False
    gold = {form.format(python=contract["python"], **parts) for form in ENTRIES}
    return was in {hashlib.sha256(form.encode("ascii")).hexdigest() for form in gold}


def _named(contract: dict[str, Any], here: str, start: float) -> Iterator[str]:
    """Nothing that gold had not can be loaded by its name in some setting, and OpenSSL's ask for no more."""
    for pattern in contract["named"]:
        for path in sorted(glob.glob(pattern)):
            real = os.path.realpath(path)
            if path not in contract["programs"] and (fresh(path, start) or fresh(real, start)):
                yield f"{path} was not there"
    paths = [path for path in contract["texts"] if os.path.basename(path) == "openssl.cnf"]
    gold = {line for path, text in texts(here, paths).items() for line in _whole(text)}
    for path in sorted({*paths, *OPENSSL}):
        real = os.path.realpath(path)
        if os.path.isfile(real) and (fresh(path, start) or fresh(real, start)):
            with open(real, encoding="utf-8", errors="surrogateescape") as file:
                lines = _whole(file.read(LONGEST))
            for line in lines:
                if line not in gold and LOADING.match(line):
                    yield f"{path} has code loaded: {line[:80]}"
                    break


def _whole(text: str) -> list[str]:
    """Lines as OpenSSL reads them, without comments."""
    lines = [line.split("#", 1)[0].strip() for line in text.replace("\\\n", "").split("\n")]
    return [line for line in lines if line]


def _linked(contract: dict[str, Any], known: dict[str, str]) -> Iterator[str]:
    """Where libraries are looked up was written anew: those of the modules must be gold's."""
    seen = set()
    modules = {os.path.join(contract["library"], "lib-dynload"), *contract["packages"]}
    for path in sorted(path for folder in modules for path in glob.glob(f"{folder}/**/*.so", recursive=True)):
        listed = subprocess.run(
            [contract["loader"], "--list", path], capture_output=True, check=False, env={}
        )
        seen |= {word for word in os.fsdecode(listed.stdout).split() if word.startswith("/")}
    with open(CACHE, "rb") if os.path.isfile(CACHE) else contextlib.nullcontext(io.BytesIO()) as file:
        names = (os.fsdecode(name) for name in file.read().split(b"\0") if b"/libnss_" in name)
        seen |= {name for name in names if name.startswith("/")}
    for path in sorted({os.path.realpath(path) for path in seen}):
        if os.path.lexists(path) and mark(path) != known.get(path):
            yield f"{path} takes the place of another library"
