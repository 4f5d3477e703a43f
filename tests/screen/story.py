"""A small session, event by event, and a session at work that is only these events and a list of wishes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.ledger import Budget
from sessions import events

TESTS = (
    "tests/test_files.py::test_settings",
    "tests/test_files.py::test_json",
    "tests/test_files.py::test_sqlite",
    "tests/test_numbers.py::test_double[0]",
    "tests/test_numbers.py::test_double[a b]",
    "tests/test_numbers.py::test_sum",
)
FAILURE = "FileNotFoundError: [Errno 2] No such file\n  in settings.py:3"
BEGAN = 1_795_175_391.0


def numbered(happened: Iterable[events.Event], pause: float = 0.5) -> list[events.Event]:
    """The events with their positions, and a time between them."""
    return [
        replace(event, seq=number, at=event.at or BEGAN + number * pause)
        for number, event in enumerate(happened, 1)
    ]


def began(branch: str = "b1") -> list[events.Event]:
    """A session and its first branch."""
    return [
        events.SessionStarted(
            session="20261120-114950-vz92",
            gold="tiny",
            image="sha256:" + "d7" * 32,
            agent="saboteur",
            tests=TESTS,
        ),
        events.BranchOpened(branch=branch, image="sha256:" + "d7" * 32, container="c0ffee"),
        events.ShellOutput(branch=branch, data=b"\x1b[32mroot@sandbox\x1b[0m:/app# "),
    ]


def proposed(command: str, step: int = 1, branch: str = "b1", **more: Any) -> events.Event:
    """A command the agent wants to run."""
    return events.StepProposed(branch=branch, step=step, command=command, origin="saboteur", **more)


def looked(command: str, output: bytes, step: int = 1, branch: str = "b1") -> list[events.Event]:
    """A step that only looked."""
    return [proposed(command, step, branch, intent="see what is there"), *ran(command, output, step, branch)]


def ran(command: str, output: bytes, step: int, branch: str = "b1", code: int = 0) -> list[events.Event]:
    """A command that was run."""
    return [
        events.CommandStarted(branch=branch, step=step),
        events.ShellOutput(
            branch=branch, step=step, data=command.encode() + b"\r\n" + output + b"root@sandbox:/app# "
        ),
        events.CommandEnded(
            branch=branch, step=step, outcome="done", exit_code=code, cwd="/app", seconds=0.4, umask="0022"
        ),
    ]


def broke(
    command: str,
    *broken: str,
    step: int = 2,
    branch: str = "b1",
    was: tuple[str, ...] = (),
    family: str = "data",
) -> list[events.Event]:
    """A step after which these tests are broken; `was` were so before."""
    return [
        proposed(command, step, branch, family=family, operator="data-gone", intent="no such table"),
        *ran(command, b"", step, branch),
        *reported(*broken, step=step, branch=branch, was=was),
    ]


def reported(*broken: str, step: int, branch: str = "b1", was: tuple[str, ...] = ()) -> list[events.Event]:
    """A snapshot and its suite."""
    image = f"sha256:{step:064x}"
    change = events.Change(path="/app/tiny/settings.ini", kind="removed")
    outcomes = {test: "failed" if test in broken else "passed" for test in TESTS}
    flips = tuple(
        events.Flip(test, "failed" if test in was else "passed", outcomes[test])
        for test in TESTS
        if (test in was) != (test in broken)
    )
    return [
        events.SnapshotTaken(branch=branch, step=step, image=image, changes=(change,), changed=1, size=120),
        events.SuiteStarted(branch=branch, step=step, image=image),
        *(
            events.TestReported(
                branch=branch,
                step=step,
                id=test,
                outcome=outcome,
                message="FileNotFoundError: [Errno 2] No such file\n  in settings.py:3"
                if outcome == "failed"
                else "",
            )
            for test, outcome in outcomes.items()
        ),
        events.SuiteEnded(
            branch=branch,
            step=step,
            status="complete",
            detail="",
            passed=len(TESTS) - len(broken),
            broken=len(broken),
            flips=flips,
            seconds=1.5,
        ),
    ]


def gates(*names: str, step: int = 2, branch: str = "b1", fallen: str = "") -> list[events.Event]:
    """Gates that held, and one that did not."""
    found: list[events.Event] = []
    for name in names:
        held = name != fallen
        found += [
            events.GateStarted(branch=branch, step=step, gate=name),
            events.GateEnded(
                branch=branch,
                step=step,
                gate=name,
                held=held,
                reason="3 of 3 runs alike" if held else "2 of 3 runs differ",
                seconds=4.2,
            ),
        ]
    return found


def whole() -> list[events.Event]:
    """A session from its beginning to a task."""
    return [
        *began(),
        *looked("cat tiny/settings.ini", b"[tiny]\r\nlevel = 7\r\n"),
        *broke("rm tiny/settings.ini", TESTS[0], TESTS[2]),
        events.CandidateNominated(branch="b1", step=2, by="saboteur"),
        *gates("healthy", "rebuild", "minimal", "oracle"),
        events.TaskCommitted(
            branch="b1",
            step=2,
            task="tiny-5f3a",
            path="/tmp/tasks/tiny-5f3a",
            families=("data",),
            f2p=2,
            p2p=4,
        ),
        events.BranchOpened(
            branch="b2", image="sha256:" + "d7" * 32, parent="b1", step=1, container="c0ffef"
        ),
        *broke("chmod 000 /app/tests", *TESTS[3:], step=1, branch="b2", family="permissions"),
        events.BranchClosed(branch="b2", outcome="barren"),
        events.SessionEnded(outcome="goal"),
    ]


class ScriptedLive:
    """Gives the events it is told, and remembers what was wished."""

    def __init__(self, *happened: events.Event) -> None:
        self.session = "20261120-114950-vz92"
        self.journal_path = Path("/nowhere/events.jsonl")
        self.limit = 12
        self.budget = Budget()
        self.over = False
        self.failure: BaseException | None = None
        self.wishes: list[tuple[Any, ...]] = []
        self._waiting: list[events.Event] = []
        self._count = 0
        self.happen(*happened)

    def happen(self, *happened: events.Event) -> None:
        """What the engine reports next."""
        for event in happened:
            self._count += 1
            self._waiting.append(replace(event, seq=self._count, at=BEGAN + self._count))

    def drain(self, limit: int = 2000) -> list[events.Event]:
        taken, self._waiting = self._waiting[:limit], self._waiting[limit:]
        return taken

    def stop(self) -> None:
        self.wishes.append(("stop",))
        self.over = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in WISHES:
            raise AttributeError(name)

        def wish(*words: Any, **more: Any) -> None:
            self.wishes.append((name, *words, *(value for value in more.values() if value)))

        return wish


WISHES = frozenset(
    {
        "set_mode",
        "decide",
        "guide",
        "pause",
        "interrupt",
        "fork",
        "commit",
        "discard",
        "label",
        "take_over",
        "type",
        "hand_back",
        "resize",
        "add_branch",
    }
)
