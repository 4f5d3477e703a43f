"""The screen of a recorded session."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from cligym_tui.screen.actions import REPLAY, at
from cligym_tui.screen.keymap import bindings
from cligym_tui.screen.prompt import Prompt
from cligym_tui.screen.safe import plain
from cligym_tui.screen.session import SessionScreen
from cligym_tui.screen.source import ReplaySource
from cligym_tui.screen.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from cligym_tui.screen.branches import Key
    from sessions.replay import Player


class ReplayScreen(SessionScreen, inherit_bindings=False):
    """A source with a timeline."""

    where: ClassVar[str] = REPLAY
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings([one for one in at(REPLAY) if not one.id.startswith("pane.")], REPLAY)
    ]

    def __init__(self, source: ReplaySource, leave: Callable[[], None]) -> None:
        super().__init__(source)
        self.player: Player = source.player
        self._leave = leave

    def more(self) -> Iterable[Widget]:
        """The timeline."""
        yield Timeline(self.player, id="timeline")

    def on_unmount(self) -> None:
        """Let go of the journal."""
        self.player.close()

    def look(self) -> None:
        """Show also where it is."""
        super().look()
        for timeline in self.query(Timeline):
            timeline.look()

    def choose(self, key: Key) -> None:
        """Look at a branch, at one of its steps."""
        branch, step = key
        if step:
            self.player.seek_step(step, branch)
        super().choose(key)

    def _moved(self) -> None:
        # After a jump one wants to see what happened there, on whatever branch.
        self.player.playing = False
        self.chosen = ""
        self.tests.moved = False
        self.source.poll(0)
        self.look()

    def action_replay_play(self) -> None:
        """Play or pause."""
        self.player.toggle()
        self.look()

    def action_replay_step(self) -> None:
        """The next step's result."""
        self.player.next_step()
        self._moved()

    def action_replay_step_back(self) -> None:
        """An earlier step's result."""
        self.player.previous_step()
        self._moved()

    def action_replay_command(self) -> None:
        """The next command's start."""
        self.player.next_command()
        self._moved()

    def action_replay_command_back(self) -> None:
        """An earlier command's start."""
        self.player.previous_command()
        self._moved()

    def action_replay_marker(self) -> None:
        """The next marker."""
        self.player.next_marker()
        self._moved()

    def action_replay_marker_back(self) -> None:
        """The marker before."""
        self.player.previous_marker()
        self._moved()

    def action_replay_forward(self) -> None:
        """Five seconds on."""
        self._seek(5)

    def action_replay_back(self) -> None:
        """Five seconds back."""
        self._seek(-5)

    def action_replay_minute(self) -> None:
        """A minute on."""
        self._seek(60)

    def action_replay_minute_back(self) -> None:
        """A minute back."""
        self._seek(-60)

    def _seek(self, seconds: float) -> None:
        self.player.seek(self.player.time + seconds)
        self.source.poll(0)
        self.look()

    def action_replay_faster(self) -> None:
        """Play faster."""
        self.player.faster()
        self.look()

    def action_replay_slower(self) -> None:
        """Play slower."""
        self.player.slower()
        self.look()

    def action_replay_percent(self, digit: int = 0) -> None:
        """Go to a tenth of the whole."""
        self.player.seek_fraction(digit / 10)
        self.source.poll(0)
        self.look()

    def action_replay_go(self) -> None:
        """Ask where to."""
        self.query_one(Prompt).ask("Go to a time (1:30), a step (12) or a share (40%)", "", self._go)

    def _go(self, text: str) -> None:
        text = text.strip()
        if share := re.fullmatch(r"(\d{1,3})\s*%", text):
            self.player.seek_fraction(min(1.0, int(share[1]) / 100))
        elif re.fullmatch(r"(\d+:){1,2}\d{1,2}", text):
            self.player.seek(sum(int(part) * 60**power for power, part in enumerate(text.split(":")[::-1])))
        elif not (re.fullmatch(r"\d{1,9}", text) and self.player.seek_step(int(text))):
            self.notify(plain(f"There is no {text!r} to go to.").plain, markup=False)
            return
        self._moved()

    def action_app_quit(self) -> None:
        """Leave."""
        self._leave()
