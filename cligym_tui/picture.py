"""Terminals as SVG pictures that need nothing else: no font is fetched from anywhere."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from cligym_tui.terminal.tape import Tape

if TYPE_CHECKING:
    from cligym_tui.terminal.rows import Row
    from sessions.recording import Recording

_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def svg(recording: Recording, branch: str, index: int, title: str) -> str:
    """What the branch's terminal showed when `index` events had happened; `title` is one clean line."""
    terminal, _ = Tape(recording).terminal(branch, index)
    file = io.StringIO()
    console = Console(
        record=True, width=terminal.columns, file=file, force_terminal=True, color_system="truecolor"
    )
    for row in terminal.lines(terminal.top, terminal.end):
        console.print(_text(row), no_wrap=True, overflow="crop", highlight=False)
    drawn = console.export_svg(title=title, theme=DIMMED_MONOKAI, unique_id="terminal")
    return standalone(drawn)


def standalone(drawn: str) -> str:
    """A picture as Rich and Textual draw it, without fonts from elsewhere, its blanks kept everywhere."""
    drawn = _FONTS.sub("", drawn).replace("<text ", '<text xml:space="preserve" ')
    return drawn.replace("Fira Code, monospace", "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace")


def _text(row: Row) -> Text:
    text = Text(row.text, end="")
    for span in row.spans:
        text.stylize(span.style, span.start, span.end)
    return text
