"""How commands are written: templates whose values are quoted, never pasted."""

from __future__ import annotations

import shlex
from collections.abc import Callable

Line = Callable[[dict[str, str]], str]
"""A command line written from a target's values."""


def typed(template: str) -> Line:
    """A command line from a template: every `{name}` becomes that value, quoted for the shell."""

    def write(values: dict[str, str]) -> str:
        return template.format_map({name: shlex.quote(value) for name, value in values.items()})

    return write


def sed(pattern: str, replacement: str, mark: str = "#") -> str:
    """A `s` expression of sed that replaces a fixed text by another; to be quoted as one value."""
    for sign in "\\.[]*^$" + mark:
        pattern = pattern.replace(sign, "\\" + sign)
    for sign in "\\&" + mark:
        replacement = replacement.replace(sign, "\\" + sign)
    return f"s{mark}{pattern}{mark}{replacement}{mark}"
