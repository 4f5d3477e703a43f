r"""A terminal's bytes as text that only draws: what may go into an emulator, or into a recording others play.

Whatever reaches beyond the picture is left out: clipboards, titles, hyperlinks and all other string
sequences, mouse reporting, printing, window sizes, macros, and questions whose answer would be typed into
somebody's shell. Numbers are bounded, so that twelve bytes cannot ask for a billion columns. What would turn
the direction of writing becomes visible; what has no width and no shape is dropped.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache
from typing import Any, Final, cast

LONGEST_STRING: Final = 1 << 16
"""Characters after which an open string sequence is taken for a mistake, and what follows is shown again."""
MARKS: Final = 3
"""Combining marks one character keeps."""

_SEQUENCE = re.compile(
    "\x1b(?:"
    r"\[(?P<csi>[0-?]{0,128}+[ -/]{0,4}+[@-~])"
    rf"|[\]PX^_k][^\x07\x18\x1a\x1b]{{0,{LONGEST_STRING}}}+(?:[\x07\x18\x1a]|\x1b\\|(?=\x1b[^\\]))"
    rf"|(?P<string>[\]PX^_k])(?P<body>[^\x07\x18\x1a\x1b]{{0,{LONGEST_STRING}}}+)(?P<last>\x1b?)\Z"
    r"|(?P<unfinished>\[[0-?]{0,128}+[ -/]{0,4}+|[ -/]{0,4}+)\Z"
    r"|\[[0-?]{0,128}+[ -/]{0,4}+"
    rf"|[\]PX^_k][^\x07\x18\x1a\x1b]{{0,{LONGEST_STRING}}}+"
    r"|(?P<escape>[ -/]{0,4}+[0-~])"
    ")?"
)
_STRING_END = re.compile(r"[\x07\x18\x1a\x1b]")
_C1 = re.compile("[\x80-\x9f]")
_C1_STARTS: Final = {"\x9b": "\x1b[", "\x90": "\x1bP", "\x98": "\x1bX", "\x9c": "\x1b\\"} | {
    chr(code): f"\x1b{chr(code - 0x40)}" for code in (0x9D, 0x9E, 0x9F)
}
_CONTROLS = re.compile("[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")
_SELECTORS = ("VARIATION SELECTOR", "MONGOLIAN FREE VARIATION", "MONGOLIAN VOWEL SEPARATOR")
_JOINERS = frozenset("\xad\u200b\u200c\u200d\ufeff")
_DRAWING = frozenset("@ABCDEFGHIJKLMPSTXZ`abdefghlmrsu")
_ASKING = frozenset({"c", "n", ">c", "$p", "?$p"})
_MODES: Final = {
    "": frozenset({"4", "20"}),
    "?": frozenset(["1", "6", "7", "12", "25", "45", "47", "66", "1047", "1048", "1049", "2004", "2026"]),
}
_CSI = re.compile(r"([<-?]?)([0-9;:]*)([ -/]*)([@-~])")
_LARGE = re.compile(r"[0-9]{5,}")
RESET: Final = "\x1b[?1049l\x1b[!p\x1b[H\x1b[2J"
"""Instead of a full reset, which would take more from a real terminal than the picture."""
_ESCAPES: Final = {one: f"\x1b{one}" for one in ("7", "8", "=", ">", "D", "E", "H", "M", "(0", "(B")} | {
    "c": RESET
}


class Harmless:
    """Cleans one stream; wherever it is cut into pieces, the text is the same.

    With `asking`, questions about the cursor and the kind of terminal stay in, for an emulator that answers.
    """

    def __init__(self, *, asking: bool = False) -> None:
        self._asking = asking
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._swallowed = -1
        """Characters of an open string sequence so far; negative outside of one."""
        self._marks = 0
        """Combining marks the text so far ends with."""

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """What the next bytes draw; `final` says that no others will complete what is cut short."""
        text = self._decoder.decode(data, final)
        if not text.isascii():
            text = _C1.sub(lambda match: _C1_STARTS.get(match[0], ""), text)
        text = self._swallow(self._pending + text)
        self._pending = ""
        text = _CONTROLS.sub("", _SEQUENCE.sub(self._replace, text))
        return text if text.isascii() and not self._marks else self._characters(text)

    def save(self) -> tuple[object, ...]:
        """Where in the stream it is, for `load`."""
        return self._decoder.getstate(), self._pending, self._swallowed, self._marks

    def load(self, saved: tuple[object, ...]) -> None:
        """Go on where another one was."""
        decoder, self._pending, self._swallowed, self._marks = cast("tuple[Any, str, int, int]", saved)
        self._decoder.setstate(decoder)

    def _swallow(self, text: str) -> str:
        """Skip what still belongs to a string sequence."""
        if self._swallowed < 0 or not text:
            return text
        end = _STRING_END.search(text, 0, LONGEST_STRING - self._swallowed)
        if end:
            self._swallowed = -1
            return text[end.start() + (end[0] != "\x1b") :]
        room = LONGEST_STRING - self._swallowed
        if len(text) <= room:
            self._swallowed += len(text)
            return ""
        self._swallowed = -1
        return text[room:]

    def _replace(self, match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "csi":
            return _csi(match["csi"], self._asking)
        if kind == "escape":
            return _ESCAPES.get(match["escape"], "")
        if kind == "unfinished":
            self._pending = match[0]
        elif kind == "last":
            self._swallowed = len(match["body"])
            self._pending = match["last"]
        return ""

    def _characters(self, text: str) -> str:
        kinds = {char: kind(char) for char in set(text)}
        if not self._marks and not any(kinds.values()):
            return text
        kept = []
        for char in text:
            what = kinds[char]
            if what == "mark":
                self._marks += 1
                if self._marks <= MARKS:
                    kept.append(char)
            elif what != "nothing":
                self._marks = 0
                kept.append("\ufffd" if what else char)
        return "".join(kept)


@lru_cache(maxsize=1 << 16)
def kind(char: str) -> str:
    """`mark` (combining), `nothing` (to see), `misleading`, or empty for any other character."""
    category = unicodedata.category(char)
    if char in _JOINERS or "\u2060" <= char <= "\u2064" or unicodedata.name(char, "").startswith(_SELECTORS):
        return "nothing"
    if category in ("Mn", "Me"):
        return "mark"
    # Format characters turn the direction of writing or carry hidden text.
    return "misleading" if category in ("Cf", "Cs", "Zl", "Zp") else ""


@lru_cache(maxsize=4096)
def _csi(sequence: str, asking: bool) -> str:
    """A control sequence, without its introducer, as it may stay; empty when it may not."""
    match = _CSI.fullmatch(sequence)
    if not match:
        return ""
    private, numbers, between, final = match.groups()
    if final in "hl" and not between and private in _MODES:
        modes = [mode for mode in numbers.split(";") if mode in _MODES[private]]
        return f"\x1b[{private}{';'.join(modes)}{final}" if modes else ""
    numbers = _LARGE.sub("9999", numbers)
    if final == "b" and numbers.isdigit():
        # Repeating is the one way to print more than is sent.
        numbers = str(min(int(numbers), 256))
    if final == "J" and "3" in numbers:
        return ""
    if final in "JK":
        # Nothing can be protected from erasing, so erasing what is not protected is erasing.
        private = private.replace("?", "")
    shape = private + between + final
    drawn = shape in _DRAWING or shape in (" q", "!p") or (asking and shape in _ASKING)
    return f"\x1b[{private}{numbers}{between}{final}" if drawn else ""
