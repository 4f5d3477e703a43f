"""The one sanitiser at the engine's edge: text from a container or a model, harmless to show and store."""

from __future__ import annotations

import re
import unicodedata

_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC: titles, hyperlinks, clipboards
    r"|\x1b[ -/]*[0-~]"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)


def _shown(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _harmful(char: str) -> bool:
    # Cc: controls; Cs: lone surrogates, which no encoder takes; Cf: direction overrides, invisible joiners;
    # Zl, Zp: line ends of their own kind.
    return unicodedata.category(char) in ("Cc", "Cs", "Cf", "Zl", "Zp")


def line(text: str, limit: int = 1000) -> str:
    r"""`text` as one line: whatever could move a cursor or end the line is written visibly (`\x1b`).

    Different texts stay different up to `limit` characters, so names may go through it.
    """
    if text.isascii() and text.isprintable():
        return text[:limit]
    return "".join(_shown(char) if _harmful(char) else char for char in text[: limit + 1])[:limit]


def block(text: str, limit: int = 4096) -> str:
    """`text` as several lines without terminal sequences; a carriage return starts a line over.

    The last `limit` characters are kept: errors end with what matters.
    """
    text = _SEQUENCES.sub("", text[-4 * limit :])
    lines = []
    for part in text.replace("\r\n", "\n").split("\n"):
        shown = part.rstrip("\r").rsplit("\r", 1)[-1].expandtabs(8)
        lines.append("".join(_shown(char) if _harmful(char) else char for char in shown))
    return "\n".join(lines)[-limit:]
