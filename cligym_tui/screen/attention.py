"""Calling an operator who looks elsewhere: the bell, a notice of the desktop, the terminal's title."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App


class Attention:
    """Calls once, and takes the title back when somebody looks."""

    def __init__(self, bell: bool = True) -> None:
        self._bell = bell
        self._titled = False

    def call(self, app: App[Any], why: str) -> None:
        """Say `why`, words of our own, unless the terminal has the focus."""
        if app.app_focus:
            return
        if self._bell:
            app.bell()
        title = "" if self._titled else "\x1b[22;2t"
        self._titled = True
        _write(app, f"{title}\x1b]2;cligym: {why}\x07\x1b]9;cligym: {why}\x07")

    def seen(self, app: App[Any]) -> None:
        """Give the title back."""
        if self._titled:
            self._titled = False
            _write(app, "\x1b[23;2t")


def _write(app: App[Any], sequence: str) -> None:
    driver = app._driver
    if driver is not None and not app.is_headless:
        driver.write(sequence)
