"""The timeline of a replay: where one is, how fast it plays, and the moments worth jumping to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cligym_tui.screen.lines import Part, width_of
from cligym_tui.screen.strip import PartsLine
from cligym_tui.screen.words import ACCENT, BAD, GOOD, MUTED, WARN
from cligym_tui.wording import span

if TYPE_CHECKING:
    from textual import events

    from sessions.replay import Player

MARKS: Final = {
    "commit": ("✔", GOOD, 5),
    "fell": ("✘", BAD, 4),
    "flip": ("✘", BAD, 3),
    "steer": ("i", ACCENT, 3),
    "fork": ("Y", ACCENT, 2),
    "lost": ("!", WARN, 2),
    "warning": ("!", WARN, 1),
}
"""Sign, colour and weight by a marker's kind: where several share a column, the heaviest is seen."""


class Timeline(PartsLine):
    """One line; a click seeks."""

    DEFAULT_CSS = "Timeline { background: $panel; color: $foreground; padding: 0 1; }"

    def __init__(self, player: Player, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.player = player
        self._left = 0
        self._room = 1

    def parts(self, width: int) -> list[Part]:
        """Play or pause, speed, the line with its markers, the time."""
        player = self.player
        sign = "▸" if player.playing else "||" if not player.at_end else "■"
        left: list[Part] = [(f"{sign} ", f"bold {ACCENT}"), (f"{player.speed:g}x ", MUTED)]
        right: list[Part] = [(f" {span(player.time)} / {span(player.duration)}", MUTED)]
        self._left, self._room = width_of(left), max(8, width - width_of(left) - width_of(right))
        return [*left, *self._rail(self._room), *right]

    def _rail(self, room: int) -> list[Part]:
        player = self.player
        here = round(player.fraction * (room - 1))
        marks: dict[int, tuple[str, str, int]] = {}
        for marker in player.markers:
            sign = MARKS.get(marker.kind)
            at = round(marker.time / player.duration * (room - 1)) if player.duration else 0
            if sign and (at not in marks or marks[at][2] < sign[2]):
                marks[at] = sign
        parts: list[Part] = []
        for at in range(room):
            past = at < here
            if at == here:
                parts.append(("●", f"bold {ACCENT}"))
            elif at in marks:
                parts.append((marks[at][0], marks[at][1]))
            else:
                parts.append(("━" if past else "─", ACCENT if past else MUTED))
        return parts

    async def on_click(self, event: events.Click) -> None:
        """Seek to where the pointer is."""
        at = event.get_content_offset(self)
        if at is not None and at.x >= self._left:
            self.player.seek_fraction(min(1.0, (at.x - self._left) / max(1, self._room - 1)))
