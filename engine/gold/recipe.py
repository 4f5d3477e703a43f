"""Reading and writing `gold.toml`: the recipe's fields, any of them, with errors that name the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from engine.errors import UsageError
from engine.gold.model import Recipe
from engine.gold.requirements import parse

FILE = "gold.toml"
MAX_BYTES = 1 << 20


def _matches(pattern: str) -> Callable[[Any], bool]:
    """A check of a text, or of every text of a list, against a pattern."""
    whole = re.compile(pattern)

    def check(value: Any) -> bool:
        return all(whole.fullmatch(text) for text in ([value] if isinstance(value, str) else value))

    return check


def _variables(value: Any) -> bool:
    return _matches(r"[A-Za-z_][A-Za-z0-9_]*")(tuple(value)) and _matches(_PLAIN)(tuple(value.values()))


def _absolute(value: Any) -> bool:
    return all(path.startswith("/") and ".." not in path.split("/") for path in value)


_PLAIN = r"[^\x00-\x1f\x7f]*"
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "base": (_matches(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*"), "the name of an image"),
    "apt": (_matches(r"[a-z0-9][a-z0-9+.:-]+(=[A-Za-z0-9.+:~-]+)?"), "names of packages of the distribution"),
    "pip": (lambda value: all(map(parse, value)), 'requirements such as "name>=1.2"'),
    "extras": (_matches(r"[A-Za-z0-9._-]+"), "names of the project's extras"),
    "run": (_matches(r"[^\x00]+"), "commands for bash"),
    "test_args": (_matches(_PLAIN), "arguments of pytest"),
    "env": (_variables, "variables, with names of letters, digits and _"),
    "user": (_matches(r"[a-z_][a-z0-9_-]{0,31}"), "the name of a user"),
    "timeout": (lambda value: 0 < value <= 86400, "seconds, more than 0 and at most a day"),
    "protected": (_absolute, "absolute paths without '..'"),
}
"""Field -> whether a value of the right type is good, and what to write instead."""


def read(path: Path) -> dict[str, Any]:
    """The fields a recipe file gives; those it leaves out are found from the project.

    Raises:
        UsageError: it cannot be read, is no TOML, or a field is unknown or wrong; with the line.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        text = raw.decode()
    except OSError as error:
        raise UsageError(f"the recipe {path} cannot be read: {error.strerror}", "check --recipe") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text", "save it as UTF-8") from error
    if len(raw) > MAX_BYTES:
        raise UsageError(f"{path} is larger than {MAX_BYTES >> 20} MiB", "a recipe is a few lines")
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}", "see https://toml.io") from error
    _check(path, text, given)
    return given


def _check(path: Path, text: str, given: Mapping[str, Any]) -> None:
    fields = Recipe.__struct_fields__
    for name, value in given.items():
        where = f"{path}, line {_line(text, name)}"
        if name not in fields:
            raise UsageError(f"{where}: there is no field {name!r}", f"the fields are {', '.join(fields)}")
        try:
            recipe = msgspec.convert({name: value}, Recipe)
        except msgspec.ValidationError as error:
            raise UsageError(
                f"{where}: {name}: {error}".replace(f" - at `$.{name}`", ""), _expects(name)
            ) from error
        check, _ = _CHECKS[name]
        if not check(getattr(recipe, name)):
            raise UsageError(f"{where}: {name} cannot be {value!r}"[:300], _expects(name))


def _expects(name: str) -> str:
    return f"{name} takes {_CHECKS[name][1]}"


def _line(text: str, name: str) -> int:
    pattern = re.compile(rf"""\s*(?:\[\s*)?["']?{re.escape(name)}["']?\s*[=.\]]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


def merged(found: Recipe, given: Mapping[str, Any]) -> Recipe:
    """The recipe found from the project with the fields of a file in the place of its own."""
    return msgspec.convert({**msgspec.to_builtins(found), **given}, Recipe)


def write(recipe: Recipe) -> str:
    """A whole recipe as the text of a file that `read` takes."""
    return tomli_w.dumps(msgspec.to_builtins(recipe), multiline_strings=False)
