"""The shell pane: the terminal of the branch that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.strip import Strip

from cligym_tui.screen.actions import BY_ID, LEAVES, PANE_ACTIONS
from cligym_tui.screen.clipboard import copy
from cligym_tui.screen.keymap import bindings, configured, keys_of
from cligym_tui.screen.lines import wrapped
from cligym_tui.screen.safe import plain
from cligym_tui.screen.source import AT_ONCE, Printed, Source
from cligym_tui.terminal.terminal import Terminal
from cligym_tui.terminal.view import TerminalView

if TYPE_CHECKING:
    from cligym_tui.screen.sight import Sight
    from sessions.model import Branch


class ShellPane(TerminalView, inherit_bindings=False):
    """A terminal that is drawn from a source, and begins anew when another place is looked at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(PANE_ACTIONS),
        Binding("escape", "forget", "End the search", show=False),
    ]
    what: ClassVar[str] = "the terminal in sight"
    empty = "The shell of the branch appears here as soon as it opens."

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._branch = ""
        self._position: int | None = None
        self._nothing = True

    def on_mount(self) -> None:
        """Let the keys through that leave a shell."""
        self.leave |= set(keys_of(BY_ID[LEAVES], configured(self.app)))

    def follow(self, source: Source, sight: Sight) -> None:
        """Draw what the selected branch printed since."""
        branch = sight.branch
        if branch is None:
            self._begin("", None)
            self.taken_over = False
            return
        if branch.id != self._branch:
            self._begin(branch.id, None)
        printed = source.printed(branch.id, self._position)
        if printed.drawn is None:
            self._draw(printed, branch)
        else:
            self._put_up(printed, printed.drawn)
        self._position = printed.position
        self.taken_over = sight.hands == "now"

    def _draw(self, printed: Printed, branch: Branch) -> None:
        anew = printed.anew or self._position is None
        if anew:
            self._begin(branch.id, Terminal(branch.columns, branch.rows))
        elif (branch.columns, branch.rows) != (self.terminal.columns, self.terminal.rows):
            self.resize_terminal(branch.columns, branch.rows)
        if printed.pieces:
            self._something()
        for piece in printed.pieces:
            self.feed(piece)
        if anew and 0 < sum(map(len, printed.pieces)) <= AT_ONCE:
            self.flush()

    def _put_up(self, printed: Printed, drawn: Terminal) -> None:
        """Show a terminal that is drawn already."""
        self._something()
        if not printed.anew and drawn is self.terminal:
            self.update()
            return
        # At the same moment only what scrolled off long before is new: the end is where it was.
        stay = printed.position == self._position and not self.following
        below = self.virtual_size.height - self.scroll_offset.y
        self.show(drawn)
        if stay:
            self.following = False
            self.scroll_to(y=self.virtual_size.height - below, animate=False, force=True)

    def _something(self) -> None:
        if self._nothing:
            self._nothing = False
            self.refresh()  # the rows that stay blank, too

    def _begin(self, branch: str, terminal: Terminal | None) -> None:
        if not branch and self._nothing:
            return
        self._branch, self._position = branch, None
        self._nothing = True
        self.show(terminal or Terminal())

    def render_line(self, y: int) -> Strip:
        """One line; of a terminal nothing was printed on, what it will show."""
        if self._nothing and self._query is None:
            rows = wrapped(self.empty, self.size.width - 4)
            at = y - max(1, self.size.height // 2 - 1)
            if 0 <= at < len(rows):
                line = Strip(plain("  " + rows[at], "dim").render_segments(self.visual_style))
                return line.adjust_cell_length(self.size.width, self.rich_style)
        return super().render_line(y)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Matches can only be gone to when something is sought; a terminal's lines are about nothing."""
        if action in ("pane_match", "pane_match_back"):
            return self.search is not None
        if action == "forget":
            return self.search is not None
        return action not in ("pane_choose", "pane_copy_line") and super().check_action(action, parameters)

    def action_pane_down(self) -> None:
        """A line down."""
        self.scroll_down(animate=False)

    def action_pane_up(self) -> None:
        """A line up."""
        self.scroll_up(animate=False)

    def action_pane_left(self) -> None:
        """To the left."""
        self.scroll_relative(x=-8, animate=False)

    def action_pane_right(self) -> None:
        """To the right."""
        self.scroll_relative(x=8, animate=False)

    def action_pane_page_down(self) -> None:
        """A page down."""
        self.scroll_page_down(animate=False)

    def action_pane_page_up(self) -> None:
        """A page up."""
        self.scroll_page_up(animate=False)

    def action_pane_top(self) -> None:
        """To the oldest row."""
        self.action_top()

    def action_pane_bottom(self) -> None:
        """To the end."""
        self.action_bottom()

    def action_pane_search(self) -> None:
        """Ask what for."""
        self.action_search()

    def action_pane_match(self) -> None:
        """To the next match."""
        self.action_match(-1)

    def action_pane_match_back(self) -> None:
        """To the match before."""
        self.action_match(1)

    def action_pane_copy(self) -> None:
        """Copy what is selected, or what is in sight."""
        text, _ = self.copyable()
        copy(self, text, "the selection" if self.text_selection else self.what)
