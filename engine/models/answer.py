"""What a call to a model comes to, in types: an answer, or one of the failures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

DONE, CUT, PAUSED, REFUSED, FULL, ODD = "done", "cut", "paused", "refused", "full", "odd"
"""Outcomes of a call that was answered.

`cut`: at the limit of tokens, perhaps in a tool's arguments; `paused`: asked again unchanged it goes on;
`full`: the conversation fits no longer; `odd`: it stopped for a reason nobody has heard of.
"""

_OUTCOMES: Final = {
    "end_turn": DONE,
    "stop_sequence": DONE,
    "tool_use": DONE,
    "max_tokens": CUT,
    "pause_turn": PAUSED,
    "compaction": PAUSED,
    "refusal": REFUSED,
    "model_context_window_exceeded": FULL,
}

Block = dict[str, Any]
"""A content block as the Messages API takes it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for one answer."""

    model: str
    messages: tuple[dict[str, Any], ...]
    """As the Messages API takes them."""
    purpose: str
    """`explore`, `write`, `repair`."""
    system: str = ""
    tools: tuple[dict[str, Any], ...] = ()
    max_tokens: int = 8192
    branch: str = ""
    step: int = 0
    """The branch's last step."""
    batch: bool = False
    """Whether the answer may take hours, for half the price, where the server has that."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens by kind, as the server says."""

    input: int = 0
    """Read at full price."""
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    """Written to the cache for five minutes."""
    cache_hour: int = 0
    whole: bool = True
    """Whether the server said them to the end."""
    plain: bool = True
    """Whether it was served at the list's price: no fast lane, no region of its own."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.input + self.output + self.cache_read + self.cache_write + self.cache_hour


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said, and why it stopped."""

    outcome: str
    """See `DONE` and the others above."""
    content: tuple[Block, ...]
    """What of it can be sent back as the model's turn."""
    stop_reason: str = ""
    detail: str = ""
    """Category and explanation of a refusal, or why the server finds the conversation too long."""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    """As the server says."""
    request: str = ""
    """The server's id of the request."""
    call: int = 0
    """Number of the call in the session."""
    usd: float | None = None

    @property
    def tools(self) -> tuple[Block, ...]:
        """Calls of tools that are to be run: only those of an answer that stopped for them."""
        if self.stop_reason != "tool_use":
            return ()
        return tuple(block for block in self.content if block.get("type") == "tool_use")

    @property
    def text(self) -> str:
        """What it said aloud."""
        return "\n".join(block["text"] for block in self.content if block.get("type") == "text")


def outcome_of(stop_reason: str) -> str:
    """What an answer that stopped for this reason is."""
    return _OUTCOMES.get(stop_reason, ODD)


@dataclass
class CallFailed(Exception):
    """One request gave no answer."""

    outcome: str
    """`broken`, `throttled`, `overloaded`, `unavailable`, `timeout`, `unreachable`, `denied`, `rejected`."""
    detail: str
    again: bool
    """Whether another request may fare better."""
    wait: float | None = None
    """Seconds the server asks to be left alone."""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    request: str = ""
