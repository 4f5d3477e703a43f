"""Programs and libraries that tests may use: none was exchanged since the container began."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from .files import mark
from .fresh import began, fresh


def check(contract: dict[str, Any], here: str) -> Iterator[str]:
    """Every one of gold's that was written since is gold's again, and nothing comes before it on the path."""
    start = began(here)
    known = contract["programs"]
    for path, was in known.items():
        real = os.path.realpath(path)
        # What is missing runs no code.
        if (fresh(path, start) or fresh(real, start)) and os.path.lexists(real) and mark(real) != was:
            yield f"{path} is not as it was"
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
