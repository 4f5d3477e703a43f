"""Small sessions, event by event: repairs without a model and with one, denied, steered and forked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from sessions import events as ev
from sessions.journal import Journal
from sessions.trajectories.fold import trajectories
from sessions.trajectories.model import Trajectory

INSTRUCTION = "The tests used to pass; now they do not. Please repair the environment."
SYSTEM = "You repair environments."
BASH = {
    "name": "bash",
    "description": "Run a command.",
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
}
PROMPT = b"\x1b[?2004h\x1b]133;A\x07root@sandbox:/app# \x1b]133;B;1\x07"


def started(session: str = "s1", gold: str = "tiny", agent: str = "oracle") -> ev.Event:
    return ev.SessionStarted(
        session=session, gold=gold, image="sha256:aa", agent=agent, version="0.1.0", tests=("t1", "t2")
    )


def opened(branch: str = "b1", solver: str = "oracle", task: str = "tiny-1", **more: Any) -> list[ev.Event]:
    return [
        ev.RepairStarted(branch=branch, task=task, path="/t", solver=solver, instruction=INSTRUCTION, **more),
        ev.BranchOpened(branch=branch, image="sha256:bb"),
    ]


def ran(
    command: str,
    output: bytes = b"",
    step: int = 1,
    branch: str = "b1",
    code: int | None = 0,
    outcome: str = "done",
    origin: str = "oracle",
    intent: str = "",
) -> list[ev.Event]:
    """A command as the real shell records it: an echo, an output, a prompt."""
    shown = PROMPT + command.encode() + b"\r\n\x1b[?2004l\r" + output + PROMPT
    return [
        ev.StepProposed(branch=branch, step=step, command=command, origin=origin, intent=intent),
        ev.CommandStarted(branch=branch, step=step),
        ev.ShellOutput(branch=branch, step=step, data=shown[:30]),
        ev.ShellOutput(branch=branch, step=step, data=shown[30:]),
        ev.CommandEnded(branch=branch, step=step, outcome=outcome, exit_code=code, cwd="/app", seconds=0.5),
    ]


def graded(reward: float, branch: str = "b1", step: int = 2) -> list[ev.Event]:
    outcome = "solved" if reward >= 1 else "unsolved"
    return [
        ev.RepairGraded(branch=branch, step=step, reward=reward, outcome=outcome),
        ev.BranchClosed(branch=branch, outcome="graded"),
    ]


def oracle(session: str = "s1", gold: str = "tiny", reward: float = 1.0) -> list[ev.Event]:
    """Two commands and a grade."""
    return [
        started(session, gold),
        *opened(),
        *ran("ls /opt", b"\x1b[01;34mvenv\x1b[0m\r\n", 1, intent="Look."),
        *ran("chmod 755 /opt/venv", b"", 2),
        *graded(reward),
        ev.SessionEnded(outcome="goal"),
    ]


def said(role: str, *blocks: dict[str, Any], step: int, call: int = 0, branch: str = "b1") -> ev.Event:
    return ev.MessageAdded(branch=branch, role=role, content=blocks, step=step, call=call)


def asked(call: int, command: str, step: int, branch: str = "b1", text: str = "I look.") -> list[ev.Event]:
    """A call of the model's and the answer: a thought, words, a command; `step` is the last one before it."""
    return [
        ev.ModelAsked(call=call, purpose="repair", model="m", branch=branch, step=step),
        ev.ModelAnswered(
            call=call,
            outcome="done",
            model="m-1",
            branch=branch,
            input_tokens=10,
            cache_read_tokens=5,
            output_tokens=3,
            usd=0.25,
        ),
        said(
            "assistant",
            {"type": "thinking", "thinking": "hm \x1b[1mwell", "signature": "sig"},
            {"type": "text", "text": text},
            {
                "type": "tool_use",
                "id": f"toolu_{branch}_{call}",
                "name": "bash",
                "input": {"command": command},
            },
            step=step,
            call=call,
            branch=branch,
        ),
    ]


def answered(
    call: int, output: str, step: int, branch: str = "b1", error: bool = False, more: str = ""
) -> ev.Event:
    """What the model is told of its call."""
    result: dict[str, Any] = {"type": "tool_result", "tool_use_id": f"toolu_{branch}_{call}"}
    result["content"] = [{"type": "text", "text": output}]
    if error:
        result["is_error"] = True
    words = [{"type": "text", "text": more}] if more else []
    return said("user", result, *words, step=step, branch=branch)


def model(session: str = "s2", gold: str = "tiny", forks: bool = True) -> list[ev.Event]:
    """A model tries, is denied, is steered, fails; a fork from its first step succeeds."""
    happened = [
        started(session, gold, "claude"),
        *opened(solver="claude"),
        ev.ConversationBegun(branch="b1", purpose="repair", model="m", system=SYSTEM, tools=(BASH,)),
        said("user", {"type": "text", "text": INSTRUCTION}, step=0),
        *asked(1, "ls", 0),
        *ran("ls", b"a\r\n", 1, origin="claude"),
        answered(1, "a\n\nexit code 0", 1),
        *asked(2, "rm -rf /", 1),
        ev.StepProposed(branch="b1", step=2, command="rm -rf /", origin="claude"),
        ev.StepHeld(branch="b1", step=2),
        ev.StepDecided(branch="b1", step=2, verdict="denied", reason="no"),
        answered(2, "denied: no", 2, error=True, more="Look at /opt instead."),
        *asked(3, "sleep 99", 2),
        *ran("sleep 99", b"", 3, outcome="timeout", code=None, origin="claude"),
        answered(3, "ended", 3),
        *asked(4, "true", 3),
        *ran("true", b"", 4, origin="claude"),
        answered(4, "exit code 0", 4),
        said("assistant", {"type": "text", "text": "I give up."}, step=4, call=0),
        *graded(0.0, step=4),
    ]
    if forks:
        happened += [
            ev.BranchOpened(branch="b2", image="sha256:cc", parent="b1", step=1),
            *asked(5, "chmod 755 /opt", 0, "b2"),
            *ran("chmod 755 /opt", b"", 1, "b2", origin="claude"),
            answered(5, "exit code 0", 1, "b2"),
            said("assistant", {"type": "text", "text": "Done."}, step=1, branch="b2"),
            *graded(1.0, "b2", 1),
        ]
    return [*happened, ev.SessionEnded(outcome="goal")]


def recorded(happened: list[ev.Event], path: Path) -> Path:
    """The events, written by the real journal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Journal(path) as journal:
        for event in happened:
            journal.append(event)
    return path


def told(happened: list[ev.Event]) -> tuple[Trajectory, ...]:
    """The trajectories of events that get a number and a time."""
    return trajectories(
        replace(event, seq=number, at=1_000_000.0 + number) for number, event in enumerate(happened, 1)
    )
