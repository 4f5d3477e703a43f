"""An app for a real terminal: feeds the view what it is told to, looks at all of it, and leaves."""

from __future__ import annotations

import sys

from textual import work
from textual.app import App, ComposeResult

from cligym_tui.terminal.terminal import Terminal
from cligym_tui.terminal.view import TerminalView
from tests.hostile import CORPUS, cut


class FeedingApp(App[None]):
    """`hostile` or `friendly`, in pieces cut by a seed."""

    def __init__(self, what: str, seed: int) -> None:
        super().__init__()
        self.pieces = (
            CORPUS.values() if what == "hostile" else [b"\x1b[1;38;5;%dmword\r\n" % n for n in range(256)]
        )
        self.seed = seed

    def compose(self) -> ComposeResult:
        yield TerminalView(Terminal(80, 20))

    def on_mount(self) -> None:
        self.query_one(TerminalView).focus()
        self.feed()

    @work
    async def feed(self) -> None:
        view = self.query_one(TerminalView)
        for number, data in enumerate(self.pieces):
            for piece in cut(data[:30_000] + b"\x18\x1b(B\r\n", self.seed):
                view.feed(piece)
            view.flush()
            view.find("owned" if number % 2 else "e")
            view.taken_over = number % 3 == 0
            view.scroll_to(y=number, animate=False)
            await self.animator.wait_until_complete()
            self.refresh(layout=True)
            self.call_later(view.action_bottom)
        self.set_timer(0.5, self.exit)


if __name__ == "__main__":
    FeedingApp(sys.argv[1], int(sys.argv[2])).run()
