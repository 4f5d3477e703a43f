"""What of a session is worth a line: one plain sentence for an event, or none."""

from __future__ import annotations

from dataclasses import dataclass

from engine import clean
from sessions import events

TASK, FALL, FLIP, WARNING, PLAIN = "task", "fall", "flip", "warning", "plain"


@dataclass(frozen=True)
class Line:
    """One line for a person, cleaned; `kind` says how much it matters."""

    kind: str
    text: str


def line(event: events.Event) -> Line | None:
    """The line of an event; None for one that is only a detail of another."""
    told = _told(event)
    if told is None:
        return None
    kind, text = told
    return Line(kind, clean.line(" ".join(text.split()), 400))


def _told(event: events.Event) -> tuple[str, str] | None:
    match event:
        case events.SessionStarted():
            return (
                PLAIN,
                f"session {event.session}: {event.gold}, {len(event.tests)} tests, seed {event.seed}",
            )
        case events.SessionResumed():
            return PLAIN, "session taken up again"
        case events.BranchOpened() if event.parent:
            return PLAIN, f"{event.branch} forks from {event.parent} step {event.step}"
        case events.BranchOpened():
            return PLAIN, f"{event.branch} opens"
        case events.BranchClosed() if event.outcome == "failed":
            return WARNING, f"{event.branch} failed{_because(event.detail)}"
        case events.BranchClosed():
            return PLAIN, f"{event.branch} closes: {event.outcome}{_because(event.detail)}"
        case events.StepProposed():
            family = f" ({event.family})" if event.family else ""
            return PLAIN, f"{_step(event)}{family} $ {event.command}"
        case events.ShellLost():
            return PLAIN, f"{event.branch} lost its shell ({event.reason}); now {event.program}"
        case events.SuiteEnded():
            return _suite(event)
        case events.GateEnded():
            verdict = "holds" if event.held else "does not hold"
            return (
                PLAIN,
                f"{_step(event)} {event.gate} {verdict} ({event.seconds:.1f} s){_because(event.reason)}",
            )
        case events.TaskCommitted():
            families = ", ".join(event.families)
            return TASK, f"{event.branch} task {event.task}: {families}, {event.f2p} F2P, {event.p2p} P2P"
        case events.CandidateFell():
            return FALL, f"{_step(event)} fell at {event.gate}{_because(event.reason)}"
        case events.RepairStarted():
            hint = "" if event.hint == "none" else f", {event.hint} hint"
            return PLAIN, f"{event.branch} {event.solver} is given {event.task}{hint}"
        case events.RepairGraded():
            kind = TASK if event.outcome == "solved" else FALL
            return kind, f"{event.branch} {event.outcome}, reward {event.reward:g}{_because(event.detail)}"
        case events.Remark():
            return (WARNING if event.level == "warning" else PLAIN), f"{event.branch} {event.text}"
        case _:
            return None


def _suite(event: events.SuiteEnded) -> tuple[str, str]:
    total = event.passed + event.broken
    how = "" if event.status == "complete" else f"; suite {event.status}{_because(event.detail)}"
    if not event.flips:
        return PLAIN, f"{_step(event)} no test flipped, {event.broken} of {total} broken{how}"
    tests = "1 test" if len(event.flips) == 1 else f"{len(event.flips)} tests"
    return FLIP, f"{_step(event)} {tests} flipped, {event.broken} of {total} broken{how}"


def _step(
    event: events.StepProposed | events.SuiteEnded | events.GateEnded | events.CandidateFell,
) -> str:
    return f"{event.branch} step {event.step}"


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
