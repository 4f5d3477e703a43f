"""Write YAML: a mapping of texts, numbers and lists, so that every reader gets back what was meant.

Source: YAML 1.1, "Escape Sequences" (5.6) and "Literal" (9.3.1).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping

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
