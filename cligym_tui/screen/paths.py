"""The paths that a branch changes since gold, as lines: how each is changed, and by which steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Final

from cligym_tui.screen.lines import Parts, ending, spread, width_of
from cligym_tui.screen.words import BAD, GOOD, MUTED, WARN
from cligym_tui.wording import number
from sessions.lineage import delta

if TYPE_CHECKING:
    from sessions.model import Step

SIGNS: Final = {"added": ("+", GOOD), "changed": ("~", WARN), "removed": ("-", BAD)}


class Paths:
    """By path. A key is the last step that touched it."""

    def __init__(self, steps: Iterable[Step]) -> None:
        found, self._unlisted = delta(steps)
        self._lines = sorted(found.items())
        self._counts = Counter(touched.kind for touched in found.values())

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> Hashable:
        """The step a path was changed by last."""
        return self._lines[index][1].steps[-1]

    def path(self, index: int) -> str:
        """The path itself."""
        return self._lines[index][0]

    def parts(self, index: int, width: int) -> Parts:
        """One path."""
        path, touched = self._lines[index]
        sign, look = SIGNS.get(touched.kind, ("?", MUTED))
        steps = ", ".join(f"{step.branch} {step.number}" for step in touched.steps)
        named = path + ("/" if touched.last.what == "dir" else "")
        named = ending(named, width - width_of([(steps, "")]) - 3)
        return spread([(f"{sign} ", f"bold {look}"), (named, "")], [(steps, MUTED)], width)

    def heading(self) -> Parts:
        """What they come to."""
        parts = [(f"{number(len(self._lines), 'path')} since gold  ", "bold")]
        parts += [(f"{sign}{self._counts[kind]} ", look) for kind, (sign, look) in SIGNS.items()]
        if self._unlisted:
            parts.append((f" and up to {self._unlisted} more", MUTED))
        return parts
