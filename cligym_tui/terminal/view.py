"""The widget that shows a terminal: follows its end, scrolls back, searches, selects, can be typed into."""

from __future__ import annotations

import os
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from cligym_tui.terminal.drawing import character_at, strip
from cligym_tui.terminal.keys import encode, pasted
from cligym_tui.terminal.rows import Row, Span
from cligym_tui.terminal.search import Search
from cligym_tui.terminal.selectable import Selectable
from cligym_tui.terminal.terminal import Terminal

if TYPE_CHECKING:
    from textual import events
    from textual.selection import Selection
    from textual.timer import Timer

SLICE: Final = 0.010
"""Seconds drawn in one go; the rest waits for its turn, so that keys get theirs."""
PAUSE: Final = 0.004
"""Seconds left to everybody else after that."""
MORE: Final = "›"
"""The last column of a row that goes on to the right of what is in sight."""
DIM: Final = Style(dim=True)
LEAVE: Final = "ctrl+right_square_bracket"
"""The one key that is not typed into the shell, unless others are not either."""


def paints_per_second() -> float:
    """How often a flood is painted: less over a network."""
    return 10.0 if os.environ.get("SSH_CONNECTION") else 15.0


class TerminalView(Selectable, can_focus=True):
    """Shows one `Terminal`. What is fed is drawn a little at a time and painted a few times a second.

    Rows keep the numbers the terminal gives them, and so do the selection and the search.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "terminal--cursor",
        "terminal--match",
        "terminal--match-current",
        "terminal--prompt",
    }
    DEFAULT_CSS = """
    TerminalView {
        background: $surface;
        color: $foreground;
        overflow-x: auto;
        overflow-y: auto;
        scrollbar-size: 0 1;
        & > .terminal--cursor { text-style: reverse; }
        & > .terminal--match { background: $warning 40%; }
        & > .terminal--match-current { background: $warning; color: $background; }
        & > .terminal--prompt { background: $panel; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", show=False, id="terminal.search"),
        Binding("n", "match(-1)", "Previous match", show=False, id="terminal.match"),
        Binding("N", "match(1)", "Next match", show=False, id="terminal.match-back"),
        Binding("y", "copy", "Copy", show=False, id="terminal.copy"),
        Binding("escape", "forget", "End the search", show=False, id="terminal.forget"),
        Binding("j,down", "scroll_down", show=False),
        Binding("k,up", "scroll_up", show=False),
        Binding("h,left", "scroll_left", show=False),
        Binding("l,right", "scroll_right", show=False),
        Binding("g,home", "top", show=False),
        Binding("G,end", "bottom", show=False),
        Binding("ctrl+d,pagedown", "page_down", show=False),
        Binding("ctrl+u,pageup", "page_up", show=False),
    ]

    taken_over: reactive[bool] = reactive(False)
    """Whether keys are typed into the shell (as `Typed` messages) instead of moving the view."""

    class Typed(Message):
        """Bytes for the branch's shell: keys while taken over, and the terminal's own answers then."""

        def __init__(self, view: TerminalView, data: bytes) -> None:
            super().__init__()
            self.view = view
            self.data = data

        @property
        def control(self) -> TerminalView:
            """The view it comes from."""
            return self.view

    class Toggled(Message):
        """What to search for is asked, or no longer."""

    def __init__(
        self,
        terminal: Terminal | None = None,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's word
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.terminal = terminal or Terminal()
        self.following = True
        """Whether the end stays in sight: not once one scrolled up, again once one scrolled down."""
        self.leave = frozenset([LEAVE])
        """Keys that are not typed into a shell that was taken over."""
        self.search: Search | None = None
        self._query: str | None = None
        self._pump: Timer | None = None
        self._paint: Timer | None = None
        self._painted = 0.0
        self._first = 0
        self._cursor_row = 0
        self._placing = False
        self._strips: LRUCache[Row, Strip] = LRUCache(256)

    # What goes in

    def feed(self, data: bytes) -> None:
        """Take in what was printed; it is drawn as soon as may be."""
        self.terminal.waiting.add(data)
        self._draw_soon()

    def flush(self) -> None:
        """Draw all that waits, now, however long it takes, and paint it."""
        while self.terminal.waiting:
            self._draw_piece()
        self.update()

    def show(self, terminal: Terminal) -> None:
        """Show another terminal from now on; of the one before, what waits keeps waiting."""
        self.terminal = terminal
        self.search = None
        self._restart()
        self._draw_soon()

    def resize_terminal(self, columns: int, rows: int) -> None:
        """The branch's terminal has another size, in cells. The widget's own size is another matter."""
        self.terminal.waiting.resize(columns, rows)
        self._draw_soon()

    def _draw_soon(self) -> None:
        if self._pump is None and self.is_attached:
            self._draw_some()

    def _draw_some(self) -> None:
        self._pump = None
        until = monotonic() + SLICE
        while self.terminal.waiting and monotonic() < until:
            self._draw_piece()
        if self.terminal.waiting:
            self._pump = self.set_timer(PAUSE, self._draw_some)
        self._paint_soon()

    def _draw_piece(self) -> None:
        self.terminal.draw_some()
        answers = self.terminal.replies()
        if answers and self.taken_over:
            self.post_message(self.Typed(self, answers))

    # What is painted

    def _paint_soon(self) -> None:
        if self._paint is not None:
            return
        wait = self._painted + 1 / paints_per_second() - monotonic()
        if wait <= 0:
            self.update()
        else:
            self._paint = self.set_timer(wait, self.update)

    def update(self) -> None:
        """Paint what changed, now."""
        if self._paint is not None:
            self._paint.stop()
            self._paint = None
        if not self.is_attached:
            return
        self._painted = monotonic()
        terminal = self.terminal
        size = Size(terminal.columns, terminal.end - terminal.first)
        gone, self._first = terminal.first - self._first, terminal.first
        self._placing = True
        try:
            if size != self.virtual_size:
                self.virtual_size = size
            if self.following:
                self._jump(self._place())
            elif gone:
                self._jump(max(0, self.scroll_offset.y - gone))
        finally:
            self._placing = False
        top, height = terminal.first + self.scroll_offset.y, self.size.height
        seen = terminal.changed(top, top + height)
        if gone or len(seen) > height // 2:
            self.refresh()
        else:
            cursor = terminal.cursor[1]
            for number in seen | {cursor, self._cursor_row}:
                self.refresh_lines(number - terminal.first)
            self._cursor_row = cursor

    def _place(self) -> int:
        """Where to scroll to: the end, unless that puts the cursor out of sight."""
        end = max(0, self.virtual_size.height - self.scrollable_content_region.height)
        return min(end, self.terminal.cursor[1] - self.terminal.first)

    def _jump(self, y: int) -> None:
        # By force: whether there is a scrollbar is known only after the next layout.
        self.scroll_to(y=y, animate=False, force=True)

    def _restart(self) -> None:
        self.following = True
        self._first = self.terminal.first
        if self.is_attached:
            self.update()
            self.refresh()

    def _scroll_to(self, x: float | None = None, y: float | None = None, **options: Any) -> bool:
        # Where the operator wants to, decided before it is reached: what is printed meanwhile must not win.
        if y is not None and not self._placing:
            self.following = round(y) >= self.max_scroll_y
        return super()._scroll_to(x, y, **options)

    def watch_taken_over(self) -> None:
        """Typing is done at the end."""
        if self.taken_over:
            self.following = True
            self.action_forget()
        self.set_class(self.taken_over, "-taken-over")
        self.update()

    def on_mount(self) -> None:
        """Draw what came before."""
        self._draw_some()

    def on_resize(self) -> None:
        """Keep the end in sight."""
        self.update()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide it; keys go elsewhere, so nothing is asked any more."""
        self._asking(None)

    def notify_style_update(self) -> None:
        """Forget strips of other colours."""
        super().notify_style_update()
        self._strips.clear()

    def selection_updated(self, selection: Selection | None) -> None:
        """Show what is selected."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        width = self.size.width
        if self._query is not None and y == self.size.height - 1:
            return self._prompt(width)
        scroll_x, scroll_y = self.scroll_offset
        number = self.terminal.first + scroll_y + y
        base = self.rich_style
        row = self.terminal.row(number)
        whole = self._strip(number, row, base)
        line = whole.crop_extend(scroll_x, scroll_x + width, base)
        if (
            whole.cell_length > scroll_x + width
            and row.text[character_at(row, scroll_x + width - 1) :].strip()
        ):
            line = Strip.join([line.crop(0, width - 1), Strip([Segment(MORE, base + DIM)])])
        return self.placed(line, character_at(row, scroll_x), number)

    def _strip(self, number: int, row: Row, base: Style) -> Strip:
        over = list(self._over(number, row))
        if over:
            return strip(row, base, over)
        known = self._strips.get(row)
        if known is None:
            known = self._strips[row] = strip(row, base)
        return known

    def _over(self, number: int, row: Row) -> list[Span]:
        over = []
        if self.search:
            here = "terminal--match-current" if number == self.search.current else "terminal--match"
            style = None
            for start, end in self.search.spans(row):
                style = style or self.get_component_rich_style(here)
                over.append(Span(start, end, style))
        selection = self.text_selection
        span = selection.get_span(number) if selection else None
        if span:
            start, end = span
            style = self.screen.get_component_rich_style("screen--selection")
            over.append(Span(start, len(row.text) if end == -1 else min(end, len(row.text)), style))
        column, cursor = self.terminal.cursor
        if number == cursor and (self.has_focus or self.taken_over) and self.terminal.cursor_visible:
            at = character_at(row, column)
            over.append(Span(at, at + 1, self.get_component_rich_style("terminal--cursor", partial=True)))
        return [span for span in over if span.start < span.end]

    # Searching and copying

    def find(self, sought: str) -> bool:
        """Search upwards from the end of what is in sight; whether it is there."""
        self.search = Search(self.terminal, sought) if sought else None
        bottom = self.terminal.first + self.scroll_offset.y + self.size.height - 1
        return self._go_to(self.search.move(bottom, -1) if self.search else None)

    def action_search(self) -> None:
        """Ask for what to search."""
        self._asking("")

    @property
    def asking(self) -> bool:
        """Whether what to search for is being asked."""
        return self._query is not None

    def _asking(self, query: str | None) -> None:
        toggled = self.asking != (query is not None)
        self._query = query
        if toggled:
            self.post_message(self.Toggled())
        self.refresh()

    def action_match(self, direction: int) -> None:
        """Go on to the next match, downwards (1) or upwards (-1)."""
        if self.search:
            self._go_to(self.search.again(direction))

    def action_forget(self) -> None:
        """End the search."""
        self.search = None
        self._asking(None)

    def action_top(self) -> None:
        """Go to the oldest row."""
        self.scroll_to(y=0, animate=False)

    def action_bottom(self) -> None:
        """Go to the end and follow it."""
        self.following = True
        self.update()

    def action_copy(self) -> None:
        """Copy what is selected, or all that is in sight, and say so."""
        text, what = self.copyable()
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {what}.", markup=False)

    def copyable(self) -> tuple[str, str]:
        """What `y` copies, and what it is called."""
        selection = self.text_selection
        top = self.terminal.first + self.scroll_offset.y
        text = self._text(selection) if selection else self._join(top, top + self.size.height)
        count = text.count("\n") + 1
        lines = "1 line" if count == 1 else f"{count} lines"
        return text, f"{lines} of the {'selection' if selection else 'terminal in sight'}"

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected, as text; a line that was wrapped is one line."""
        return self._text(selection), "\n"

    def _text(self, selection: Selection) -> str:
        start = selection.start.y if selection.start else self.terminal.first
        stop = selection.end.y + 1 if selection.end else self.terminal.end
        return self._join(start, stop, selection)

    def _join(self, start: int, stop: int, selection: Selection | None = None) -> str:
        start, stop = max(start, self.terminal.first), min(stop, self.terminal.end)
        parts = []
        for number in range(start, stop):
            row = self.terminal.row(number)
            left, right = (selection.get_span(number) if selection else None) or (0, -1)
            parts.append(row.text[left : None if right == -1 else right])
            if number < stop - 1 and not row.wrapped:
                parts.append("\n")
        return "".join(parts)

    def _go_to(self, number: int | None) -> bool:
        if number is not None:
            top = self.terminal.first + self.scroll_offset.y
            if not top <= number < top + self.size.height:
                middle = number - self.terminal.first - self.size.height // 2
                self.scroll_to(y=max(0, middle), animate=False)
        self.refresh()
        return number is not None

    def _prompt(self, width: int) -> Strip:
        style = self.get_component_rich_style("terminal--prompt")
        text = "/" + "".join(char if char.isprintable() else "\ufffd" for char in self._query or "")
        line = Strip(
            [Segment(text, style), Segment(" ", style + self.get_component_rich_style("terminal--cursor"))]
        )
        return line.crop_extend(max(0, line.cell_length - width), max(width, line.cell_length), style)

    # Keys

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether a key is for the shell, or for the search prompt, before anybody else gets it."""
        if self.taken_over:
            return key not in self.leave
        return self._query is not None and character is not None and character.isprintable()

    async def _on_key(self, event: events.Key) -> None:
        if self.taken_over:
            if event.key in self.leave:
                return
            data = encode(event.key, event.character, application=self.terminal.application_cursor)
            if data:
                self.post_message(self.Typed(self, data))
        elif self._query is not None:
            self._ask(event)
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()

    def _on_paste(self, event: events.Paste) -> None:
        if self.taken_over:
            data = pasted(event.text, bracketed=self.terminal.bracketed_paste)
            self.post_message(self.Typed(self, data))
        elif self._query is not None:
            self._query += "".join(event.text.splitlines()[:1])
            self.refresh()
        event.stop()

    def _ask(self, event: events.Key) -> None:
        assert self._query is not None
        if event.key == "enter":
            sought = self._query
            self._asking(None)
            if not self.find(sought) and sought:
                self.notify(f"{sought!r} is not in this terminal.", markup=False)
        elif event.key == "escape":
            self._asking(None)
        elif event.key == "backspace":
            self._asking(self._query[:-1] if self._query else None)
        elif event.is_printable and event.character:
            self._asking(self._query + event.character)
