"""The Textual application: it holds screens, the configured keys and colours, and ends honestly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from cligym_tui.exits import ExitCode
from cligym_tui.screen import garbage, signals
from cligym_tui.screen.keymap import keymap

if TYPE_CHECKING:
    from typing import Any

    from cligym_tui.screen.config import Config


class OperatorApp(App[int], inherit_bindings=False):
    """Shows the screen it is made with; `exit` takes the exit code.

    Textual's own keys are not among its: one of them would end it whatever a session is at, also from within
    a shell that was taken over.
    """

    TITLE = "cligym-tui"
    ENABLE_COMMAND_PALETTE = False
    COMMANDS: ClassVar = set()
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "tell_how_to_leave", show=False)]
    CSS = """
    Toast { max-width: 70; }
    ToastRack { dock: top; align: right top; margin: 1 0 0 0; }
    """

    def __init__(self, first: Callable[[OperatorApp], Screen[Any]], config: Config) -> None:
        super().__init__()
        self._first = first
        self._config = config

    @property
    def configured_keys(self) -> Mapping[str, str]:
        """Keys by action, where they are not the registry's."""
        return self._config.keys

    def on_load(self) -> None:
        """Before the terminal is changed: whatever ends the program changes it back."""
        if not self.is_headless:
            signals.watch(lambda: self.finish(ExitCode.INTERRUPTED))

    def on_mount(self) -> None:
        """Show the first screen."""
        self.set_keymap(keymap(self._config.keys))
        if self._config.theme:
            self.theme = self._config.theme
        self.set_timer(1.0, garbage.settle)
        self.set_interval(garbage.EVERY, garbage.bite)
        self.push_screen(self._first(self))

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """The screen as a picture that needs nothing else."""
        from cligym_tui.picture import standalone

        return standalone(super().export_screenshot(title=title, simplify=simplify))

    def action_tell_how_to_leave(self) -> None:
        """Where ctrl+c has nothing to end, somebody may be looking for the way out."""
        self.notify("q leaves; ? lists the keys.", markup=False)

    def finish(self, code: int = ExitCode.GOAL) -> None:
        """End with an exit code."""
        self.exit(int(code))


def exit_code(app: OperatorApp, returned: int | None) -> ExitCode:
    """What the shell gets: a crash is never 0, whatever was returned before it."""
    if app.return_code:
        return ExitCode(app.return_code) if app.return_code in set(ExitCode) else ExitCode.SHORT
    if returned is None:
        return ExitCode.SHORT
    return ExitCode(returned)
