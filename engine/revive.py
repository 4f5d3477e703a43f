"""A branch out of the journal: where it stood after each of its steps, as long as the snapshots are there.

Suites are not run again and models are not asked again; only what nobody was told of is done once more.
"""

from __future__ import annotations

from engine.errors import EngineError
from engine.exploration import Exploration, Moment
from engine.inversion import Line
from engine.sandbox.shell import typed
from engine.sandbox.snapshots import Snapshot
from engine.suite.report import Report, TestResult
from sessions.model import Branch, Step, Suite


async def moments(exploration: Exploration, branch: Branch, upto: int) -> list[Moment]:
    """Where a branch stood after each step up to `upto` that changed something; the first is gold.

    Raises:
        EngineError: a snapshot is gone.
    """
    found = [Moment(0, Snapshot(exploration.gold.image))]
    cwd, exports, umask = exploration.gold.test.cwd, dict[str, str](), ""
    for number in sorted(branch.steps):
        step = branch.steps[number]
        if number > upto:
            break
        tested = step.suite is not None and not step.suite.running
        if step.snapshot and (tested or exploration.repairs):
            line = Line(typed(step.command), cwd, exports, umask, step.exit_code, step.outcome, number)
            taken = await exploration.snapshots.known(step.snapshot)
            report = _report(step.suite) if step.suite else None
            found.append(Moment(number, taken, report, (*found[-1].lines, line)))
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
    return Report(suite.status, suite.detail, results, seconds=suite.seconds)
