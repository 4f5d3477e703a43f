"""The card of a held command. It takes no keys until it has been seen for a moment."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from cligym_tui.screen.actions import BY_ID
from cligym_tui.screen.keymap import configured, key_name, keys_of
from cligym_tui.screen.lines import Part, fitted, width_of, wrapped
from cligym_tui.screen.safe import shown
from cligym_tui.screen.words import ACCENT, MUTED, WARN

if TYPE_CHECKING:
    from sessions.model import Step

DEAF: Final = 0.3
"""Seconds in which no key counts: it was meant for something else."""
ROWS: Final = 6
"""Lines of a command that are shown."""
PATTERN: Final = "card.pattern"
ANSWERS: Final = (
    ("card.approve", "run once"),
    ("card.deny", "deny"),
    ("card.edit", "edit"),
    (PATTERN, "run all like"),
)
"""The pattern is last, for it may be of any length."""
REASONS: Final = 3
"""Lines of why it is wanted."""


class ApprovalCard(Widget):
    """Shows the command, why it is wanted, and how to answer."""

    DEFAULT_CSS = """
    ApprovalCard {
        display: none; height: auto; background: $surface; color: $foreground;
        border: round $warning; padding: 0 1;
        &.-held { display: block; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.step: Step | None = None
        self._since = 0.0

    def see(self, step: Step | None) -> bool:
        """Show the held step, if there is one; whether it is another than before."""
        new = step is not None and (self.step is None or _key(step) != _key(self.step))
        if new:
            self._since = monotonic()
        if step is not self.step:
            self.step = step
            self.set_class(step is not None, "-held")
            self.refresh(layout=True)
        return new

    @property
    def ready(self) -> bool:
        """Whether it may be answered."""
        return self.step is not None and monotonic() - self._since >= DEAF

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as there are."""
        return len(self._lines(width))

    def _lines(self, width: int) -> list[list[Part]]:
        step = self.step
        if step is None:
            return []
        aim = f" · {step.family}" if step.family else ""
        lines: list[list[Part]] = [
            [(f"{step.origin} wants to run on {step.branch}, step {step.number}{aim}", f"bold {WARN}")]
        ]
        rows = [piece for line in step.command.split("\n") for piece in wrapped(shown(line, 4000), width - 2)]
        lines += [[("$ " if at == 0 else "  ", MUTED), (row, "bold")] for at, row in enumerate(rows[:ROWS])]
        if len(rows) > ROWS:
            lines.append([(f"  … {len(rows) - ROWS} more lines: e shows all", MUTED)])
        if step.intent:
            why = wrapped(shown(step.intent, 4000), width - 5)
            if len(why) > REASONS:
                why = [*why[: REASONS - 1], fitted(" ".join(why[REASONS - 1 :]), width - 5)]
            lines += [[("why: " if at == 0 else "     ", MUTED), (row, "")] for at, row in enumerate(why)]
        return [*lines, self._keys(step, width)]

    def _keys(self, step: Step, width: int) -> list[Part]:
        parts: list[Part] = []
        for action, label in ANSWERS:
            keys = keys_of(BY_ID[action], configured(self.app))
            if not keys or (action == PATTERN and not step.pattern):
                continue
            parts.append((key_name(keys[0]), f"bold {ACCENT}"))
            like = f" {shown(step.pattern)!r}" if action == PATTERN else "   "
            parts.append((f" {label}{like}", ""))
        last, look = parts.pop() if parts else ("", "")
        return [*parts, (fitted(last, width - width_of(parts)), look)]

    def render_line(self, y: int) -> Strip:
        """One line."""
        width, base = self.size.width, self.visual_style
        lines = self._lines(width)
        segments = []
        for value, look in lines[y] if y < len(lines) else ():
            style = base + self.app.stylesheet.parse_style(look) if look else base
            segments.append(Segment(shown(value, 4000), style.rich_style))
        return Strip(segments).adjust_cell_length(width, base.rich_style)


def _key(step: Step) -> tuple[str, int, str]:
    return step.branch, step.number, step.command
