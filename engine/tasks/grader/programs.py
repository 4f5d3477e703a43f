"""Programs and libraries that tests may use: none was exchanged since the container began."""

from __future__ import annotations

import glob
import os
import subprocess
from collections.abc import Iterator
from typing import Any

from .files import mark
from .fresh import began, fresh

CACHE = "/etc/ld.so.cache"
"""Tells the loader where libraries are."""


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
        if (fresh(path, start) or fresh(real, start)) and os.path.lexists(real) and mark(real) != was:
            yield f"{path} is not as it was"
    if contract["loader"] and fresh(CACHE, start):
        yield from _linked(contract, known)
    names = {os.path.basename(path): was for path, was in known.items()}
    for folder in contract["search"]:
        try:
            found = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in found:
            path = os.path.join(folder, name)
            if path not in known and name in names and mark(os.path.realpath(path)) != names[name]:
                yield f"{path} takes the place of another program"


def _linked(contract: dict[str, Any], known: dict[str, str]) -> Iterator[str]:
    """Where libraries are looked up was written anew: those of the interpreter's modules must be gold's."""
    seen = set()
    for path in glob.glob(f"{contract['library']}/lib-dynload/*.so"):
        listed = subprocess.run(
            [contract["loader"], "--list", path], capture_output=True, check=False, env={}
        )
        seen |= {word for word in os.fsdecode(listed.stdout).split() if word.startswith("/")}
    for path in sorted({os.path.realpath(path) for path in seen}):
        if mark(path) != known.get(path):
            yield f"{path} takes the place of another library"
