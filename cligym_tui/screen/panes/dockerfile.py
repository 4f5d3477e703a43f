"""The Dockerfile pane: the inversion as it grows, and under each line which tests it flipped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final

from textual.highlight import highlight

from cligym_tui.screen.lines import Fixed, Part, Parts
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.recipe import Instruction, instructions
from cligym_tui.screen.safe import shown
from cligym_tui.screen.sight import Sight, same
from cligym_tui.screen.words import ACCENT, BAD, GOOD, MUTED, WARN
from sessions.lineage import state_changing

if TYPE_CHECKING:
    from collections.abc import Hashable

    from sessions.model import Step

EMPTY: Final = "The Dockerfile appears here: a line for every command that changed the environment."


class DockerfilePane(Listing):
    """The lines wrapped to the width, the newest marked; a key is the step a line is from."""

    what: ClassVar[str] = "the Dockerfile"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(empty=EMPTY, id=id)
        self._instructions: list[Instruction] = []
        self._shown: tuple[object, ...] = ()
        self._sight = Sight()

    def see(self, sight: Sight) -> None:
        """Show a moment."""
        self._sight = sight
        changing = state_changing(sight.steps)
        width = self.room
        now = (sight.state.image, width, *((step, step.suite) for step in changing))
        if same(now, self._shown) or not width:
            return
        grew = len(now) != len(self._shown)
        self._shown = now
        self._instructions = instructions(sight.state, sight.steps) if sight.state.image else []
        lines = [line for each in self._instructions for line in _lines(each, width)]
        self.present(Fixed(lines), len(lines) - 1 if grew and not self.moved else None)

    def on_resize(self) -> None:
        """Wrap anew."""
        super().on_resize()
        self.see(self._sight)

    def copyable(self) -> str:
        """The file itself, not as it is wrapped here."""
        return "\n".join(each.text for each in self._instructions) + "\n" if self._instructions else ""

    @property
    def badge(self) -> Part:
        """How many commands it has, for a tab."""
        count = sum(each.step is not None for each in self._instructions)
        return (f"+{count}", ACCENT) if count else ("", MUTED)


def _lines(each: Instruction, width: int) -> list[tuple[Parts, Hashable]]:
    lines: list[tuple[Parts, Hashable]] = []
    step = each.step
    if step:
        family = f" {step.family}" if step.family else ""
        lines.append(([("  ", ""), (f"# step {step.number}{family}", f"italic {MUTED}")], step))
    mark: Part = ("▸ " if each.new else "  ", f"bold {GOOD}")
    rest: Sequence[Part] = coloured(each.text)
    while rest:
        row, rest = _cut(rest, max(8, width - 2))
        lines.append(([mark, *row], step))
        mark = ("▏ " if each.new else "  ", GOOD)
    if step:
        lines.append(([("  ", ""), *_effect(step)], step))
    return lines


def _effect(step: Step) -> list[Part]:
    suite = step.suite
    if suite is None or suite.status == "abandoned":
        return []
    if suite.running:
        return [("◌ testing", ACCENT)]
    broke = sum(flip.before == "passed" for flip in suite.flips)
    mended = sum(flip.after == "passed" for flip in suite.flips)
    other = len(suite.flips) - broke - mended
    parts: list[Part] = []
    for count, sign, word, look in (
        (broke, "✘", "broke", BAD),
        (mended, "✔", "mended", GOOD),
        (other, "●", "changed", WARN),
    ):
        if count:
            parts.append((f"{sign} {count} {word}  ", look))
    if not parts:
        return [("○ no test felt it", MUTED)]
    return [*parts, (suite.flips[0].id.rsplit("::", 1)[-1], MUTED)]


@lru_cache(maxsize=2048)
def coloured(line: str) -> tuple[Part, ...]:
    """A line of a Dockerfile with its colours."""
    line = shown(line, 20_000)
    content = highlight(line, language="docker")
    parts: list[Part] = []
    at = 0
    for span in sorted(content.spans, key=lambda each: (each.start, each.end)):
        start, end = max(at, span.start), min(span.end, len(line))
        if start >= end:
            continue
        if at < start:
            parts.append((line[at:start], ""))
        parts.append((line[start:end], str(span.style)))
        at = end
    if at < len(line):
        parts.append((line[at:], ""))
    return tuple(parts)


def _cut(parts: Sequence[Part], width: int) -> tuple[list[Part], list[Part]]:
    # A Dockerfile's lines are ASCII: a character is a column.
    row: list[Part] = []
    for at, (value, look) in enumerate(parts):
        if len(value) > width:
            return [*row, (value[:width], look)], [(value[width:], look), *parts[at + 1 :]]
        row.append((value, look))
        width -= len(value)
    return row, []
