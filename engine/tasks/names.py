"""Names of tasks: short, unique, fit for every client, and silent about what is broken."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container

LONGEST = 32
"""Characters of the project's part."""
DIGITS = 6
"""Hexadecimal digits that tell a project's tasks apart."""


def slug(text: str) -> str:
    """`text` in lower case letters, digits and single dashes: clients name images and projects after it."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST].strip("-") or "task"


def task_id(project: str, *identity: object, taken: Container[str] = ()) -> str:
    """The id of the task that `identity` (session, branch, step, ...) stands for, such as `attrs-7f3a9c`.

    The same identity gives the same id; only where `taken` holds it already, more digits are used.
    """
    digest = hashlib.sha256(repr(identity).encode("utf-8", "backslashreplace")).hexdigest()
    for digits in range(DIGITS, len(digest)):
        name = f"{slug(project)}-{digest[:digits]}"
        if name not in taken:
            return name
    raise AssertionError("sixty-four digits are taken")
