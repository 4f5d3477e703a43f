"""What opens over the panes: a title, lines to read and search, and the keys that close it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from cligym_tui.screen.footer import told
from cligym_tui.screen.lines import Fixed, Parts, wrapped
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.prompt import Prompt
from cligym_tui.screen.safe import paragraphs, plain
from cligym_tui.screen.strip import PartsLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult


KEYS = (("/", "search"), ("y", "copy"), ("Esc", "close"))
"""The keys of a popup that only shows something."""


class Keys(PartsLine):
    """The keys of a popup."""

    DEFAULT_CSS = "Keys { background: $panel; color: $foreground; padding: 0 1; }"

    def __init__(self, keys: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = tuple(keys)
        self._instead: Parts = ()

    def ask(self, keys: Iterable[tuple[str, str]]) -> None:
        """While something is asked, those of the answer."""
        self._instead = told(keys)
        self.look()

    def show(self, keys: Iterable[tuple[str, str]]) -> None:
        """Other keys from now on."""
        self._keys = tuple(keys)
        self.look()

    def parts(self, width: int) -> Parts:
        """Keys and what they do."""
        return self._instead or told(self._keys)


class Popup(ModalScreen[Any]):
    """Lines in a box. Escape, `q` and `?` close it."""

    DEFAULT_CSS = """
    Popup {
        align: center middle;
        & > Vertical { width: 90%; max-width: 110; height: 85%; border: round $accent; background: $surface;
                       border-title-color: $text-accent; }
        & Listing { height: 1fr; padding: 0 1; }
        &.-narrow > Vertical { width: 100%; height: 100%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "leave", show=False),
        Binding("tab,shift+tab", "stay", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium")]  # noqa: RUF012 - Textual's

    def __init__(self, title: str, keys: Iterable[tuple[str, str]] = KEYS) -> None:
        super().__init__()
        self._title = title
        self._keys = Keys(keys)

    def compose(self) -> ComposeResult:
        """The box."""
        box = Vertical()
        box.border_title = plain(self._title)
        with box:
            yield Listing(id="lines", empty="Nothing.")
            yield Prompt(id="prompt")
            yield self._keys

    def on_mount(self) -> None:
        """Fill it."""
        self.listing.focus()
        self.call_after_refresh(self.fill)

    @property
    def listing(self) -> Listing:
        """The lines."""
        return self.query_one("#lines", Listing)

    def fill(self) -> None:
        """Put the lines in."""

    def on_resize(self) -> None:
        """Wrap anew."""
        self.call_after_refresh(self.fill)

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)

    def action_stay(self) -> None:
        """There is nothing else to go to."""

    def on_prompt_toggled(self) -> None:
        """Other keys matter while something is asked."""
        self._keys.ask(self.query_one(Prompt).keys)

    def on_listing_asked(self) -> None:
        """Search."""

        def found(sought: str) -> None:
            self.listing.focus()
            if not self.listing.find(sought):
                self.notify(plain(f"{sought!r} is not here.").plain, markup=False)

        self.query_one(Prompt).ask("Search for", "", found)


class TextPopup(Popup):
    """Text of a container, cleaned and wrapped, in a box no larger than that."""

    DEFAULT_CSS = "TextPopup > Vertical { max-height: 85%; min-height: 9; }"

    def __init__(self, title: str, text: str, style: str = "") -> None:
        super().__init__(title)
        self._text = text
        self._style = style

    def fill(self) -> None:
        """Wrap it."""
        width = max(20, self.listing.room)
        rows = [piece for line in paragraphs(self._text) for piece in wrapped(line, width)]
        self.query_one(Vertical).styles.height = len(rows) + 3  # the frame, and the keys
        self.listing.present(Fixed([([(row, self._style)], row) for row in rows]))


class Question(Popup):
    """A question with keys for answers; dismisses with the key that was pressed, None for none."""

    DEFAULT_CSS = """
    Question > Vertical, Question.-narrow > Vertical { height: auto; max-width: 76; }
    Question Listing { height: 6; }
    """

    def __init__(self, title: str, text: str, answers: list[tuple[str, str]]) -> None:
        super().__init__(title, [*answers, ("Esc", "back")])
        self._text = text
        self._answers = {key for key, _ in answers}

    def fill(self) -> None:
        """Wrap it."""
        rows = wrapped(self._text, max(20, self.listing.room))
        self.listing.present(Fixed([([("", "")], None), *(([(row, "")], None) for row in rows)]))

    def on_key(self, event: Any) -> None:
        """An answer's key answers."""
        name = "enter" if event.key == "enter" else event.character
        if name in self._answers:
            event.stop()
            event.prevent_default()
            self.dismiss(name)
