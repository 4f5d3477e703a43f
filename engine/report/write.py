"""Write the card and the page of an output directory; what a person wrote in their place stays."""

from __future__ import annotations

import os
from pathlib import Path

from engine.commit import program_version
from engine.report import attempts, card, page
from engine.report.figures import gather
from engine.tasks.output import locked, translated


def write(out: Path) -> tuple[Path, ...]:
    """Write `OUT/report.html` and `OUT/README.md` anew, and what they are made from; where they are.

    Raises:
        OutputError, OutputFull: they cannot be written.
    """
    attempts.refresh(out)
    figures = gather(out)
    made = {"report.html": page.render(figures, f"cligym-tui {program_version()}")}
    with translated(out), locked(out):
        if _ours(out / "README.md"):
            made["README.md"] = card.render(figures)
        for name, text in made.items():
            fresh = out / f".{name}.{os.getpid()}"
            fresh.write_text(text, encoding="utf-8", errors="backslashreplace")
            fresh.replace(out / name)
    return tuple(out / name for name in made)


def _ours(readme: Path) -> bool:
    """Whether it is for us to write; raises `OSError`."""
    if not os.path.lexists(readme):
        return True
    return readme.is_file() and card.HEAD in readme.read_text(encoding="utf-8", errors="replace")
