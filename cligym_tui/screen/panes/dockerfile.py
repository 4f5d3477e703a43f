"""The Dockerfile pane: the inversion as it grows, and under each line which tests it flipped.

Or, in its place, the paths that all of it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from textual.highlight import highlight

from cligym_tui.screen.lines import Lines, Part, Parts
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.paths import Paths
from cligym_tui.screen.safe import shown
from cligym_tui.screen.sight import Sight, same
from cligym_tui.screen.words import ACCENT, BAD, GOOD, MUTED, WARN
from sessions.lineage import state_changing

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cligym_tui.screen.recipe import Instruction
    from sessions.model import State, Step

EMPTY: Final = "The Dockerfile appears here: a line for every command that changed the environment."


class DockerfilePane(Listing):
    """The lines wrapped to the width, the newest marked; a key is the step a line is from."""

    # A bar that comes and goes would change the width, and with it how many lines there are.
    DEFAULT_CSS = "DockerfilePane { scrollbar-gutter: stable; }"
    what = "the Dockerfile"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(empty=EMPTY, id=id)
        self.by_path = False
        """Whether the paths are shown that are changed, instead of the commands that do it."""
        self._instructions: list[Instruction] = []
        self._count = 0
        self._shown: tuple[object, ...] = ()
        self._sight = Sight()
        self._write: Callable[[State, Sequence[Step]], list[Instruction]] | None = None

    def on_mount(self) -> None:
        """What writes Dockerfiles takes long to import: the first frame need not wait for it."""
        self.run_worker(self._load, thread=True, exit_on_error=True)

    def _load(self) -> None:
        from cligym_tui.screen.recipe import instructions

        self._write = instructions
        self.app.call_from_thread(lambda: self.see(self._sight))

    def see(self, sight: Sight) -> None:
        """Show a moment."""
        self._sight = sight
        changing = state_changing(sight.steps)
        self._count = len(changing)
        width = self.room
        of = (sight.state.image, *sight.state.repairs)
        now = (of, width, self.by_path, *((step, step.suite) for step in changing))
        if same(now, self._shown) or not width or self._write is None:
            return
        self._shown = now
        self._instructions = self._write(sight.state, sight.steps) if sight.state.image else []
        lines: Lines = Paths(changing) if self.by_path else Sheet(self._instructions, width)
        self.present(lines, None if self.moved else len(lines) - 1)

    def compare(self) -> None:
        """Show the paths that are changed, or again the commands."""
        self.by_path = not self.by_path
        self.what = "the paths changed since gold" if self.by_path else "the Dockerfile"
        self.moved = False
        self.see(self._sight)

    def heading(self, width: int) -> Parts | None:
        """How many paths are changed."""
        return self.lines.heading() if isinstance(self.lines, Paths) else None

    def on_resize(self) -> None:
        """Wrap anew."""
        super().on_resize()
        self.see(self._sight)

    def copyable(self) -> str:
        """The file itself, not as it is wrapped here."""
        if self.by_path:
            return super().copyable()
        return "\n".join(each.text for each in self._instructions) + "\n" if self._instructions else ""

    def subject(self) -> tuple[str, str]:
        """A path, or an instruction as it is in the file."""
        if isinstance(self.lines, Paths):
            return self.lines.path(self.cursor), "the path"
        if isinstance(self.lines, Sheet):
            return self.lines.instruction(self.cursor), "the instruction"
        return super().subject()

    @property
    def badge(self) -> Part:
        """How many commands it has, for a tab: also where it is not seen and has no width."""
        return (f"+{self._count}", ACCENT) if self._count else ("", MUTED)


class Sheet:
    """The instructions wrapped to a width; colours come when a line is seen."""

    def __init__(self, instructions: Sequence[Instruction], width: int) -> None:
        self._lines: list[tuple[Instruction, str, int, int]] = []
        room = max(8, width - 2)
        for each in instructions:
            if each.step:
                self._lines.append((each, "above", 0, 0))
            self._lines += [(each, "text", start, end) for start, end in spans(each.text, room)]
            if each.step:
                self._lines.append((each, "below", 0, 0))

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> Hashable:
        """The step a line is from."""
        return self._lines[index][0].step

    def instruction(self, index: int) -> str:
        """The whole instruction a line is of."""
        return self._lines[index][0].text

    def parts(self, index: int, width: int) -> Parts:
        """One line."""
        each, kind, start, end = self._lines[index]
        step = each.step
        if kind == "text" or step is None:
            mark = ("▏ " if start else "▸ ") if each.new else "  "
            return [(mark, f"bold {GOOD}"), *_cut(coloured(each.text), start, end)]
        if kind == "above":
            family = f" {step.family}" if step.family else ""
            return [("  ", ""), (f"# {step.branch} step {step.number}{family}", f"italic {MUTED}")]
        return [("  ", ""), *_effect(step)]


def spans(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Where a line is cut into pieces of at most `room` columns: at blanks where there are any.

    A Dockerfile's lines are ASCII: a character is a column.
    """
    start = 0
    while len(text) - start > room:
        blank = text.rfind(" ", start + room // 4, start + room + 1)
        end = start + room if blank < 0 else blank
        yield start, end
        start = end if blank < 0 else blank + 1
    yield start, len(text)


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


def _cut(parts: Sequence[Part], start: int, end: int) -> list[Part]:
    row: list[Part] = []
    at = 0
    for value, look in parts:
        piece = value[max(0, start - at) : max(0, end - at)]
        if piece:
            row.append((piece, look))
        at += len(value)
    return row
