"""Copying: to a clipboard program where there is one, to the terminal (OSC 52), else to a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from sessions.library import state_dir

if TYPE_CHECKING:
    from textual.widget import Widget

LARGEST = 74_000
"""Bytes terminals take by OSC 52; tmux and others drop what is longer."""
PROGRAMS = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "-ib")),
)


def copy(widget: Widget, text: str, what: str) -> None:
    """Copy `text`, and say what it was and where it went."""
    # Lone surrogates are in no encoding.
    text = text.encode("utf-8", "replace").decode("utf-8")
    count = text.count("\n") + 1 if text else 0
    if not count:
        widget.notify("Nothing to copy here.", markup=False)
        return
    lines = "1 line" if count == 1 else f"{count} lines"
    try:
        where = _put(widget, text)
    except OSError as error:
        why = f"too long for a terminal's clipboard, and not to be kept in a file: {error.strerror or error}"
        widget.notify(f"Not copied: {why}.", severity="warning", markup=False)
    else:
        widget.notify(f"Copied {what}, {lines}{where}.", markup=False)


def _put(widget: Widget, text: str) -> str:
    """Put the text somewhere; where, unless it is a clipboard.

    Raises:
        OSError: only a file would take it, and there is no place for one.
    """
    data = text.encode("utf-8")
    for variable, program in PROGRAMS:
        if os.environ.get(variable) and not os.environ.get("SSH_CONNECTION") and shutil.which(program[0]):
            try:
                # They stay in the background to serve what was copied: no pipe, for it would not end.
                subprocess.run(
                    program,
                    input=data,
                    timeout=2,
                    check=True,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except (OSError, subprocess.SubprocessError):
                continue
            return ""
    if len(data) <= LARGEST:
        widget.app.copy_to_clipboard(text)
        return " (if your terminal lets programs copy)"
    path = state_dir() / "copied.txt"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(data)
    return f"; too long for a terminal's clipboard, so it is in {path}"
