"""What a sandbox's first processes and its shells report out of band: lines, parsed without trust."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_LIMIT = 1 << 20
"""Bytes of one record; what grows beyond is not ours and is thrown away."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The shell is back at its prompt."""

    pid: int
    exit_code: int
    number: int
    """Counts the prompts of one shell."""
    cwd: str
    umask: str = ""
    exports: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """PID 1's answer to the request of that id."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Began:
    """The container's own first process runs."""

    process: str
    """As PID 1 lists it."""


@dataclass(frozen=True, slots=True)
class Left:
    """The shell on the container's own terminal is gone; the terminal stays."""


Report = Prompt | Began | Left
"""What comes unasked."""
Record = Report | Answer


class Records:
    """Cuts the control stream into records. Lines that are neither are dropped."""

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce
        self._rest = b""
        self._open: tuple[int, int, int, str] | None = None
        self._body: list[str] = []
        self._room = 0

    def feed(self, data: bytes) -> list[Record]:
        """The records completed by `data`, in order."""
        self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        if len(self._rest) > _LIMIT:
            self._rest = b""
        found = []
        for raw in lines:
            if self._open is None and not raw.startswith((b"C ", b"P ", b"S ", b"X ")):
                continue  # quickly: a flood of them is nobody's record
            record = self._line(raw.decode("utf-8", "replace"))
            if record is not None:
                found.append(record)
        return found

    def _line(self, line: str) -> Record | None:
        if line.startswith("C "):
            _, ident, text = (line + " ").split(" ", 2)
            return Answer(ident, text.strip())
        words = line.split(" ", 5)
        if words[0] == "P" and len(words) == 6 and words[1] == self.nonce:
            try:
                pid, code, number = (int(word) for word in words[2:5])
            except ValueError:
                return None
            self._open, self._body, self._room = (
                (pid, code, number, words[5].replace("\x01", "\n")),
                [],
                _LIMIT,
            )
            return None
        told = _told(words, self.nonce)
        if told is not None or self._open is None:
            self._open = None  # a shell that ended within its report does not finish it
            return told
        if line == f"E {self.nonce}":
            prompt = Prompt(*self._open, *_body(self._body))
            self._open = None
            return prompt
        self._room -= len(line) + 1
        if self._room > 0:
            self._body.append(line)
        return None


def _told(words: list[str], nonce: str) -> Report | None:
    match words:
        case ["S", given, process] if given == nonce:
            return Began(process)
        case ["X", given] if given == nonce:
            return Left()
    return None


def _body(lines: list[str]) -> tuple[str, Mapping[str, str]]:
    umask = lines[0] if lines and re.fullmatch(r"[0-7]{3,4}", lines[0]) else ""
    return umask, exports("\n".join(lines[1:] if umask else lines))


_EXPORT = re.compile(
    r"""^(?:declare\ -[a-z]*x[a-z]*|export)\ (?P<name>[A-Za-z_][A-Za-z0-9_]*)=
        (?:"(?P<double>(?:[^"\\]|\\.)*)"|\$'(?P<ansi>(?:[^'\\]|\\.)*)'|(?P<single>(?:'[^']*'|"'+")+)|(?P<bare>\S*))$""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)
_SINGLE = re.compile(r"""'[^']*'|"'+\"""")
_CODE = re.compile(rb"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = dict(zip(b"ntrabeEfv", b"\n\t\r\a\b\x1b\x1b\f\v", strict=True))


@functools.lru_cache(maxsize=64)
def exports(text: str) -> Mapping[str, str]:
    """The variables in what `export -p` printed, by bash (`declare -x A="b"`) or ash (`export A='b'`).

    Kept, since most commands change none.
    """
    found = {}
    for match in _EXPORT.finditer(text):
        double, ansi = match["double"], match["ansi"]
        if double is not None:
            value = re.sub(r'\\([\\"$`])', r"\1", double)
        elif ansi is not None:
            value = _CODE.sub(_unescape, ansi.encode()).decode("utf-8", "replace")
        else:
            single = match["single"]
            value = match["bare"] or "" if single is None else _SINGLE.sub(lambda part: part[0][1:-1], single)
        found[match["name"]] = value
    return MappingProxyType(found)


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code[:1] == b"x" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    if code[:1] in b"01234567":
        return bytes([int(code, 8) & 0xFF])
    return bytes([_LETTERS.get(code[0], code[0])])
