"""The conversation of an agent that is no model: its commands as a tool's calls, with what they printed.

Told is what a model in its place would be told: exit code, clipped output, tests that flipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sessions.trajectories.model import Block, Call, Result, Text, Tool, Turn, safe
from sessions.trajectories.printed import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessions.model import State, Step
    from sessions.trajectories.gathered import Line

BASH: Final = Tool(
    name="bash",
    description="Run a command in the container's shell, which keeps its directory and variables.",
    input_schema={
        "type": "object",
        "properties": {"command": {"type": "string", "description": "The command, as one would type it."}},
        "required": ["command"],
        "additionalProperties": False,
    },
)

EXPLORE: Final = (
    "All {tests} tests of {project} pass in this container. Break its environment, not the project, as "
    "could happen in real life, so that some of them fail. Run one command at a time; after each you are "
    "told which tests flipped."
)
"""The instruction of an exploration by whoever needs none."""

FLIPS: Final = 20
"""Tests that are named in one result."""

_ENDED: Final = {
    "timeout": "The command took too long and was ended.",
    "interrupted": "The command was interrupted.",
    "incomplete": "The shell waited for more input, and the command was ended.",
    "lost": "The command ended the shell; there is a new one.",
}
"""What is said of a command that did not end by itself."""

_DONE: Final = {
    "repair": "The environment is repaired.",
    "explore": "The environment is broken: this is a candidate.",
}


def opening(text: str, at: float) -> Turn:
    """The turn an agent is given its work with."""
    return Turn(role="user", blocks=(Text(text),), at=at)


def closing(purpose: str, outcome: str, solved: bool, at: float) -> Turn:
    """The turn with which it stops."""
    text = _DONE[purpose] if solved else "I stop here."
    return Turn(role="assistant", blocks=(Text(text),), train=solved, why="" if solved else outcome, at=at)


def turns(state: State, branch: str, line: Line, last: int | None, agent: str) -> Iterator[Turn]:
    """What happened on a branch, up to the step `last`; the operator's words are the user's."""
    words = list(line.told)
    for number, step in sorted(state.branches[branch].steps.items()):
        if last is not None and number > last:
            break
        while words and words[0][0] < number:
            yield _told(words.pop(0))
        yield from _step(step, line, agent)
    yield from (_told(each) for each in words if last is None or each[0] < last)


def _told(word: tuple[int, float, str]) -> Turn:
    step, at, text = word
    return Turn(role="user", blocks=(Text(plain(text)),), step=step, at=at)


def _step(step: Step, line: Line, agent: str) -> Iterator[Turn]:
    if not step.outcome or step.outcome == "abandoned":
        return
    printed = line.printed.get(step.number)
    output = printed.text(step.command) if printed else ""
    told = _result(step, output)
    at = step.started or step.proposed
    if step.origin == "operator" and agent != "operator":
        yield Turn(
            role="user",
            blocks=(Text(f"I ran this by hand:\n\n{step.command}\n\n{told}".rstrip()),),
            step=step.number,
            origin=step.origin,
            at=at,
        )
        return
    call = safe(f"{step.branch}-{step.number}")
    # Of hands at a keyboard the intent says no more than that.
    said: tuple[Block, ...] = (Text(plain(step.intent)),) if step.intent and step.origin != "operator" else ()
    done = step.outcome == "done"
    yield Turn(
        role="assistant",
        blocks=(*said, Call(call, BASH.name, {"command": step.command})),
        train=done,
        why="" if done else step.outcome,
        step=step.number,
        origin=step.origin,
        at=step.proposed,
    )
    result = Result(tool_use_id=call, content=told, is_error=not done)
    yield Turn(role="user", blocks=(result,), step=step.number, at=at + step.seconds)


def _result(step: Step, output: str) -> str:
    if step.outcome == "denied":
        because = f" The reason: {plain(step.reason)}" if step.reason else ""
        return f"The operator did not allow this command.{because}"
    parts = [output] if output else []
    if step.outcome in _ENDED:
        parts.append(_ENDED[step.outcome])
    parts.append("Exit code: " + ("unknown" if step.exit_code is None else str(step.exit_code)))
    if step.flips:
        named = [f"{flip.id}: {flip.before}, now {flip.after}" for flip in step.flips[:FLIPS]]
        if len(step.flips) > FLIPS:
            named.append(f"and {len(step.flips) - FLIPS} more")
        parts.append("Tests that flipped:\n" + "\n".join(named))
    return "\n\n".join(parts)
