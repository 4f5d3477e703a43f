"""The moments of a session worth jumping to, and how each is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sessions import events

if TYPE_CHECKING:
    from collections.abc import Callable

PASSED = "passed"


class Marker(msgspec.Struct, frozen=True):
    """One such moment."""

    index: int
    """Events that have happened by then: the marked one is the last of them."""
    time: float
    """Seconds of session time."""
    kind: str
    """`flip`, `fork`, `steer`, `gate`, `fell`, `commit`, `lost` (the shell), or `warning`; a repair that is
    solved has `commit`, another one `fell`."""
    label: str
    """What happened, for people. It may quote what a container or a model said: clean it before showing."""
    branch: str = ""
    step: int = 0


def mark(event: events.Event) -> tuple[str, str] | None:
    """Kind and label of the marker an event makes; None for most events."""
    describe = _DESCRIBE.get(type(event))
    return describe(event) if describe else None


def flips(happened: tuple[events.Flip, ...]) -> str:
    """What flipped, as counts: `2 broke, 1 mended`; a test that fails in another way has `changed`."""
    broke = sum(flip.before == PASSED for flip in happened)
    mended = sum(flip.after == PASSED for flip in happened)
    counts = {"broke": broke, "mended": mended, "changed": len(happened) - broke - mended}
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _suite_ended(event: events.SuiteEnded) -> tuple[str, str] | None:
    return ("flip", flips(event.flips)) if event.flips else None


def _branch_opened(event: events.BranchOpened) -> tuple[str, str] | None:
    if not event.parent:
        return None
    return "fork", f"{event.branch} from {event.parent} at step {event.step}"


def _guidance_given(event: events.GuidanceGiven) -> tuple[str, str]:
    return "steer", f"told: {event.text}"


def _step_decided(event: events.StepDecided) -> tuple[str, str] | None:
    if event.verdict == "denied":
        return "steer", f"denied: {event.reason}" if event.reason else "denied"
    return ("steer", f"edited: {event.command}") if event.verdict == "edited" else None


def _taken_over(event: events.TakenOver) -> tuple[str, str]:
    return "steer", "keyboard taken over"


def _gate_ended(event: events.GateEnded) -> tuple[str, str]:
    return "gate", f"{event.gate} held" if event.held else f"{event.gate} did not hold: {event.reason}"


def _candidate_fell(event: events.CandidateFell) -> tuple[str, str]:
    return "fell", f"fell at {event.gate}: {event.reason}"


def _task_committed(event: events.TaskCommitted) -> tuple[str, str]:
    return "commit", event.task


def _repair_graded(event: events.RepairGraded) -> tuple[str, str]:
    if event.outcome == "solved":
        return "commit", "solved"
    return "fell", f"{event.outcome}: {event.detail}" if event.detail else event.outcome


def _shell_lost(event: events.ShellLost) -> tuple[str, str]:
    return "lost", f"shell lost: {event.reason}"


def _remark(event: events.Remark) -> tuple[str, str] | None:
    return ("warning", event.text) if event.level == "warning" else None


_DESCRIBE: Final[dict[type[events.Event], Callable[[Any], tuple[str, str] | None]]] = {
    events.SuiteEnded: _suite_ended,
    events.BranchOpened: _branch_opened,
    events.GuidanceGiven: _guidance_given,
    events.StepDecided: _step_decided,
    events.TakenOver: _taken_over,
    events.GateEnded: _gate_ended,
    events.CandidateFell: _candidate_fell,
    events.TaskCommitted: _task_committed,
    events.RepairGraded: _repair_graded,
    events.ShellLost: _shell_lost,
    events.Remark: _remark,
}
