"""Write YAML: a mapping of texts, numbers and lists, so that every reader gets back what was meant.

Source: YAML 1.1, "Escape Sequences" (5.6) and "Literal" (9.3.1).
"""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping

Value = str | int | float | bool | None | list[str]


def dumps(values: Mapping[str, Value]) -> str:
    """The mapping as a document, one key after another; keys are plain names.

    Raises:
        ValueError: a text holds half a character (a lone surrogate), which no document can.
    """
    return "".join(f"{key}: {_value(value)}\n" for key, value in values.items())


def _value(value: Value) -> str:
    if isinstance(value, str):
        return _literal(value) if _legible(value) else _quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_quoted, value)) + "]"
    return json.dumps(value)


def _legible(text: str) -> bool:
    """Whether a literal block gives the text back: several lines, ended by one, indented by none."""
    lines = text.split("\n")
    return (
        len(lines) > 2
        and not lines[-1]
        and bool(lines[0].strip())
        and bool(lines[-2].strip())
        and not lines[0].startswith(" ")
        and all(_plain(char) or char == "\n" for char in text)
    )


def _literal(text: str) -> str:
    return "|\n" + "\n".join(f"  {line}" if line else "" for line in text[:-1].split("\n"))


def _plain(char: str) -> bool:
    return (char.isprintable() and not unicodedata.category(char).startswith(("C", "Z"))) or char == " "


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    code = ord(char)
    if char in '"\\':
        return "\\" + char
    if _plain(char):
        return char
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"a lone surrogate, \\u{code:04x}, cannot be written")
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def text(document: str, key: str) -> str:
    """The text under a key of a document that `dumps` wrote.

    Raises:
        ValueError: it has none, or was written by somebody else.
    """
    for line, rest in _lines(document):
        name, colon, value = line.partition(": ")
        if colon and name == key:
            return _block(rest) if value == "|" else _unquoted(value)
    raise ValueError(f"there is no {key}")


def _lines(document: str) -> Iterator[tuple[str, list[str]]]:
    lines = document.split("\n")
    for number, line in enumerate(lines):
        yield line, lines[number + 1 :]


def _block(lines: list[str]) -> str:
    taken = itertools.takewhile(lambda line: not line or line.startswith("  "), lines)
    return "\n".join(line[2:] for line in taken).rstrip("\n") + "\n"


def _unquoted(value: str) -> str:
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        raise ValueError(f"not a text: {value[:40]}")
    return _ESCAPE.sub(lambda found: found[4] or chr(int(found[1] or found[2] or found[3], 16)), value[1:-1])


_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([\"\\]))")
