"""The conversation of a model, from the messages as they were sent and came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sessions.trajectories.gathered import spent
from sessions.trajectories.model import Block, Call, Result, Text, Thinking, Turn
from sessions.trajectories.printed import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessions.events import MessageAdded, ModelAnswered
    from sessions.model import Step

_WHOLE: Final = ("done", "paused")
"""Outcomes of answers that are all the model wanted to say."""


def turns(
    messages: Sequence[MessageAdded], answers: Mapping[int, ModelAnswered], steps: Mapping[int, Step]
) -> Iterator[Turn]:
    """One turn for each message, with what it is worth.

    A model does not learn from a call that could not be done, whether it was denied, broken off or made no
    sense, nor from what was cut off; and an answer at the end that asks for a command nobody ran is left out.
    """
    wrong = {
        result.tool_use_id for message in messages for result in _results(message.content) if result.is_error
    }
    known = {result.tool_use_id for message in messages for result in _results(message.content)}
    for place, message in enumerate(messages):
        blocks = tuple(_blocks(message.content))
        calls = [block for block in blocks if isinstance(block, Call)]
        commands = [call for call in calls if "command" in call.input]
        unanswered = any(call.id not in known for call in commands)
        if unanswered and place == len(messages) - 1:
            return
        step = message.step + 1 if message.role == "assistant" and commands else message.step
        answer = answers.get(message.call) if message.call else None
        why = ""
        if message.role == "assistant":
            why = _why(steps.get(step) if commands else None, any(call.id in wrong for call in calls), answer)
        yield Turn(
            role=message.role,
            blocks=blocks,
            train=message.role == "assistant" and not why,
            why=why,
            step=step,
            at=message.at,
            model=answer.model if answer else "",
            spent=spent([answer]) if answer else None,
        )


def before_fork(messages: Sequence[MessageAdded], step: int) -> Sequence[MessageAdded]:
    """The messages a branch that forks at `step` begins with: up to the last the model was told by then.

    An answer that asks for the next step was given at the same step, and is not part of it.
    """
    places = [place for place, each in enumerate(messages) if each.role == "user" and each.step <= step]
    return messages[: places[-1] + 1] if places else ()


def _why(step: Step | None, wrong: bool, answer: ModelAnswered | None) -> str:
    if answer and answer.outcome not in _WHOLE:
        return answer.outcome
    if step and step.outcome and step.outcome != "done":
        return step.outcome
    return "error" if wrong else ""


def _results(content: Sequence[dict[str, object]]) -> Iterator[Result]:
    return (block for block in _blocks(content) if isinstance(block, Result))


def _blocks(content: Sequence[dict[str, object]]) -> Iterator[Block]:
    """The blocks we know; pictures, and thoughts the server keeps to itself, teach nothing in words."""
    for block in content:
        match block:
            case {"type": "text", "text": str(text)}:
                yield Text(plain(text))
            case {"type": "thinking", "thinking": str(text)}:
                yield Thinking(plain(text), str(block.get("signature") or ""))
            case {"type": "tool_use", "id": str(id), "name": str(name), "input": dict(given)}:
                yield Call(id, name, given)
            case {"type": "tool_result", "tool_use_id": str(id)}:
                told = _told(block.get("content"))
                yield Result(tool_use_id=id, content=told, is_error=block.get("is_error") is True)
            case _:
                continue


def _told(content: object) -> str:
    if isinstance(content, str):
        return plain(content)
    parts = content if isinstance(content, list | tuple) else ()
    texts = [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    return plain("\n".join(texts))
