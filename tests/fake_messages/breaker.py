"""A policy that works like a person with a plan: looks, does what was planned, sees tests fail, nominates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fake_messages.replies import Block, Reply, text, thinking, tool


@dataclass
class Breaker:
    """Goes through its commands on every branch and nominates; where it is, the request tells."""

    commands: Sequence[str]
    family: str = "environment"
    intent: str = "A setting was changed and not changed back."
    recovery: str = "Put the setting back."
    words: Callable[[str], dict[str, str]] | None = None
    """What it writes of a candidate, given the report and the hints."""
    only: dict[str, Sequence[str]] = field(default_factory=dict)
    """Other commands for conversations in which these words occur."""

    def __call__(self, body: dict[str, Any]) -> Reply | list[Block]:
        """The next thing to say."""
        if {one["name"] for one in body.get("tools", ())} == {"write"}:
            told = body["messages"][0]["content"][0]["text"]
            return [tool("write", **self.words(told)) if self.words else text("I have no words.")]
        told = str(body["messages"])
        commands = next((self.only[words] for words in self.only if words in told), self.commands)
        done = sum(
            block.get("type") == "tool_use" and block["name"] == "bash" and not self._undone(block, body)
            for message in body["messages"]
            for block in message["content"]
            if isinstance(block, dict)
        )
        if done < len(commands):
            return [
                thinking(f"Step {done + 1} of {len(commands)}."),
                text(f"I do number {done + 1}."),
                tool("bash", command=commands[done], why=f"number {done + 1}"),
            ]
        if "ceased to pass" not in told:
            return [tool("give_up", reason="no test felt it")]
        return [
            text("This is good."),
            tool("nominate", family=self.family, intent=self.intent, recovery=self.recovery),
        ]

    @staticmethod
    def _undone(call: Block, body: dict[str, Any]) -> bool:
        """Whether a call was answered with an error."""
        return any(
            block.get("tool_use_id") == call["id"] and block.get("is_error")
            for message in body["messages"]
            for block in message["content"]
            if isinstance(block, dict)
        )
