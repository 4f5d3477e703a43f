"""Asking for words: one line at the bottom that takes the keys until Enter or Escape."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static, TextArea

from cligym_tui.screen.safe import plain

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget


class _Field(TextArea, inherit_bindings=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", show=False, priority=True),
        Binding("escape", "cancel", show=False, priority=True),
        Binding("ctrl+j,alt+enter", "newline", show=False, priority=True),
        Binding("tab,shift+tab", "stay", show=False, priority=True),
    ]

    def action_submit(self) -> None:
        prompt = self.parent
        assert isinstance(prompt, Prompt)
        prompt.close(self.text)

    def action_cancel(self) -> None:
        prompt = self.parent
        assert isinstance(prompt, Prompt)
        prompt.close(None)

    def action_newline(self) -> None:
        prompt = self.parent
        assert isinstance(prompt, Prompt)
        if prompt.lines:
            self.insert("\n")

    def action_stay(self) -> None:
        """The keys stay here until it is answered."""


class Prompt(Vertical):
    """Hidden until something is asked."""

    DEFAULT_CSS = """
    Prompt {
        display: none; height: auto; max-height: 12; background: $panel; padding: 0 1;
        border-top: solid $accent;
        &.-asking { display: block; }
        & > Static { height: auto; color: $foreground; }
        & > TextArea {
            height: auto; max-height: 8; border: none; padding: 0; background: $surface;
            &:focus { border: none; }
        }
    }
    """

    class Toggled(Message):
        """Something is asked, or no longer."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._done: Callable[[str], None] | None = None
        self._before: Widget | None = None
        self.lines = False
        """Whether an answer may have more than one line."""

    def compose(self) -> ComposeResult:
        """A question and a field."""
        yield Static(id="question")
        yield _Field(id="answer", soft_wrap=True, compact=True, show_line_numbers=False)

    @property
    def asking(self) -> bool:
        """Whether an answer is waited for."""
        return self._done is not None

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys of an answer, and what they do; none while nothing is asked."""
        if not self.asking:
            return ()
        more = (("ctrl+j", "another line"),) if self.lines else ()
        return (("Enter", "done"), ("Esc", "back"), *more)

    def ask(self, question: str, value: str, done: Callable[[str], None], *, lines: bool = False) -> None:
        """Ask; `done` gets the answer, nobody anything when it is cancelled."""
        self._done, self.lines = done, lines
        self._before = self.screen.focused
        self.query_one("#question", Static).update(plain(question, "bold"))
        field = self.query_one(_Field)
        field.text = visible(value)
        self.add_class("-asking")
        field.move_cursor(field.document.end)
        field.focus()
        self.post_message(self.Toggled())

    def close(self, answer: str | None) -> None:
        """Take the prompt away, and hand on the answer unless it was cancelled."""
        done, self._done = self._done, None
        self.remove_class("-asking")
        self.screen.set_focus(self._before)
        self.post_message(self.Toggled())
        if done and answer is not None:
            done(answer)

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text goes to the field alone."""
        event.stop()


LONGEST = 16_000
"""Characters that can be edited here."""


def visible(text: str) -> str:
    """`text` as it can be edited: of control characters only line ends and tabs are themselves."""
    return "".join(
        char
        if char.isprintable() or char in "\n\t"
        else f"\\x{ord(char):02x}"
        if ord(char) < 256
        else "\ufffd"
        for char in text
    )
