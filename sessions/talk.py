"""The events of a model at work: what it was told, what it said, what each call took and cost.

A branch's conversation is the messages of the branch it was forked from, up to that step, and its own.
"""

from __future__ import annotations

from sessions.event import Event


class ConversationBegun(Event, frozen=True, kw_only=True, tag="conversation.begun"):
    """A model was put to work on a branch."""

    branch: str
    purpose: str
    """`explore` or `repair`."""
    model: str
    system: str
    tools: tuple[dict[str, object], ...] = ()
    """Definitions as the Messages API takes them."""


class MessageAdded(Event, frozen=True, kw_only=True, tag="message.added"):
    """The conversation grew by one message; it never changes in the middle."""

    branch: str
    role: str
    """`user` or `assistant`."""
    content: tuple[dict[str, object], ...]
    """Blocks as the Messages API takes them."""
    step: int = 0
    """The branch's last step at that time."""
    call: int = 0
    """The call that gave it; 0 for what a person or the engine said."""
    stop_reason: str = ""
    """Why it ended there, of what a model said."""


class ModelAsked(Event, frozen=True, kw_only=True, tag="model.asked"):
    """A request is about to leave: written before it does."""

    call: int
    """Counts the calls of a session, from 1."""
    purpose: str
    """`explore`, `write`, `repair`."""
    model: str
    branch: str = ""
    step: int = 0
    attempt: int = 1
    """Counts the requests made for the same answer."""
    ticket: str = ""
    """What a request in a batch is known by at the server; empty for one that is answered at once."""


class ModelBatched(Event, frozen=True, kw_only=True, tag="model.batched"):
    """The server has taken a request into a batch: its answer can be fetched from there, by whoever comes."""

    call: int
    batch: str
    """The server's id of the batch."""
    branch: str = ""


class ModelSaid(Event, frozen=True, kw_only=True, tag="model.said"):
    """A piece of the answer as it arrived; for the person watching, the conversation has it whole."""

    call: int
    kind: str
    """`thinking`, `text` or `tool`."""
    text: str
    branch: str = ""


class ModelAnswered(Event, frozen=True, kw_only=True, tag="model.answered"):
    """A call is over, and this is what it took.

    A call without one was cut off by the end of the process; whoever takes the session up says so, or fetches
    the answer of a call in a batch.
    """

    call: int
    outcome: str
    """`done`, or the kind of failure."""
    model: str = ""
    """As the server says."""
    branch: str = ""
    purpose: str = ""
    stop_reason: str = ""
    detail: str = ""
    request: str = ""
    """The server's id of the request."""
    input_tokens: int = 0
    """Read at full price, without those of the cache."""
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    """Written to the cache for five minutes."""
    cache_hour_tokens: int = 0
    """Written to the cache for an hour."""
    usage: bool = True
    """Whether the server said what it used; if not, the tokens are unknown and not 0."""
    usd: float | None = None
    """None when no price is known."""
    batch: bool = False
    seconds: float = 0.0
