"""The live display of a headless run: figures that change in place, tasks and falls as lines that stay.

Whatever a container or a project said is put into `Text` objects: never parsed as markup.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from cligym_tui import notable
from cligym_tui.progress import Work, families, figures, remaining, under_way
from cligym_tui.wording import span
from engine import clean
from sessions.events import Event, Result
from sessions.state import State, apply

_STAYS = {notable.TASK: ("✔", "green"), notable.FALL: ("✘", "red"), notable.WARNING: ("!", "yellow")}
_ROWS = 8
"""Attempts shown at a time."""


class Live:
    """Draws at most `rate` times a second, from the thread that calls it."""

    def __init__(
        self,
        console: Console,
        title: str,
        wanted: int,
        *,
        had: int = 0,
        rate: float = 5.0,
        limit: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin to draw.

        Args:
            console: the terminal.
            title: what the run is about, in a few words.
            wanted: tasks there shall be at the end, of which `had` are there already.
            had: see `wanted`.
            rate: how often a second to draw.
            limit: minutes after which the run ends.
            clock: the wall clock.
        """
        self.state = State()
        self._console, self._title, self._limit, self._clock = console, title, limit, clock
        self._wanted, self._had = wanted, had
        self._began = clock()
        self._pause, self._drawn, self._word = 1 / rate, 0.0, ""
        self._live = RichLive(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._live.start()

    def take(self, event: Event) -> None:
        """Count the event in; what stays is printed above the display."""
        self.state = apply(self.state, event)
        line = notable.line(event)
        if line is not None and line.kind in _STAYS:
            glyph, colour = _STAYS[line.kind]
            at = f"{span(self._clock() - self._began):>7} "
            self._console.print(Text.assemble(at, (glyph, colour), " ", line.text), soft_wrap=True)
        self.tick()

    def tick(self) -> None:
        """Draw again, if the last time is long enough ago."""
        now = time.monotonic()
        if now - self._drawn >= self._pause:
            self._drawn = now
            self._live.update(self.frame(), refresh=True)

    def say(self, text: str) -> None:
        """Show a word of our own until the next one."""
        self._word, self._drawn = text, 0.0
        self.tick()

    def end(self, result: Result) -> None:
        """Take the display away; the lines above it stay."""
        self._live.stop()

    def frame(self) -> RenderableType:
        """The display at this moment."""
        state, now = self.state, self._clock()
        rows: list[RenderableType] = [
            self._head(now - self._began),
            self._bar(),
            Text(figures(state), style="dim"),
        ]
        if state.tasks:
            rows.append(Text(f"families: {families(state)}", style="dim"))
        works = under_way(state, now)
        if works:
            rows.append(_works(works[:_ROWS]))
        if len(works) > _ROWS:
            rows.append(Text(f"and {len(works) - _ROWS} more", style="dim"))
        # The last line is a short one: what the terminal echoes after it (^C) must not begin another, for
        # then the display would be a line off.
        rows.append(Text(self._word, style="yellow") if self._word else Text("Ctrl-C stops it", style="dim"))
        return Group(*rows)

    def _head(self, elapsed: float) -> RenderableType:
        left = remaining(len(self.state.tasks), self._wanted - self._had, elapsed)
        when = f"{span(elapsed)} elapsed"
        if left is not None:
            when += f", about {span(left)} to go"
        if self._limit is not None:
            when += f", limit {span(self._limit * 60)}"
        table = Table.grid(expand=True, padding=(0, 1))
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(no_wrap=True, justify="right")
        table.add_row(Text(clean.line(self._title, 200), style="bold"), Text(when))
        return table

    def _bar(self) -> RenderableType:
        done = self._had + len(self.state.tasks)
        label = f"tasks {done} of {self._wanted} "
        room = max(1, self._console.width - len(label))
        full = round(room * min(1.0, done / self._wanted))
        # Thick and thin, not only bright and dim: it must also be read without colours.
        return Text.assemble(label, ("━" * full, "green"), ("─" * (room - full), "dim"))


def _works(works: tuple[Work, ...]) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True, max_width=16)
    table.add_column(no_wrap=True, max_width=20, style="cyan")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for work in works:
        table.add_row(Text(f"▸ {work.branch}"), Text(work.family), Text(work.doing))
    return table
