"""What a container could print to harm who watches: fed to everything that shows a container's words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

SECRET: Final = b"aGFybWZ1bC1wYXlsb2Fk"
"""Base64 that must not get onto anybody's clipboard."""

CORPUS: Final[dict[str, bytes]] = {
    "markup": b"[/bold] pip[extra] [red]x[/] [@click=app.quit]y[/] [link=file:///etc]z[/link] \\[",
    "reset": b"before\x1bcafter",
    "clipboard": b"\x1b]52;c;" + SECRET + b"\x07 \x1b]52;p;" + SECRET + b"\x1b\\",
    "clipboard, eight bits": b"\xc2\x9d52;c;" + SECRET + b"\xc2\x9c",
    "clipboard, open": b"\x1b]52;c;" + SECRET * 50,
    "clipboard through tmux": b"\x1bPtmux;\x1b\x1b]52;c;" + SECRET + b"\x07\x1b\\",
    "clipboard through screen": b"\x1bP\x1b]52;c;" + SECRET + b"\x07\x1b\\",
    "hyperlink": b"\x1b]8;;file:///etc/passwd\x1b\\click\x1b]8;;\x1b\\",
    "title": b"\x1b]0;owned\x07\x1b]2;owned\x1b\\\x1bkowned\x1b\\\x1b[22t\x1b[21t",
    "notification": b"\x1b]9;owned\x07\x1b]777;notify;owned;owned\x07\x1b]99;;owned\x1b\\",
    "colours": b"\x1b]4;1;rgb:00/00/00\x07\x1b]10;#000000\x07\x1b]11;?\x07\x1b]104\x07",
    "file": b"\x1b]1337;File=name=eA==;size=3:QUJD\x07\x1b]50;font\x07\x1b]7;file://h/\x07",
    "C1": b"\xc2\x9b2J\xc2\x9b31m\xc2\x84\xc2\x85\xc2\x8d\xc2\x90q\xc2\x9c\x9b2J\x9d0;t\x9c",
    "truncated": b"\x1b[3",
    "truncated, then text": b"\x1b[38;2;1\xe6\xbc\xa2\x1b[\x1b]\x1b",
    "device control": b"\x1bP$q\x22p\x1b\\\x1bP+q544e\x1b\\\x1bP1000p\x1b\\\x1bPq#0~\x1b\\",
    "other strings": b"\x1b_Gi=1,a=T;QUJD\x1b\\\x1b^secret\x1b\\\x1bXsecret\x1b\\",
    "questions": b"\x1b[c\x1b[>c\x1b[=c\x1b[5n\x1b[6n\x1b[?6n\x1b[18t\x1b[19t\x05\x1b[x\x1b[>q\x1b[?2004$p",
    "macros": b"\x1bP1;1;1!z1B5D35323B\x1b\\\x1b[1*z\x1b[1;1;1;9;9$x\x1b[65;1;1;9;9$x",
    "printer": b"\x1b[5iprinted\x1b[4i\x1b[?5i\x1b[i",
    "windows": b"\x1b[8;9999;9999t\x1b[3;0;0t\x1b[2t\x1b[9;1t\x1b[14t",
    "mouse": b"\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h\x1b[?1015h\x1b[?9h\x1b[?1004h\x1b['z",
    "keyboard": b"\x1b[>1u\x1b[=31;1u\x1b[>4;2m\x1b[?2031h\x1b[2h\x1b[12l\x1b=",
    "modes": b"\x1b[?3h\x1b[?5h\x1b[?40h\x1b[?69h\x1b[3;9s\x1b[?2l\x1bA\x1b<\x1b[?1049h\x1b[?2027l",
    "huge numbers": b"\x1b[999999999C\x1b[999999999B\x1b[999999999;999999999H\x1b[99999999999999999999X",
    "endless number": b"\x1b[" + b"9" * 5000 + b"C" + b"\x1b[" + b"1;" * 5000 + b"m",
    "much for little": b"x\x1b[999999999b\x1b[999999999L\x1b[999999999@\x1b[999999999S\x1b[999999999T",
    "erasing": b"\x1b[2J\x1b[3J\x1b[H\x1b[K\x1b[1K\x1b[2K\x1b[J" * 20,
    "rectangles": b"\x1b[42;1;1;99;99$x\x1b[1;1;99;99$z\x1b[1;1;99;99;1;1;1;1$v\x1b[1;1;9;9;1$r",
    "shifts": b"\x0e\x0f\x1bn\x1bo\x1bN\x1bO\x1b|\x1b}\x1b(0lqqk\x1b)0\x1b*<\x1b%@\x1b%G\x1b F\x1b G",
    "sizes of lines": b"\x1b#3\x1b#4\x1b#5\x1b#6\x1b#8",
    "bidi": "a\u202eb\u202dc\u2066d\u2067e\u2068f\u2069g\u200eh\u200fi\u061cj\u202ak\u202bl\u202c".encode(),
    "no width": "r\u200bm\u200c \u200d-\u2060r\ufefff\u00ad /\ufe0f\ufe0e\u034f\U000e0100".encode(),
    "hidden": "".join(chr(0xE0000 + ord(char)) for char in "hidden words").encode(),
    "line ends": "a\u2028b\u2029c\x0bd\x0ce\x1cf\x1dg\x1eh\x85i".encode(),
    "combining flood": ("e" + "\u0301" * 20000 + "\u0489" * 20000).encode(),
    "combining at the start": "\r\n\u0301\u0302 \u20dd".encode(),
    "graphemes": "👨‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽⚠️#️⃣ क्षि 각 ถ้ำ \u0600x ﷽ 𒐫".encode(),
    "wide at the edge": ("漢" * 300 + "\r" + "x" * 119 + "漢").encode(),
    "one megabyte": b"x" * (1 << 20),
    "invalid": b"\xff\xfe\xc3\x28\xe2\x82\x28\xf0\x28\x8c\xbc\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf\x80\xbf",
    "NUL": b"a\x00b" + b"\x00" * 1000 + b"\x7f" * 100,
    "controls": bytes(range(32)) * 3,
    "bells": b"\x07" * 1000,
    "tabs": b"\t" * 1000 + b"\x1b[3g\t\x1bH\x1b[9I\x1b[9Z",
    "colours of text": b"".join(b"\x1b[38;2;%d;9;9;48;5;%dm%d" % (n, n, n) for n in range(256)),
    "hiding": b"\x1b[8mhidden\x1b[28m\x1b[5mblink\x1b[25m\x1b[30;40mblack\x1b[m",
    "sgr": b"\x1b[1;2;3;4;5;6;7;8;9;21;53;73;74;58;2;1;1;1m\x1b[4:3m\x1b[38:2::1:2:3mx\x1b[38;5;999mx",
    "noise": random.Random(7).randbytes(20000),
}
"""Pieces of output by what they try."""

HARMFUL: Final = (
    SECRET,
    b"\x1b]52",
    b"\x1b]8;",
    b"\x1b]0;",
    b"\x1b]2;",
    b"\x1b]4;",
    b"\x1b]9;",
    b"\x1b]777",
    b"\x1b]1337",
    b"\x1bP",
    b"\x1b_",
    b"\x1b^",
    b"\x1bX",
    b"\x1bk",
    b"\x1bc",
    b"\x1b[2J",
    b"\x1b[3J",
    b"\x1b[5i",
    b"\x1b#",
    b"\x9b",
    b"\x9d",
    b"\x07",
    b"\x00",
    b"\x0e",
)
"""Bytes that must not come out of anything as they came in; `\\x9b` and `\\x9d` only as characters."""


def everything() -> bytes:
    """All of it, one after the other."""
    return b"\r\n".join(CORPUS.values())


def cut(data: bytes, seed: int, longest: int = 4000) -> Iterator[bytes]:
    """The bytes in pieces of random length: mostly a few, sometimes thousands."""
    dice = random.Random(seed)
    start = 0
    while start < len(data):
        size = dice.choice((1, 2, 3, 7, 50, longest))
        yield data[start : start + size]
        start += size
