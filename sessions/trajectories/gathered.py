"""One pass over a session's events: the fold, and beside it what only conversations are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessions import events
from sessions.lineage import ancestors
from sessions.state import State, apply
from sessions.trajectories.model import Spent
from sessions.trajectories.printed import Printed

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass
class Line:
    """What was said and printed on one branch."""

    begun: events.ConversationBegun | None = None
    messages: list[events.MessageAdded] = field(default_factory=list)
    started: events.RepairStarted | None = None
    graded: events.RepairGraded | None = None
    told: list[tuple[int, float, str]] = field(default_factory=list)
    """The operator's words: the branch's last step when the agent was told, the time, the text."""
    printed: dict[int, Printed] = field(default_factory=dict)
    """By step."""
    answers: list[events.ModelAnswered] = field(default_factory=list)


@dataclass
class Gathered:
    """A whole session, as far as conversations go."""

    state: State = field(default_factory=State)
    lines: dict[str, Line] = field(default_factory=dict)
    """By branch."""
    answers: dict[int, events.ModelAnswered] = field(default_factory=dict)
    """By call: the last one."""

    def line(self, branch: str) -> Line:
        """That of a branch; an empty one is begun where there is none."""
        return self.lines.setdefault(branch, Line())

    def inherited(self, branch: str) -> Line:
        """A branch's line, with instruction and model of the nearest ancestor that has them."""
        found = Line()
        for each, _ in ancestors(self.state.branches, branch):
            line = self.line(each.id)
            found.begun = line.begun or found.begun
            found.started = line.started or found.started
        found.graded = self.line(branch).graded
        return found


def gather(happened: Iterable[events.Event]) -> Gathered:
    """Read all events of a session once."""
    gathered = Gathered()
    for event in happened:
        gathered.state = apply(gathered.state, event)
        _note(gathered, event)
    return gathered


def spent(answers: Iterable[events.ModelAnswered]) -> Spent:
    """What calls took together; what is not known of one is not known of the sum."""
    calls = tuple(answers)
    known = all(call.usage for call in calls)
    usd = [call.usd for call in calls]
    return Spent(
        calls=len(calls),
        prompt_tokens=sum(map(_prompt, calls)) if known else None,
        cached_tokens=sum(call.cache_read_tokens for call in calls) if known else None,
        completion_tokens=sum(call.output_tokens for call in calls) if known else None,
        usd=None if None in usd else sum(each for each in usd if each is not None),
    )


def _prompt(call: events.ModelAnswered) -> int:
    return call.input_tokens + call.cache_read_tokens + call.cache_write_tokens + call.cache_hour_tokens


def _note(gathered: Gathered, event: events.Event) -> None:
    match event:
        case events.ConversationBegun():
            gathered.line(event.branch).begun = event
        case events.MessageAdded():
            gathered.line(event.branch).messages.append(event)
        case events.RepairStarted():
            gathered.line(event.branch).started = event
        case events.RepairGraded():
            gathered.line(event.branch).graded = event
        case events.ModelAnswered():
            gathered.line(event.branch).answers.append(event)
            gathered.answers[event.call] = event
        case events.CommandStarted():
            # A command that is run again after a crash has a new output.
            gathered.line(event.branch).printed[event.step] = Printed()
        case events.ShellOutput():
            printed = gathered.line(event.branch).printed.get(event.step)
            if printed:
                printed.add(event.data)
        case events.GuidanceDelivered():
            _told(gathered, event)
        case _:
            pass


def _told(gathered: Gathered, event: events.GuidanceDelivered) -> None:
    branch = gathered.state.branches.get(event.branch)
    for given in branch.guidance if branch else ():
        if branch and given.number == event.number:
            gathered.line(event.branch).told.append((max(branch.steps, default=0), event.at, given.text))
