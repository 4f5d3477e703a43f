"""A headless run that is a list of events: what the engine would say, without an engine.

As a program (`python -m tests.cli.scripted HOW FORMAT`) it is shown by the real command.
"""

from __future__ import annotations

import asyncio
import sys
import time
from types import SimpleNamespace

from cligym_tui import auto_command
from cligym_tui.background import Watch
from engine.errors import EngineError, LimitReached, UsageError
from sessions import events as ev

SESSION = "20261120-104930-k3vm"
TESTS = ("tests/test_a.py::test_one", "tests/test_a.py::test_two[[/bold]]", "tests/test_b.py::test_three")
HOSTILE = "[/bold]\x1b]52;c;aGk=\x07\x1b[2J\x9b31m\u202e\nnext"
AT = 1_795_000_000.0

FLIPS = (ev.Flip(TESTS[0], "passed", "failed"), ev.Flip(TESTS[1], "passed", "error"))

STORY: tuple[ev.Event, ...] = (
    ev.SessionStarted(
        session=SESSION, gold="dotenv", image="sha256:0", agent="saboteur", seed=7, tests=TESTS
    ),
    ev.BranchOpened(branch="b1", image="sha256:0"),
    ev.StepProposed(
        branch="b1", step=1, command=f"rm {HOSTILE}", origin="saboteur", family="dependencies", intent="x"
    ),
    ev.CommandStarted(branch="b1", step=1),
    ev.ShellOutput(branch="b1", step=1, data=HOSTILE.encode()),
    ev.CommandEnded(branch="b1", step=1, outcome="done", exit_code=0, cwd="/app", seconds=0.1),
    ev.SuiteStarted(branch="b1", step=1, image="sha256:1"),
    ev.TestReported(branch="b1", step=1, id=TESTS[0], outcome="failed", message=HOSTILE),
    ev.SuiteEnded(
        branch="b1", step=1, status="complete", detail="", passed=1, broken=2, flips=FLIPS, seconds=1.0
    ),
    ev.CandidateNominated(branch="b1", step=1, by="saboteur"),
    ev.GateStarted(branch="b1", step=1, gate="rebuild"),
    ev.GateEnded(branch="b1", step=1, gate="rebuild", held=True, reason="2 tests fail", seconds=2.5),
    ev.TaskCommitted(
        branch="b1", step=1, task="t1", path="tasks/harbor/t1", families=("dependencies",), f2p=2, p2p=1
    ),
    ev.BranchClosed(branch="b1", outcome="committed"),
    ev.BranchOpened(branch="b2", image="sha256:0"),
    ev.StepProposed(branch="b2", step=1, command="chmod 0 x", origin="saboteur", family="permissions"),
    ev.CommandEnded(branch="b2", step=1, outcome="done", exit_code=0, cwd="/app", seconds=0.1),
    ev.SuiteStarted(branch="b2", step=1, image="sha256:2"),
    ev.SuiteEnded(
        branch="b2", step=1, status="died", detail="killed", passed=0, broken=3, flips=FLIPS[:1], seconds=1.0
    ),
    ev.CandidateNominated(branch="b2", step=1, by="saboteur"),
    ev.GateStarted(branch="b2", step=1, gate="oracle"),
    ev.GateEnded(branch="b2", step=1, gate="oracle", held=False, reason=HOSTILE, seconds=1.5),
    ev.CandidateFell(branch="b2", step=1, gate="oracle", reason=HOSTILE),
    ev.BranchOpened(branch="b3", image="sha256:0"),
    ev.StepProposed(branch="b3", step=1, command="true", origin="saboteur", family="network"),
    ev.CommandStarted(branch="b3", step=1),
)


def story() -> list[ev.Event]:
    """The events as a journal would have numbered them."""
    import msgspec

    return [msgspec.structs.replace(event, seq=n, at=AT + n) for n, event in enumerate(STORY, 1)]


def result(code: int = 0, outcome: str = "goal", detail: str = "") -> ev.Result:
    """What the engine would return."""
    return ev.Result(
        exit_code=code,
        outcome=outcome,
        detail=detail,
        tasks=("tasks/harbor/t1",),
        attempts=3,
        flipped=2,
        proven=1,
        seconds=65.0,
        session=SESSION,
    )


async def run(how: str, watch: Watch, stop: asyncio.Event) -> ev.Result:
    """End in one of several ways."""
    if how == "refused":
        raise UsageError("there is no gold environment 'x'", "make one")
    for event in story():
        watch(event)
    match how:
        case "goal":
            return result()
        case "short":
            return result(1, "short", "every fault was tried")
        case "limit":
            return result(5, "limit", "10 minutes are over")
        case "engine":
            raise ExceptionGroup(
                "tasks", [ValueError("x"), EngineError("the Docker Engine does not answer", "start it")]
            )
        case "limited":
            raise LimitReached("10 minutes are over")
        case "crash":
            raise KeyError(HOSTILE)
        case "flood":
            while not stop.is_set():
                watch(ev.ShellOutput(branch="b3", step=1, data=b"x" * 1000))
                await asyncio.sleep(0)
            return result(130, "interrupted", "interrupted")
        case "patient":
            await stop.wait()
            return result(130, "interrupted", "interrupted")
        case "stubborn":
            await asyncio.Event().wait()
        case "stuck":
            await asyncio.to_thread(time.sleep, 120)
        case "deaf":
            time.sleep(120)  # noqa: ASYNC251 - that is the point: a loop that answers nobody
    raise AssertionError(how)


if __name__ == "__main__":
    from cligym_tui import cli

    way, form = sys.argv[1:]
    asked = SimpleNamespace(
        auto="dotenv", tasks=3, agent="saboteur", seed=7, out="/nonexistent", max_minutes=None, format=form
    )
    cli.run = lambda argv: auto_command.show(lambda watch, stop: run(way, watch, stop), asked)
    cli.main()
