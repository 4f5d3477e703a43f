"""A conversation that only grows, message by message, into the journal; and out of the journal again.

What was sent never changes, so the server finds it in its cache. A branch that forks carries the messages of
its parent up to that step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.models.answer import REFUSED, Answer, Ask, Block
from engine.models.service import Note, Service
from sessions import events

INTERRUPTED = "This was interrupted and did not run."
"""What a call of a tool is answered with when nobody else did."""

AGAIN = (
    "The container was started again with its files as they were; the shell is a new one, in its first "
    "directory and without your variables."
)
"""What a model is told that goes on in a later process."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn, or part of one."""

    role: str
    content: tuple[Block, ...]
    step: int = 0
    """The branch's last step at that time."""
    call: int = 0
    stop_reason: str = ""
    """Why the model stopped there."""


@dataclass
class Conversation:
    """What was said on one branch, and how to say more."""

    branch: str
    purpose: str
    model: str
    system: str
    tools: tuple[dict[str, Any], ...]
    note: Note
    messages: list[Message] = field(default_factory=list)
    step: int = 0
    """The branch's last step, kept by whoever owns the conversation."""
    shared: int = 0
    """Messages it began with. They are from before the branch's step 0; their steps are other branches'."""

    def begin(self) -> None:
        """Write down that a model is put to work."""
        begun = events.ConversationBegun(
            branch=self.branch, purpose=self.purpose, model=self.model, system=self.system, tools=self.tools
        )
        self.note(begun)

    def tell(self, text: str) -> None:
        """Words for the model."""
        self._add("user", ({"type": "text", "text": text or "(nothing)"},))

    def result(self, tool: str, text: str, *, error: bool = False) -> None:
        """What the call of a tool led to."""
        block: Block = {"type": "tool_result", "tool_use_id": tool, "content": text or "(no output)"}
        self._add("user", ({**block, "is_error": True} if error else block,))

    async def ask(self, service: Service, *, model: str = "", max_tokens: int = 8192) -> Answer:
        """The model's next turn, which belongs to the conversation from then on, unless it was refused.

        Calls of tools that nobody answered are answered with `INTERRUPTED` first. A conversation that ends
        with the model's own words needs some of yours (`tell`) first, unless that answer was `paused`.

        Raises:
            LimitReached, ModelError: see `Service.ask`.
        """
        for tool in self.open():
            self.result(tool, INTERRUPTED, error=True)
        request = Ask(
            model=model or self.model,
            messages=self.rendered(),
            purpose=self.purpose,
            system=self.system,
            tools=self.tools,
            max_tokens=max_tokens,
            branch=self.branch,
            step=self.step,
        )
        return await service.ask(request, self._heard)

    def _heard(self, answer: Answer) -> None:
        # A refused turn must not be there when the conversation goes on; the rest has to be whole.
        if answer.outcome != REFUSED and answer.content:
            self._add("assistant", answer.content, answer.call, answer.stop_reason)

    def open(self) -> list[str]:
        """Ids of calls of tools that have no result, oldest first."""
        calls, results = [], set()
        for message in self.messages:
            for block in message.content:
                if block["type"] == "tool_use":
                    calls.append(str(block["id"]))
                elif block["type"] == "tool_result":
                    results.add(block["tool_use_id"])
        return [one for one in calls if one not in results]

    def last(self) -> Message | None:
        """The newest message."""
        return self.messages[-1] if self.messages else None

    def rendered(self) -> tuple[dict[str, Any], ...]:
        """As the Messages API takes it: turns take turns, and results come before words."""
        turns: list[tuple[str, list[Block]]] = []
        for message in self.messages:
            if turns and turns[-1][0] == message.role:
                turns[-1][1].extend(message.content)
            else:
                turns.append((message.role, list(message.content)))
        return tuple(
            {"role": role, "content": sorted(blocks, key=_after) if role == "user" else blocks}
            for role, blocks in turns
        )

    def forked(self, branch: str, step: int) -> Conversation:
        """The same up to `step`, for a branch that goes on from there; the journal has it by the fork."""
        own = [message for message in self.messages[self.shared :] if message.step <= step]
        while own and own[-1].role == "assistant" and own[-1].step == step:
            own.pop()  # what it was about to do next belongs to the other branch
        told = [*self.messages[: self.shared], *own]
        return Conversation(
            branch, self.purpose, self.model, self.system, self.tools, self.note, told, step, len(told)
        )

    def _add(self, role: str, content: tuple[Block, ...], call: int = 0, stop_reason: str = "") -> None:
        message = Message(role, content, self.step, call, stop_reason)
        self.messages.append(message)
        added = events.MessageAdded(
            branch=self.branch, role=role, content=content, step=self.step, call=call, stop_reason=stop_reason
        )
        self.note(added)


def _after(block: Block) -> bool:
    return bool(block["type"] != "tool_result")


def rebuilt(happened: Iterable[events.Event], branch: str, note: Note) -> Conversation | None:
    """The conversation of a branch as the journal has it; None when no model worked there."""
    known: dict[str, Conversation] = {}
    forks: dict[str, tuple[str, int]] = {}
    for event in happened:
        if isinstance(event, events.BranchOpened):
            forks.setdefault(event.branch, (event.parent, event.step))
        elif isinstance(event, events.ConversationBegun) and event.branch not in known:
            parent, step = forks.get(event.branch, ("", 0))
            before = known[parent].forked(event.branch, step).messages if parent in known else []
            known[event.branch] = Conversation(
                event.branch,
                event.purpose,
                event.model,
                event.system,
                event.tools,
                note,
                before,
                shared=len(before),
            )
        elif isinstance(event, events.MessageAdded) and event.branch in known:
            talk = known[event.branch]
            talk.messages.append(
                Message(event.role, event.content, event.step, event.call, event.stop_reason)
            )
            talk.step = max(talk.step, event.step)
    return known.get(branch)
