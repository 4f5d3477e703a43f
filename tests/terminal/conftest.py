"""A terminal view on a screen of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.pilot import Pilot

from cligym_tui.terminal.terminal import Terminal
from cligym_tui.terminal.view import TerminalView


class ViewApp(App[None]):
    """Nothing but the view; it keeps what was typed into it."""

    CSS = "TerminalView { height: 1fr; }"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [
        ("q", "leave", "Leave"),
        ("ctrl+right_square_bracket", "leave", "Leave"),
        Binding("p", "leave", "Leave", priority=True),
    ]

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self.view = TerminalView(terminal)
        self.typed = b""
        self.left = 0

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.focus()

    def on_terminal_view_typed(self, event: TerminalView.Typed) -> None:
        self.typed += event.data

    def action_leave(self) -> None:
        self.left += 1

    @property
    def frame(self) -> list[str]:
        """What is on the screen, as text, without the scrollbar."""
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip(" ▁▂▃▄▅▆▇█") for strip in strips]


Show = Callable[..., AbstractAsyncContextManager[tuple[ViewApp, Pilot[None]]]]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    """The view, `size` cells large, on a terminal of `columns` by `rows`."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")

    @asynccontextmanager
    async def begin(
        size: tuple[int, int] = (40, 10), columns: int = 40, rows: int = 10
    ) -> AsyncIterator[tuple[ViewApp, Pilot[None]]]:
        app = ViewApp(Terminal(columns, rows))
        async with app.run_test(size=size) as pilot:
            yield app, pilot

    return begin
