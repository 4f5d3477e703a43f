"""The tree of branches and steps, as lines: forks hang under the step they come from."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Final

from cligym_tui.screen.errand import verdict
from cligym_tui.screen.lines import Part, spread
from cligym_tui.screen.sight import Sight, broken, broken_now
from cligym_tui.screen.words import ACCENT, BAD, GOOD, MUTED, WARN
from cligym_tui.wording import size
from sessions.lineage import lineage

if TYPE_CHECKING:
    from sessions.model import Branch, Candidate, Step

Key = tuple[str, int]
"""A branch, and one of its steps; 0 stands for the branch itself."""


class Forest:
    """The lines of the tree. Closed branches nobody looks at show no steps."""

    def __init__(self, sight: Sight, opened: frozenset[str] = frozenset()) -> None:
        self._sight = sight
        self._opened = opened
        self._lines: list[tuple[int, Branch, Step | None]] = []
        branches = sight.state.branches
        children: dict[Key, list[Branch]] = {}
        for branch in branches.values():
            parent = branch.parent if branch.parent in branches else ""
            children.setdefault((parent, branch.fork if parent else 0), []).append(branch)
        self._children = children
        self._seen: set[str] = set()
        for branch in children.get(("", 0), []):
            self._plant(branch)

    def _plant(self, root: Branch) -> None:
        # Not by recursion: forks of forks go as deep as an operator likes.
        due: list[tuple[int, Branch, Step | None]] = [(0, root, None)]
        while due:
            depth, branch, step = line = due.pop()
            if step is None:
                if branch.id in self._seen:
                    continue
                self._seen.add(branch.id)
                due += reversed(self._under(branch, depth))
            self._lines.append(line)

    def _under(self, branch: Branch, depth: int) -> list[tuple[int, Branch, Step | None]]:
        """What hangs under a branch: its steps, and under each the branches that fork there."""
        found: list[tuple[int, Branch, Step | None]] = [
            (depth + 1, child, None) for child in self._children.get((branch.id, 0), [])
        ]
        wide = branch.id == self._sight.selected or branch.open or branch.id in self._opened
        for number, step in sorted(branch.steps.items()):
            forks = self._children.get((branch.id, number), [])
            if wide or forks:
                found.append((depth + 1, branch, step))
            found += [(depth + 2, child, None) for child in forks]
        return found

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> Hashable:
        """A branch and a step."""
        _, branch, step = self._lines[index]
        return (branch.id, step.number if step else 0)

    def place(self, key: Key) -> int | None:
        """Where a branch or a step is."""
        return next((at for at in range(len(self)) if self.key(at) == key), None)

    def parts(self, index: int, width: int) -> list[Part]:
        """One line."""
        depth, branch, step = self._lines[index]
        # However deep it is, half of the line says what it is.
        indent = ("  " * depth)[: width // 2]
        if step is None:
            left, right = self._branch(branch)
        else:
            left, right = self._step(step)
        return spread([(indent, ""), *left], right, width)

    def _branch(self, branch: Branch) -> tuple[list[Part], list[Part]]:
        here = branch.id == self._sight.selected
        left: list[Part] = [
            ("▸ " if here else "  ", ACCENT),
            (branch.id, f"bold {ACCENT}" if here else "bold"),
            # What it is at comes first: a title may take all the room there is.
            (f"  {standing(branch)}", MUTED),
            (f"  {branch.title}" if branch.title else "", "italic"),
            (f"  {branch.note}" if branch.note else "", f"italic {MUTED}"),
        ]
        repair = self._sight.state.repairs.get(branch.id)
        if repair is not None:
            return left, [verdict(repair)]
        down = broken_now(lineage(self._sight.state, branch.id))
        return left, [(f"{down}/{self._sight.tests}", BAD if down else MUTED)]

    def _step(self, step: Step) -> tuple[list[Part], list[Part]]:
        mark, look = sign(step)
        candidate = self._sight.state.candidates.get((step.branch, step.number))
        left: list[Part] = [
            (f"{mark} ", look),
            (f"{step.number} ", MUTED),
            ("by hand  " if step.origin == "operator" else "", ACCENT),
        ]
        if candidate:
            left.append((f"{proof(candidate)}  ", _proof_style(candidate)))
        left.append((step.command, "" if step.snapshot else MUTED))
        right: list[Part] = []
        if step.snapshot:
            right.append(
                (f"Δ{step.changed} {size(step.size).replace(' bytes', 'B').replace(' ', '')} ", MUTED)
            )
        down = broken(step)
        if down is not None:
            right.append((f"{down}/{self._sight.tests}", BAD if down else MUTED))
        return left, right


def sign(step: Step) -> Part:
    """A step's state in one glyph."""
    if step.held:
        return "?", f"bold {WARN}"
    if step.running:
        return "▸", f"bold {ACCENT}"
    if step.verdict == "denied":
        return "–", WARN
    if step.suite and step.suite.running:
        return "◌", ACCENT
    if step.flips:
        if any(flip.before == "passed" for flip in step.flips):
            return "✘", BAD
        return ("✔", GOOD) if any(flip.after == "passed" for flip in step.flips) else ("●", WARN)
    return ("●", MUTED) if step.snapshot else ("○", MUTED)


PAUSED: Final = {
    "operator": "paused",
    "manual": "resting",
    "idle": "out of ideas",
    "nominated": "put forward",
}


def standing(branch: Branch) -> str:
    """A branch's state in a word or two."""
    if not branch.open:
        return branch.outcome
    if branch.taken:
        return "in your hands"
    if branch.paused:
        return PAUSED.get(branch.paused, f"paused ({branch.paused})")
    step = branch.steps[max(branch.steps)] if branch.steps else None
    if step is None:
        return "open"
    if step.held:
        return "waits for you"
    if step.running:
        return "running"
    return "testing" if step.suite and step.suite.running else "open"


def proof(candidate: Candidate) -> str:
    """How far a candidate is."""
    if candidate.outcome == "committed":
        return f"✔ {candidate.task}"
    if candidate.outcome == "fell":
        return f"✘ fell at {candidate.fell_by}"
    if candidate.outcome:
        return candidate.outcome
    gate = next((each.name for each in reversed(candidate.gates) if each.held is None), "")
    return f"◌ proving: {gate}" if gate else "◌ proving"


def _proof_style(candidate: Candidate) -> str:
    return {"committed": GOOD, "fell": BAD}.get(candidate.outcome, ACCENT)
