"""The figures of a headless run, read off the fold: pure, and so tested without a terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cligym_tui.wording import number, span
from engine import clean
from sessions.model import Branch, Candidate, State, Step


@dataclass(frozen=True)
class Work:
    """What one attempt is at."""

    branch: str
    family: str
    doing: str


def remaining(done: int, wanted: int, elapsed: float) -> float | None:
    """Seconds until the goal at the pace so far; None while there is no pace."""
    return (wanted - done) * elapsed / done if done and wanted > done else None


def figures(state: State) -> str:
    """Attempts, flips, yield and falls, on one line."""
    counters = state.counters
    parts = [number(counters.attempts, "attempt"), f"{counters.flipped} flipped", f"{counters.proven} proven"]
    if counters.attempts:
        parts.append(f"yield {counters.proven / counters.attempts:.0%}")
    if counters.fell:
        falls = ", ".join(f"{clean.line(gate, 40)} {count}" for gate, count in counters.fell.items())
        parts.append(f"fell: {falls}")
    return ", ".join(parts)


def families(state: State) -> str:
    """Families of the committed tasks, with how many of each."""
    count = Counter(family for task in state.tasks for family in task.families)
    return ", ".join(f"{clean.line(name, 40)} {number}" for name, number in count.most_common())


def under_way(state: State, now: float) -> tuple[Work, ...]:
    """What is being worked on, in the order it began."""
    examined = {key[0]: each for key, each in state.candidates.items() if not each.outcome}
    return tuple(
        Work(clean.line(branch.id, 40), clean.line(_family(branch), 40), _doing(state, branch, examined, now))
        for branch in state.branches.values()
        if branch.open or branch.id in examined
    )


def _family(branch: Branch) -> str:
    step = _last(branch)
    return step.family if step else ""


def _last(branch: Branch) -> Step | None:
    return next(reversed(branch.steps.values()), None)


def _doing(state: State, branch: Branch, examined: dict[str, Candidate], now: float) -> str:
    candidate, step = examined.get(branch.id), _last(branch)
    if candidate is not None:
        held = sum(gate.held is True for gate in candidate.gates)
        current = next((gate.name for gate in candidate.gates if gate.held is None), "")
        return f"proof: {clean.line(current, 40) or 'next gate'} ({held} held)"
    if step is None:
        return "opens a shell"
    if step.running:
        return f"{span(now - step.started)} $ {clean.line(step.command, 200)}"
    if not step.outcome:
        return f"$ {clean.line(step.command, 200)}"
    if step.suite is None:
        return "looks at what changed"
    if step.suite.running:
        of = f" of {len(state.tests)}" if state.tests else ""
        return f"suite {len(step.suite.outcomes)}{of}"
    return f"{len(step.flips)} flipped; chooses what is next"
