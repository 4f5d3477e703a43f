"""What the home screen lists: gold environments, sessions, and what to do where there are none."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Final

from cligym_tui.screen.lines import Part, Parts, fitted, spread, width_of
from cligym_tui.screen.words import ACCENT, BAD, GOOD, MUTED, WARN
from cligym_tui.wording import day, number, spending

if TYPE_CHECKING:
    from engine.gold.model import Gold
    from sessions.summary import Summary

STANDING: Final = {
    "live": ("●", GOOD),
    "ended": ("○", MUTED),
    "killed": ("✘", WARN),
    "damaged": ("✘", BAD),
    "newer": ("?", MUTED),
}
WIDE: Final = 110
"""Columns from which on there is room for who broke, and for what it cost."""
SPENT: Final = 16
"""Columns of that, as a rule."""
LONGEST: Final = 40
"""Columns of a name, where there is room for so many."""


class Shelf:
    """The lines. A key is a kind (`gold`, `session` or `demo`) and a name."""

    def __init__(self, golds: Sequence[Gold], sessions: Sequence[Summary]) -> None:
        self._lines: list[tuple[Gold | Summary | Parts, Hashable]] = []
        self._title("Gold environments")
        self._lines += [(gold, ("gold", gold.name)) for gold in golds]
        if not golds:
            self._say(("  None yet. Make one: ", MUTED), ("cligym-tui gold build name==version", "bold"))
        self._say(("", ""))
        self._title("Sessions", _interrupted(sessions))
        self._lines += [(each, ("session", each.id)) for each in sessions]
        if not sessions:
            self._say(("  None yet. Enter on a gold environment starts one.", MUTED))
        self._say(("", ""))
        self._title("To look at first")
        demo: Parts = [("  ▸ ", ACCENT), ("demo ", "bold"), ("a recorded session of a real project", MUTED)]
        self._lines.append((demo, ("demo", "")))

    def _title(self, text: str, more: str = "") -> None:
        self._say((text, f"bold {ACCENT}"), (more, WARN))

    def _say(self, *parts: Part) -> None:
        self._lines.append((parts, None))

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> Hashable:
        """What a line is for."""
        return self._lines[index][1]

    def parts(self, index: int, width: int) -> Parts:
        """One line."""
        from engine.gold.model import Gold
        from sessions.summary import Summary

        match self._lines[index][0]:
            case Gold() as gold:
                return _gold(gold, width)
            case Summary() as session:
                return spread(_session(session, width), [(age(session.age), MUTED)], width)
            case parts:
                return parts


def _interrupted(sessions: Sequence[Summary]) -> str:
    count = sum(each.interrupted for each in sessions)
    return f"   {number(count, 'was', 'were')} interrupted: r goes on with it" if count else ""


def _gold(gold: Gold, width: int) -> Parts:
    size = number(len(gold.baseline), "test")
    return [
        ("  ● ", GOOD),
        (f"{fitted(gold.name, max(20, min(width - 50, LONGEST)))} ", "bold"),
        (f"{size:>11}  {gold.suite_seconds:5.1f} s a run  {day(gold.created)}", MUTED),
    ]


def _session(each: Summary, width: int) -> Parts:
    sign, look = STANDING.get(each.state, ("?", MUTED))
    state = "interrupted" if each.interrupted else each.outcome or each.state
    broken = f"{each.broken}/{each.tests}" if each.tests else ""
    more: list[Part] = []
    if width >= WIDE:
        spent = spending(each.spent) if each.spent else ""
        more = [(f"  {each.agent:<9.9}", MUTED), (f"{spent:<{SPENT}}", ACCENT)]
    parts = [
        (f"  {sign} ", look),
        (f"{each.id:<20} ", "bold"),
        (f"{state:<11.11} ", look),
        (f"{fitted(each.gold, max(8, min(width - 62 - width_of(more), LONGEST)))} ", ""),
        (f"{broken:>7} ", BAD if each.broken else MUTED),
        (f"{number(each.tasks, 'task') if each.tasks else '':>8}", GOOD),
    ]
    return [*parts, *more]


def age(seconds: float) -> str:
    """A length of time in its largest unit."""
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name}"
    return "now"
