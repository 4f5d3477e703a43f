"""The part of the fold about steps: proposals, commands, snapshots and suites.

Each function takes the state before and an event, and returns the fields of the state that change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from sessions import events
from sessions.model import State, Step, Suite

Changes = dict[str, Any]
Handler = Callable[[State, Any], Changes]

PASSED = "passed"
MOST_CELLS = 1000
"""Largest width or height of a terminal that is believed."""


def _step_proposed(state: State, event: events.StepProposed) -> Changes:
    branch = state.branches.get(event.branch)
    if branch is None:
        return {}
    known = branch.steps.get(event.step)
    # A proposal nobody ran makes room for the next one of its number, and so does a command that was under
    # way when the session was killed: its branch goes on from the snapshot before it.
    if known and (known.running or known.outcome) and known.outcome != "abandoned":
        return {}
    step = Step(
        branch=event.branch,
        number=event.step,
        command=event.command,
        origin=event.origin,
        operator=event.operator,
        target=event.target,
        family=event.family,
        intent=event.intent,
        proposed=event.at,
    )
    steps = {number: _undone(one) for number, one in branch.steps.items()}
    changed = replace(branch, steps={**steps, event.step: step})
    return {"branches": {**state.branches, branch.id: changed}}


def _undone(step: Step) -> Step:
    """The step to a later one: of a change whose suite was cut off nobody was told, so it is done anew."""
    if step.suite is None or step.suite.status != "abandoned":
        return step
    return replace(step, outcome="abandoned", snapshot=None, changes=(), changed=0, size=0)


def _command_started(state: State, event: events.CommandStarted) -> Changes:
    step = state.step(event.branch, event.step)
    if step is None or step.outcome:
        return {}
    began = replace(
        step,
        running=True,
        started=event.at,
        began_cwd=event.cwd,
        began_exports=event.exports,
        began_umask=event.umask,
    )
    return _with(state, began)


def _shell_output(state: State, event: events.ShellOutput) -> Changes:
    counters = state.counters
    return {"counters": replace(counters, output_bytes=counters.output_bytes + len(event.data))}


def _shell_lost(state: State, event: events.ShellLost) -> Changes:
    branch = state.branches.get(event.branch)
    if branch is None:
        return {}
    lost = replace(branch, shell=event.program, shells_lost=branch.shells_lost + 1)
    return {"branches": {**state.branches, branch.id: lost}}


def _shell_resized(state: State, event: events.ShellResized) -> Changes:
    branch = state.branches.get(event.branch)
    # A size no terminal has would cost a screen its memory.
    if branch is None or not (0 < event.columns <= MOST_CELLS and 0 < event.rows <= MOST_CELLS):
        return {}
    resized = replace(branch, columns=event.columns, rows=event.rows)
    return {"branches": {**state.branches, branch.id: resized}}


def _command_ended(state: State, event: events.CommandEnded) -> Changes:
    step = state.step(event.branch, event.step)
    if step is None or step.outcome:
        return {}
    ended = replace(
        step,
        running=False,
        started=step.started or event.at,
        outcome=event.outcome,
        exit_code=event.exit_code,
        cwd=event.cwd,
        exports=event.exports,
        umask=event.umask,
        seconds=event.seconds,
        output_bytes=event.output_bytes,
        dropped_bytes=event.dropped_bytes,
    )
    return _with(state, ended)


def _snapshot_taken(state: State, event: events.SnapshotTaken) -> Changes:
    step = state.step(event.branch, event.step)
    if step is None:
        return {}
    taken = replace(step, snapshot=event.image, changes=event.changes, changed=event.changed, size=event.size)
    return _with(state, taken)


def _suite_started(state: State, event: events.SuiteStarted) -> Changes:
    step = state.step(event.branch, event.step)
    # A gate runs the suite on the same step: that is the candidate's evidence, not the step's report.
    if step is None or event.purpose != "step":
        return {}
    return _with(state, replace(step, suite=Suite(image=event.image)))


def _test_reported(state: State, event: events.TestReported) -> Changes:
    step = state.step(event.branch, event.step)
    if step is None or step.suite is None or not step.suite.running:
        return {}
    suite = step.suite
    outcomes = suite.outcomes.put(event.id, event.outcome)
    if event.message and event.outcome != PASSED:
        suite = replace(suite, outcomes=outcomes, messages=suite.messages.put(event.id, event.message))
    else:
        suite = replace(suite, outcomes=outcomes)
    return _with(state, replace(step, suite=suite))


def _suite_ended(state: State, event: events.SuiteEnded) -> Changes:
    step = state.step(event.branch, event.step)
    if step is None or step.suite is None or not step.suite.running:
        return {}
    suite = replace(
        step.suite,
        outcomes=step.suite.outcomes.settled(),
        messages=step.suite.messages.settled(),
        running=False,
        status=event.status,
        detail=event.detail,
        passed=event.passed,
        broken=event.broken,
        flips=event.flips,
        seconds=event.seconds,
        errors=event.errors,
    )
    changes = _with(state, replace(step, suite=suite))
    before = state.branches[event.branch].steps.values()
    if event.flips and not any(step.flips for step in before):
        changes["counters"] = replace(state.counters, flipped=state.counters.flipped + 1)
    return changes


def abandon(step: Step, *, suite: bool) -> Step:
    """The step when nobody waits any longer for its command, nor, if `suite`, for its report."""
    if step.running or step.held:
        step = replace(step, running=False, held=False, outcome="abandoned")
    due = step.suite or (Suite(image=step.snapshot) if step.snapshot else None)
    if suite and due and due.running:
        step = replace(step, suite=replace(due, running=False, status="abandoned"))
    return step


def _with(state: State, step: Step) -> Changes:
    branch = state.branches[step.branch]
    changed = replace(branch, steps={**branch.steps, step.number: step})
    return {"branches": {**state.branches, step.branch: changed}}


HANDLERS: Final[dict[type[events.Event], Handler]] = {
    events.StepProposed: _step_proposed,
    events.CommandStarted: _command_started,
    events.ShellOutput: _shell_output,
    events.ShellLost: _shell_lost,
    events.ShellResized: _shell_resized,
    events.CommandEnded: _command_ended,
    events.SnapshotTaken: _snapshot_taken,
    events.SuiteStarted: _suite_started,
    events.TestReported: _test_reported,
    events.SuiteEnded: _suite_ended,
}
