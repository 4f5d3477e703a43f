"""What a sandbox's PID 1 and its shells report out of band: one line each, parsed without trust."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

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
    exports: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """PID 1's answer to the request of that id."""

    id: str
    text: str


class Records:
    """Cuts the control stream into records. Lines that are neither are dropped."""

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce
        self._rest = b""
        self._open: tuple[int, int, int, str] | None = None
        self._body: list[str] = []
        self._room = 0

    def feed(self, data: bytes) -> list[Prompt | Answer]:
        """The records completed by `data`, in order."""
        self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        if len(self._rest) > _LIMIT:
            self._rest = b""
        found = []
        for raw in lines:
            if self._open is None and not raw.startswith((b"C ", b"P ")):
                continue  # quickly: a flood of them is nobody's record
            record = self._line(raw.decode("utf-8", "replace"))
            if record is not None:
                found.append(record)
        return found

    def _line(self, line: str) -> Prompt | Answer | None:
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
        if self._open is None:
            return None
        if line == f"E {self.nonce}":
            prompt = Prompt(*self._open, *_body(self._body))
            self._open = None
            return prompt
        self._room -= len(line) + 1
        if self._room > 0:
            self._body.append(line)
        return None


def _body(lines: list[str]) -> tuple[str, dict[str, str]]:
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


def exports(text: str) -> dict[str, str]:
    """The variables in what `export -p` printed, by bash (`declare -x A="b"`) or ash (`export A='b'`)."""
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
    return found


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code[:1] == b"x" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    if code[:1] in b"01234567":
        return bytes([int(code, 8) & 0xFF])
    return bytes([_LETTERS.get(code[0], code[0])])
