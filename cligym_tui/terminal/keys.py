"""Keys as the bytes a terminal sends for them, for typing into a branch's shell."""

from __future__ import annotations

from typing import Final

_PLAIN: Final = {
    "enter": "\r",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "escape": "\x1b",
    "backspace": "\x7f",
    "ctrl+backspace": "\x17",
    "ctrl+@": "\x00",
    "ctrl+space": "\x00",
    "ctrl+backslash": "\x1c",
    "ctrl+right_square_bracket": "\x1d",
    "ctrl+circumflex_accent": "\x1e",
    "ctrl+underscore": "\x1f",
}
_LETTERS: Final = {"up": "A", "down": "B", "right": "C", "left": "D", "end": "F", "home": "H"}
_NUMBERS: Final = {"insert": 2, "delete": 3, "pageup": 5, "pagedown": 6} | dict(
    zip((f"f{number}" for number in range(5, 13)), (15, 17, 18, 19, 20, 21, 23, 24), strict=True)
)
_FUNCTIONS: Final = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
_MODIFIERS: Final = {"shift": 1, "alt": 2, "ctrl": 4}


def encode(key: str, character: str | None, *, application: bool = False) -> bytes:
    """What a terminal sends for a key of Textual's; nothing for one it does not know.

    `character` is what the key types, if anything; `application` the form programs like vim ask for.
    """
    if key in _PLAIN:
        return _PLAIN[key].encode()
    *held, name = key.split("+")
    if set(held) <= _MODIFIERS.keys():
        modifier = 1 + sum(_MODIFIERS[each] for each in set(held))
        if name in _LETTERS or name in _FUNCTIONS:
            final = _LETTERS.get(name) or _FUNCTIONS[name]
            if modifier > 1:
                return f"\x1b[1;{modifier}{final}".encode()
            return f"\x1b{'O' if application or name in _FUNCTIONS else '['}{final}".encode()
        if name in _NUMBERS:
            return f"\x1b[{_NUMBERS[name]}{f';{modifier}' if modifier > 1 else ''}~".encode()
        if held == ["ctrl"] and len(name) == 1 and name.isascii() and name.isalpha():
            return bytes([ord(name) & 0x1F])
        if held and held[0] == "alt":
            inner = encode(
                "+".join([*held[1:], name]), name if len(name) == 1 else None, application=application
            )
            return b"\x1b" + inner if inner else b""
    return character.encode() if character and character.isprintable() else b""


def pasted(text: str, *, bracketed: bool) -> bytes:
    """What a terminal sends for pasted text: without control characters, so that nothing in it is a key."""
    lines = text.replace("\r\n", "\r").replace("\n", "\r")
    kept = "".join(char for char in lines if char in "\r\t" or char.isprintable()).encode("utf-8", "replace")
    return b"\x1b[200~" + kept + b"\x1b[201~" if bracketed else kept
