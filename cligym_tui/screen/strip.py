"""One line of styled parts that is replaced as a whole: the bar, the timeline, the tabs, the footer."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from cligym_tui.screen.lines import Part, Parts, width_of
from cligym_tui.screen.safe import shown

if TYPE_CHECKING:
    from textual import events
    from textual.screen import Screen


class PartsLine(Widget):
    """Draws `parts(width)`; a click on a part runs the action it stands for."""

    DEFAULT_CSS = "PartsLine { height: 1; }"

    _painted: Parts = ()

    def parts(self, width: int) -> Parts:
        """What is shown in so many columns."""
        return ()

    def actions(self, width: int) -> list[str]:
        """What a click on each part does, in their order; empty for nothing."""
        return []

    def look(self) -> None:
        """Paint it again, if it is another line by now."""
        if self.parts(self.size.width) != self._painted:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        width, base = self.size.width, self.visual_style
        if y:
            return Strip.blank(width, base.rich_style)
        self._painted = self.parts(width)
        segments = []
        for look, alike in groupby(self._painted, key=itemgetter(1)):
            style = base + self.app.stylesheet.parse_style(look) if look else base
            segments.append(Segment(shown("".join(value for value, _ in alike)), style.rich_style))
        return Strip(segments).adjust_cell_length(width, base.rich_style)

    async def on_click(self, event: events.Click) -> None:
        """Run the action under the pointer."""
        at = 0
        for part, action in zip(self.parts(self.size.width), self.actions(self.size.width), strict=False):
            at += width_of([part])
            if event.x < at:
                doer = self.doer(action) if action else None
                if doer is not None:
                    await doer.run_action(action)
                return

    def doer(self, action: str) -> Widget | Screen[object] | None:
        """Who does what a part stands for."""
        return self.screen


def joined(groups: list[list[Part]], width: int, between: str = "  ") -> list[Part]:
    """The groups there is room for, in order, with something between them."""
    parts: list[Part] = []
    for group in groups:
        if not group:
            continue
        more = [(between, ""), *group] if parts else group
        if width_of(parts) + width_of(more) <= width:
            parts += more
    return parts
