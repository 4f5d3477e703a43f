"""A branch out of the journal: where it stood after each of its steps, as long as the snapshots are there.

Suites are not run again and models are not asked again; only what nobody was told of is done once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.errors import EngineError
from engine.exploration import Exploration, Moment
from engine.faults.model import Fault
from engine.inversion import Line
from engine.sandbox.shell import typed
from engine.sandbox.snapshots import Snapshot
from engine.suite.report import Report, TestResult
from sessions.lineage import ancestors
from sessions.model import Branch, Step, Suite


async def moments(
    exploration: Exploration,
    branch: Branch,
    upto: int,
    others: Mapping[str, Branch] | None = None,
    faults: Mapping[str, Fault] | None = None,
    retested: int = 0,
) -> list[Moment]:
    """Where a branch stood after each step up to `upto` that changed something; the first is its beginning.

    Args:
        exploration: the session at work.
        branch: as the journal has it.
        upto: the last step that counts.
        others: the branches it may fork from, by name.
        faults: the catalogue's, by key.
        retested: a step on which the suite will be run again if it did not come to its end.

    Raises:
        EngineError: a snapshot is gone, or the suite after the last step did not come to its end.
    """
    found = [Moment(0, Snapshot(exploration.gold.image))]
    for each, last in ancestors({**(others or {}), branch.id: branch}, branch.id, upto):
        own = retested if each is branch else 0
        found = await _along(exploration, each, last or 0, replace(found[-1], step=0), faults or {}, own)
    return found


async def _along(
    exploration: Exploration,
    branch: Branch,
    upto: int,
    start: Moment,
    faults: Mapping[str, Fault],
    retested: int,
) -> list[Moment]:
    """The part of it that is the branch's own, from `start`."""
    found = [start]
    cwd, exports, umask = exploration.gold.test.cwd, dict[str, str](), ""
    last = max((number for number, step in branch.steps.items() if number <= upto and ran(step)), default=0)
    for number in sorted(branch.steps):
        step = branch.steps[number]
        if number > upto:
            break
        untested = step.suite is None or step.suite.running or step.suite.status == "abandoned"
        if step.snapshot and untested and number not in (retested, last) and not exploration.repairs:
            continue  # its process ended before the report: the next one went on from the snapshot before it
        if step.snapshot and (not untested or number == retested or exploration.repairs):
            before = found[-1]
            line = Line(typed(step.command), cwd, exports, umask, step.exit_code, step.outcome, number)
            if step.by_hand:
                line = Line(step.command, "/", step=number)
            fault = faults.get(f"{step.operator}:{step.target}") if step.verdict != "edited" else None
            found.append(
                Moment(
                    number,
                    await exploration.snapshots.known(step.snapshot),
                    None if untested or step.suite is None else _report(step.suite),
                    (*before.lines, line),
                    (*before.faults, fault) if fault else before.faults,
                )
            )
        elif step.snapshot:
            raise EngineError(f"the suite after step {number} of {branch.id} did not come to its end")
        if ran(step):
            cwd, exports, umask = step.cwd or cwd, dict(step.exports), step.umask
    return found


def ran(step: Step) -> bool:
    """Whether a step's command came to an end."""
    return step.outcome not in ("", "denied", "abandoned")


def _report(suite: Suite) -> Report:
    results = {
        test: TestResult(test, str(outcome), 0.0, str(suite.messages.get(test) or ""))
        for test, outcome in suite.outcomes.items()
    }
    return Report(suite.status, suite.detail, results, suite.errors, seconds=suite.seconds)
