"""The list all panes but the shell are: lines rendered on demand, a cursor, search, selection, copying."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.style import Style

from cligym_tui.screen.actions import PANE_ACTIONS
from cligym_tui.screen.keymap import bindings
from cligym_tui.screen.lines import Fixed, Lines, Parts, text, wrapped
from cligym_tui.screen.safe import shown
from cligym_tui.terminal.selectable import Selectable

if TYPE_CHECKING:
    from textual import events
    from textual.selection import Selection

WIDEST = 400


class Listing(Selectable, can_focus=True, inherit_bindings=False):
    """Shows `Lines`. The cursor stays on what it is on when the lines change."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"listing--cursor", "listing--match", "listing--empty"}
    DEFAULT_CSS = """
    Listing {
        background: $surface;
        color: $foreground;
        scrollbar-size: 1 1;
        overflow-x: hidden;
        scrollbar-gutter: stable;
        & > .listing--cursor { background: $block-cursor-blurred-background; }
        &:focus > .listing--cursor { background: $primary 35%; text-style: bold; }
        & > .listing--match { background: $warning 30%; }
        & > .listing--empty { color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(PANE_ACTIONS)

    class Chosen(Message):
        """Enter, or a click on the line the cursor is on."""

        def __init__(self, listing: Listing, key: Hashable) -> None:
            super().__init__()
            self.listing = listing
            self.key = key

        @property
        def control(self) -> Listing:
            """The list it comes from."""
            return self.listing

    class Moved(Message):
        """The operator moved the cursor."""

        def __init__(self, listing: Listing) -> None:
            super().__init__()
            self.listing = listing

    class Asked(Message):
        """A search is wanted: somebody has to ask what for and call `find`."""

        def __init__(self, listing: Listing) -> None:
            super().__init__()
            self.listing = listing

    what: str = "list"
    """What is copied, in the toast."""

    @property
    def place(self) -> str:
        """What it is called where something is sought in it."""
        return f"the {self.id}"

    def __init__(self, *, empty: str = "", id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.empty = empty
        self.lines: Lines = Fixed()
        self.cursor = 0
        self.sought = ""
        self.moved = False
        """Whether the operator has moved the cursor."""
        self._strips: LRUCache[tuple[int, int], Strip] = LRUCache(128)

    # What is shown

    @property
    def key(self) -> Hashable:
        """What the cursor is on."""
        return self.lines.key(self.cursor) if self.cursor < len(self.lines) else None

    @property
    def room(self) -> int:
        """Columns a line has."""
        return self.scrollable_content_region.width

    def heading(self, width: int) -> Parts | None:
        """A line that does not scroll; None for none."""
        return None

    def present(self, lines: Lines, at: int | None = None) -> None:
        """Show other lines, the cursor on the line `at`, else on what it was on."""
        key, where = self.key, self.cursor
        jumped = at is not None
        self.lines = lines
        if at is None:
            at = self._same(key, where)
        self.cursor = max(0, min(at, len(lines) - 1))
        self._strips.clear()
        size = Size(0, len(lines) + self._above)
        if size != self.virtual_size:
            self.virtual_size = size
        self._show_cursor(context=jumped)
        self.call_after_refresh(self._place_bar)
        self.refresh()

    def _same(self, key: Hashable, where: int) -> int:
        if key is None or (where < len(self.lines) and self.lines.key(where) == key):
            return where
        return next((at for at in range(len(self.lines)) if self.lines.key(at) == key), where)

    @property
    def _above(self) -> int:
        return 0 if self.heading(80) is None else 1

    def _show_cursor(self, *, context: bool = False) -> None:
        if not self.is_attached or not self.size.height:
            return
        top = self.scroll_offset.y
        first, last = top, top + self.size.height - 1 - self._above
        if self.cursor < first:
            # A file's name above its first test is worth a line.
            above = 1 if self.cursor and self.lines.key(self.cursor - 1) is None else 0
            self.scroll_to(y=self.cursor - above, animate=False, immediate=True, force=True)
        elif self.cursor > last:
            # After a jump one wants to see what follows, too.
            up = (last - first) // 4 if context else last - first
            self.scroll_to(y=self.cursor - up, animate=False, immediate=True, force=True)

    def _place_bar(self) -> None:
        # It misses what changes before it is there.
        if self.show_vertical_scrollbar:
            bar = self.vertical_scrollbar
            bar.window_virtual_size = self.virtual_size.height
            bar.window_size = self.scrollable_content_region.height
            bar.position = self.scroll_offset.y

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        width = self.room
        base = self.rich_style
        heading = self.heading(width)
        if heading is not None and y == 0:
            return self._strip(heading, width, self.visual_style)
        index = self.scroll_offset.y + y - (0 if heading is None else 1)
        if not len(self.lines):
            return self._nothing(y, width)
        if index >= len(self.lines):
            return Strip.blank(width, base)
        known = self._strips.get((index, width))
        if known is None:
            known = self._strips[index, width] = self._line(index, width)
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(index)) is not None:
            start, end = span
            chosen = self.screen.get_component_rich_style("screen--selection")
            end = known.cell_length if end == -1 else end
            before, inside, after = known.crop(0, start), known.crop(start, end), known.crop(end)
            known = Strip.join([before, Strip(Segment.apply_style(inside, post_style=chosen)), after])
        return self.placed(known, 0, index)

    def _line(self, index: int, width: int) -> Strip:
        style = self.visual_style
        parts = self.lines.parts(index, width)
        if self.sought and self.sought in text(parts).lower():
            style += self.get_visual_style("listing--match")
        if index == self.cursor and (self.has_focus or self.moved):
            style += self.get_visual_style("listing--cursor")
        return self._strip(parts, width, style)

    def _strip(self, parts: Parts, width: int, base: Style) -> Strip:
        parse = self.app.stylesheet.parse_style
        segments = []
        for value, look in parts:
            if value:
                style = base + parse(look) if look else base
                segments.append(Segment(shown(value, WIDEST), style.rich_style))
        return Strip(segments).adjust_cell_length(width, base.rich_style)

    def _nothing(self, y: int, width: int) -> Strip:
        rows = wrapped(self.empty, width - 4)
        at = y - max(1, (self.size.height - len(rows)) // 2)
        style = self.get_visual_style("listing--empty")
        return self._strip([("  " + rows[at] if 0 <= at < len(rows) else "", "")], width, style)

    def notify_style_update(self) -> None:
        """Forget lines of other colours."""
        super().notify_style_update()
        self._strips.clear()

    def on_focus(self) -> None:
        """Show the cursor."""
        self._restyle()

    def on_blur(self) -> None:
        """Dim the cursor."""
        self._restyle()

    def on_resize(self) -> None:
        """Keep the cursor in sight, and what follows where a jump has put it."""
        self._restyle()
        self._show_cursor(context=not self.moved)

    def _restyle(self) -> None:
        self._strips.clear()
        self.refresh()

    # Moving

    def go(self, index: int) -> None:
        """Put the cursor on a line."""
        if len(self.lines):
            self.moved = True
            self.cursor = max(0, min(index, len(self.lines) - 1))
            self._show_cursor()
            self._restyle()
            self.post_message(self.Moved(self))

    def action_pane_down(self) -> None:
        """A line down."""
        self.go(self.cursor + 1)

    def action_pane_up(self) -> None:
        """A line up."""
        self.go(self.cursor - 1)

    def action_pane_page_down(self) -> None:
        """A page down."""
        self.go(self.cursor + max(1, self.size.height - 2))

    def action_pane_page_up(self) -> None:
        """A page up."""
        self.go(self.cursor - max(1, self.size.height - 2))

    def action_pane_top(self) -> None:
        """To the first line."""
        self.go(0)

    def action_pane_bottom(self) -> None:
        """To the last line."""
        self.go(len(self.lines) - 1)

    def action_pane_left(self) -> None:
        """Nothing is to the left: lines are cut to the width."""

    def action_pane_right(self) -> None:
        """Nothing is to the right either."""

    def action_pane_choose(self) -> None:
        """Say that this line was chosen."""
        self.post_message(self.Chosen(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; choose what it is on already."""
        index = self.scroll_offset.y + event.y - self._above
        if 0 <= index < len(self.lines):
            again = index == self.cursor and self.moved
            self.go(index)
            if again or event.chain > 1:
                self.action_pane_choose()

    # Searching and copying

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Matches can only be gone to when something is sought."""
        if action in ("pane_match", "pane_match_back"):
            return bool(self.sought)
        return super().check_action(action, parameters)

    def action_pane_search(self) -> None:
        """Ask what for."""
        self.post_message(self.Asked(self))

    def find(self, sought: str) -> bool:
        """Go to the next line that has it; whether there is one. Nothing ends the search."""
        self.sought = sought.lower()
        self._restyle()
        return not sought or self._match(1, self.cursor)

    def action_pane_match(self) -> None:
        """To the next match."""
        self._match(1, self.cursor + 1)

    def action_pane_match_back(self) -> None:
        """To the match before."""
        self._match(-1, self.cursor - 1)

    def _match(self, direction: int, start: int) -> bool:
        count = len(self.lines)
        for offset in range(count):
            index = (start + direction * offset) % count
            if self.sought in text(self.lines.parts(index, WIDEST)).lower():
                self.go(index)
                return True
        return False

    def copyable(self) -> str:
        """What is copied when nothing is selected."""
        count = len(self.lines)
        return "\n".join(shown(text(self.lines.parts(at, WIDEST)), WIDEST).rstrip() for at in range(count))

    def action_pane_copy(self) -> None:
        """Copy, and say what."""
        from cligym_tui.screen.clipboard import copy

        selection = self.text_selection
        chosen = self.get_selection(selection) if selection else None
        if chosen:
            copy(self, chosen[0], "the selection")
        else:
            copy(self, self.copyable(), self.what)

    def subject(self) -> tuple[str, str]:
        """What the line under the cursor is about, as text to copy, and what that is."""
        return text(self.lines.parts(self.cursor, WIDEST)).strip(), "the line"

    def action_pane_copy_line(self) -> None:
        """Copy what the line is about."""
        from cligym_tui.screen.clipboard import copy

        copy(self, *(self.subject() if len(self.lines) else ("", "")))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected, as text."""
        rows = [shown(text(self.lines.parts(at, self.room)), WIDEST) for at in range(len(self.lines))]
        return selection.extract("\n".join(rows)), "\n"
