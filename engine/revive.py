"""A branch out of the journal: where it stood after each of its steps, as long as the snapshots are there.

Suites are not run again and models are not asked again; only what nobody was told of is done once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.errors import EngineError
from engine.exploration import Exploration, Moment
from engine.faults.model import Fault
from engine.inversion import lines
from engine.sandbox.snapshots import Snapshot
from engine.suite.report import Report, TestResult
from sessions.lineage import ancestors, state_changing
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
    steps = [step for number, step in sorted(branch.steps.items()) if number <= upto]
    last = max((step.number for step in steps if step.ran), default=0)
    if not exploration.repairs:
        # Where a process ended before the report, the next one went on from the snapshot before that step.
        steps = [one for one in steps if not one.snapshot or _tested(one) or one.number in (retested, last)]
    for step, line in zip(state_changing(steps), lines(steps), strict=True):
        suite = _tested(step)
        if suite is None and step.number != retested and not exploration.repairs:
            raise EngineError(f"the suite after step {step.number} of {branch.id} did not come to its end")
        before = found[-1]
        fault = faults.get(f"{step.operator}:{step.target}") if step.verdict != "edited" else None
        found.append(
            Moment(
                step.number,
                await exploration.snapshots.known(step.snapshot or ""),
                _report(suite) if suite else None,
                (*before.lines, line),
                (*before.faults, fault) if fault else before.faults,
            )
        )
    return found


def _tested(step: Step) -> Suite | None:
    """The suite after a step, if it came to its end."""
    suite = step.suite
    return None if suite is None or suite.running or suite.status == "abandoned" else suite


def _report(suite: Suite) -> Report:
    results = {
        test: TestResult(test, str(outcome), 0.0, str(suite.messages.get(test) or ""))
        for test, outcome in suite.outcomes.items()
    }
    return Report(suite.status, suite.detail, results, suite.errors, seconds=suite.seconds)
