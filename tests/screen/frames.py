"""Pictures of the screen as text, compared with files: `CLIGYM_UPDATE_FRAMES=1` writes them anew."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from textual.app import App

FRAMES = Path(__file__).parent / "frames"


def text(app: App[int]) -> str:
    """What is on the screen, line by line."""
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"


def check(app: App[int], name: str) -> None:
    """Compare with the frame of this name; with `CLIGYM_FRAME_PICTURES` set, draw an SVG there too."""
    size = app.size
    name = f"{name}-{size.width}x{size.height}"
    pictures = os.environ.get("CLIGYM_FRAME_PICTURES")
    if pictures:
        (Path(pictures) / f"{name}.svg").write_text(app.export_screenshot(), encoding="utf-8")
    frame, file = text(app), FRAMES / f"{name}.txt"
    if os.environ.get("CLIGYM_UPDATE_FRAMES"):
        FRAMES.mkdir(exist_ok=True)
        file.write_text(frame, encoding="utf-8")
        return
    known = file.read_text(encoding="utf-8") if file.exists() else ""
    if frame != known:
        change = "\n".join(
            difflib.unified_diff(known.splitlines(), frame.splitlines(), name, "now", lineterm="")
        )
        raise AssertionError(f"the frame {name} is another (CLIGYM_UPDATE_FRAMES=1 accepts it):\n{change}")
