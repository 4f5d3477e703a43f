"""The commit card: a candidate's Dockerfile, its tests, and the gates ticking as they pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from cligym_tui.screen.lines import Fixed, Parts, wrapped
from cligym_tui.screen.panes.dockerfile import Sheet
from cligym_tui.screen.popup import Popup
from cligym_tui.screen.safe import shown
from cligym_tui.screen.sight import Sight, broken, same
from cligym_tui.screen.words import ACCENT, BAD, GOOD, MUTED, WARN, glyph, style
from cligym_tui.wording import number
from sessions.lineage import delta, lineage

if TYPE_CHECKING:
    from sessions.model import Candidate, State, Step

LISTED = 200
"""Tests of each kind that are named, and lines of the Dockerfile that are shown."""


class CommitCard(Popup):
    """Watches one candidate. `confirm` puts it forward, minimised or whole; None in a replay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c,enter", "confirm", show=False),
        Binding("m", "compare", show=False),
    ]

    def __init__(
        self, sight: Callable[[], Sight], branch: str, step: int, confirm: Callable[[bool], None] | None
    ) -> None:
        super().__init__(f"Commit {branch} step {step}")
        self._sight, self._branch, self._step, self._confirm = sight, branch, step, confirm
        self._asked = False
        self._whole = False
        """Whether all commands are shown, and committed."""
        self._put = False
        """What `_whole` was when it was last put forward."""
        self._seen: tuple[object, ...] | None = None

    def on_mount(self) -> None:
        """Keep up with the gates."""
        super().on_mount()
        self.set_interval(1 / 10, self._look)

    def _look(self) -> None:
        sight = self._sight()
        step = sight.state.step(self._branch, self._step)
        candidate = sight.state.candidates.get((self._branch, self._step))
        # A gate may take minutes: one sees it take them.
        examining = candidate is not None and any(gate.held is None for gate in candidate.gates)
        now = (step, candidate, int(sight.clock) if examining else 0)
        if self._seen is None or not same(now, self._seen):
            self._seen = now
            self.fill()

    def fill(self) -> None:
        """Arrange it."""
        sight = self._sight()
        state = sight.state
        step = state.step(self._branch, self._step)
        if step is None:
            return
        candidate = state.candidates.get((self._branch, self._step))
        self._asked = self._asked and (candidate is None or self._open(candidate))
        width = max(30, self.listing.room)
        lines = [
            *_verdict(sight, step, asked=self._asked, can=self._confirm is not None, width=width),
            *_file(state, step, width, candidate.inert if candidate else (), whole=self._whole),
            *_tests(state, step),
        ]
        self.listing.present(Fixed([(parts, at) for at, parts in enumerate(lines)]))
        over = candidate is None or bool(candidate.outcome)
        said = []
        if self._confirm or (candidate and candidate.inert):
            said = [("m", "leave out what no test felt" if self._whole else "keep all commands")]
        if self._confirm and not self._asked and self._open(candidate):
            said = [("c", "prove and commit"), *said, ("Esc", "not now")]
        else:
            said = [*said, ("y", "copy"), ("Esc", "close" if over else "close; gates go on")]
        self._keys.show(said)

    def action_confirm(self) -> None:
        """Put it forward."""
        candidate = self._sight().state.candidates.get((self._branch, self._step))
        if self._confirm and not self._asked and self._open(candidate):
            self._asked, self._put = True, self._whole
            self._confirm(not self._whole)
            self.fill()

    def action_compare(self) -> None:
        """Show it with all commands, or without those that no test felt; what is shown is committed."""
        self._whole = not self._whole
        self.fill()

    def _open(self, candidate: Candidate | None) -> bool:
        """Whether it may be put forward, for the first time or again, or the other way round."""
        if candidate is None or candidate.outcome in ("fell", "abandoned"):
            return True
        return candidate.outcome == "committed" and bool(candidate.inert) and self._whole != self._put


