"""What a command printed, as text to read: no echo, no prompt, nothing a terminal acts on, clipped."""

from __future__ import annotations

import re
from typing import Final

from sessions.harmless import Harmless

CLIP: Final = 10_000
"""Characters of an output that are kept, half of them from its end; where the tools of the field meet."""
KEPT: Final = 4 * CLIP
"""Bytes of its beginning, and as many of its end, that are looked at for that."""

_ACCEPTED = re.compile(rb"\x1b\[\?2004l\r?")
"""Readline has taken the line: what follows is the command's."""
_PROMPT = b"\x1b]133;A\x07"
"""A prompt of ours begins."""
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\([0B]|[ -~])?")
_CONTROLS = re.compile(r"[\x00-\x07\x0b-\x1f\x7f]")


class Printed:
    """The bytes of one command's output: all of a short one, beginning and end of a long one."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._skipped = 0

    def add(self, data: bytes) -> None:
        """The next piece."""
        room = KEPT - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * KEPT:
            self._skipped += len(self._tail) - KEPT
            del self._tail[:-KEPT]

    def text(self, command: str) -> str:
        """What `command` printed, clipped."""
        if not self._skipped:
            return clipped(plain(_between(bytes(self._head + self._tail), command)))
        head, tail = _begin(bytes(self._head), command), _end(bytes(self._tail))
        return clipped(plain(head), plain(tail), self._skipped)


def plain(data: bytes | str) -> str:
    """Text without anything a terminal would act on; a carriage return starts a line over."""
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    text = _SEQUENCE.sub("", Harmless().feed(data, final=True))
    return "\n".join(_line(line) for line in text.replace("\r\n", "\n").split("\n"))


def clipped(head: str, tail: str = "", skipped: int = 0) -> str:
    """The text with its middle left out when it is long, or when `skipped` bytes of it are lost already."""
    half = CLIP // 2
    if not skipped and len(head) + len(tail) <= CLIP:
        return (head + tail).strip("\n")
    whole = head + tail
    lost = f"[{len(whole) - CLIP} characters left out]" if not skipped else "[the middle was left out]"
    return f"{whole[:half].strip(chr(10))}\n{lost}\n{whole[-half:].strip(chr(10))}"


def _line(line: str) -> str:
    line = line.rstrip("\r").rsplit("\r", 1)[-1]
    if "\b" in line:
        kept: list[str] = []
        for char in line:
            if char != "\b":
                kept.append(char)
            elif kept:
                kept.pop()
        line = "".join(kept)
    return _CONTROLS.sub("", line)


def _between(data: bytes, command: str) -> bytes:
    return _end(_begin(data, command))


def _begin(data: bytes, command: str) -> bytes:
    accepted = _ACCEPTED.search(data)
    if accepted:
        return data[accepted.end() :]
    # Another shell than bash stands in: its terminal echoes the line.
    first, end, rest = data.partition(b"\n")
    typed = command.partition("\n")[0].encode("utf-8", "replace")
    return rest if end and typed and first.rstrip().endswith(typed[-40:]) else data


def _end(data: bytes) -> bytes:
    return data.rpartition(_PROMPT)[0] if _PROMPT in data else data
