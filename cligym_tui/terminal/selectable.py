"""What lists and terminals share: lines that tell which character is under the pointer, when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.scroll_view import ScrollView

if TYPE_CHECKING:
    from textual.geometry import Region
    from textual.strip import Strip


class Selectable(ScrollView):
    """Text in it can be selected. `placed` belongs around what `render_line` returns."""

    ALLOW_SELECT = True
    DEFAULT_CSS = """
    Selectable {
        scrollbar-background: $surface;
        scrollbar-background-hover: $surface;
        scrollbar-background-active: $surface;
        scrollbar-color: $foreground 25%;
        scrollbar-color-hover: $foreground 40%;
        scrollbar-color-active: $accent;
        &:ansi { scrollbar-background: ansi_default; scrollbar-color: ansi_bright_black; }
    }
    """
    _painting = False

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines for the screen."""
        self._painting = True
        try:
            return super().render_lines(crop)
        finally:
            self._painting = False

    def placed(self, strip: Strip, column: int, row: int) -> Strip:
        """The strip, and for whoever looks what is under the pointer, the place of its text.

        On the screen the place is of no use, and dear: to the library's caches, each line would have colours
        of its own.
        """
        return strip if self._painting else strip.apply_offsets(column, row)