def _nothing(*, asked: bool, can: bool) -> str:
    if asked:
        return "Waiting for the gates …"
    return "Nothing is proven yet." if can else "Not put forward."


def _delta(steps: list[Step]) -> str:
    """How much all these steps together changed."""
    found, unlisted = delta(steps)
    return number(len(found) + unlisted, "path") + (" at most" if unlisted else "")


def _verdict(sight: Sight, step: Step, *, asked: bool, can: bool, width: int) -> list[Parts]:
    state = sight.state
    candidate = state.candidates.get((step.branch, step.number))
    tests, down = len(state.tests), broken(step) or 0
    lines: list[Parts] = [
        [
            (f"{number(down, 'test')} to repair", f"bold {BAD}"),
            (f", {tests - down} to keep", GOOD),
            (f"   Δ {_delta(lineage(state, step.branch, step.number))} since gold", MUTED),
        ]
    ]
    if candidate is None:
        lines.append([(_nothing(asked=asked, can=can), WARN)])
        return [*lines, [("", "")]]
    for gate in candidate.gates:
        sign, look = {None: ("◌", ACCENT), True: ("✔", GOOD), False: ("✘", BAD)}[gate.held]
        took = f"{gate.seconds:5.1f} s"
        if gate.held is None:
            took = f"{max(0, int(sight.clock - gate.began)):5d} s"
        rows = wrapped(shown(gate.reason), width - 26) if gate.reason else [""]
        lines.append(
            [(f"{sign} ", f"bold {look}"), (f"{gate.name:<12}", look), (f"{took}  ", MUTED), (rows[0], "")]
        )
        lines += [[(" " * 23 + row, "")] for row in rows[1:]]
    if candidate.outcome == "committed":
        lines.append([(f"✔ task {candidate.task}", f"bold {GOOD}")])
    elif candidate.outcome == "fell":
        lines.append([(f"✘ fell at {candidate.fell_by}. ", f"bold {BAD}"), ("The candidate is kept.", "")])
    elif candidate.outcome:
        lines.append([(candidate.outcome, WARN)])
    else:
        lines.append([("proving …", ACCENT)])
    return [*lines, [("", "")]]


def _tests(state: State, step: Step) -> list[Parts]:
    if step.suite is None:
        return []
    outcomes = [(test, step.suite.outcomes.get(test, "missing")) for test in state.tests]
    lines: list[Parts] = []
    for title, found in (
        ("To repair (F2P)", [each for each in outcomes if each[1] != "passed"]),
        ("To keep (P2P)", [each for each in outcomes if each[1] == "passed"]),
    ):
        lines.append([(f"{title}: {len(found)}", f"bold {ACCENT}")])
        lines += [[(f"  {glyph(now)} ", style(now)), (test, "")] for test, now in found[:LISTED]]
        if len(found) > LISTED:
            lines.append([(f"  … and {len(found) - LISTED} more", MUTED)])
        lines.append([("", "")])
    return lines


def _file(state: State, step: Step, width: int, inert: tuple[int, ...], *, whole: bool) -> list[Parts]:
    from cligym_tui.screen.recipe import instructions  # takes long; the pane has imported it by now

    written = instructions(state, lineage(state, step.branch, step.number))
    if not whole:
        written = [each for each in written if each.step is None or each.step.number not in inert]
    sheet = Sheet(written, width)
    lines: list[Parts] = [[("Dockerfile", f"bold {ACCENT}"), (_left_out(len(inert), whole=whole), MUTED)]]
    lines += [sheet.parts(at, width) for at in range(min(len(sheet), LISTED))]
    if len(sheet) > LISTED:
        lines.append([(f"  … and {len(sheet) - LISTED} more lines", MUTED)])
    return [*lines, [("", "")]]


def _left_out(inert: int, *, whole: bool) -> str:
    if not inert:
        return " with all commands" if whole else ""
    felt = f"{number(inert, 'command')} that no test felt"
    return f" with {felt}" if whole else f" without {felt}"
