"""Programs and libraries that tests may use: none was exchanged since the container began."""

from __future__ import annotations

import glob
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from typing import Any

from . import entries
from .files import mark
from .fresh import began, fresh

CACHE = "/etc/ld.so.cache"
"""Tells the loader where libraries are."""
LISTED = re.compile(rb"\t(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)")
"""What the loader says of one library."""
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
        if younger and os.path.lexists(real) and mark(real) != was and not entries.same(real, was, contract):
            yield f"{path} is not as it was"
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


def _linked(contract: dict[str, Any], known: dict[str, str]) -> Iterator[str]:
    """Where libraries are looked up was written anew: those of the modules must be gold's."""
    seen = set()
    modules = {os.path.join(contract["library"], "lib-dynload"), *contract["packages"]}
    for path in sorted(path for folder in modules for path in glob.glob(f"{folder}/**/*.so", recursive=True)):
        listed = subprocess.run(
            [contract["loader"], "--list", path], capture_output=True, check=False, env={}
        )
        for line in listed.stdout.split(b"\n"):
            found = LISTED.fullmatch(line)
            if found is None and b"/" in line:
                yield f"{path} has a library of a strange name: {os.fsdecode(line)[:80]}"
            elif found is not None:
                seen.add(os.fsdecode(found[1]))
    if os.path.isfile(CACHE):
        with open(CACHE, "rb") as file:
            names = [os.fsdecode(name) for name in file.read().split(b"\0") if b"/libnss_" in name]
        seen |= {name for name in names if name.startswith("/")}
    for path in sorted({os.path.realpath(path) for path in seen}):
        if os.path.lexists(path) and mark(path) != known.get(path):
            yield f"{path} takes the place of another library"
