"""One trajectory: the conversation of a branch, its outcome, and what of it should be learned from.

The shape is the Messages API's, since that loses least: turns of `user` and `assistant` in blocks. Every
export is made from it, and nothing else is.
"""

from __future__ import annotations

import re

import msgspec

_UNSAFE = re.compile(r"[^0-9A-Za-z_-]+")


def safe(text: str) -> str:
    """An id that may name a file or a call, whoever wrote the journal it comes from."""
    return _UNSAFE.sub("-", text).strip("-")[:120] or "unnamed"


class Text(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """Words."""

    text: str


class Thinking(msgspec.Struct, frozen=True, tag_field="type", tag="thinking", omit_defaults=True):
    """What a model thought before it spoke."""

    thinking: str
    signature: str = ""
    """The server's proof that the thought is its own."""


class Call(msgspec.Struct, frozen=True, tag_field="type", tag="tool_use"):
    """A tool's use, asked for by the assistant."""

    id: str
    name: str
    input: dict[str, object]


class Result(msgspec.Struct, frozen=True, tag_field="type", tag="tool_result", omit_defaults=True):
    """What a tool's use gave, told by the user."""

    tool_use_id: str
    content: str
    is_error: bool = False
    """Whether the call could not be done: it was refused, broken off, or made no sense."""


Block = Text | Thinking | Call | Result


class Tool(msgspec.Struct, frozen=True):
    """A tool that could be used, as the Messages API defines it."""

    name: str
    description: str
    input_schema: dict[str, object]


class Spent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the calls of a model took."""

    calls: int = 0
    prompt_tokens: int | None = 0
    """All that was read, from the cache or not; None when the server did not say."""
    cached_tokens: int | None = 0
    """Those of them from the cache."""
    completion_tokens: int | None = 0
    usd: float | None = 0.0
    """None when no price is known."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message."""

    role: str
    """`user` or `assistant`."""
    blocks: tuple[Block, ...]
    train: bool = False
    """Whether a model should learn to say this; never what a user said."""
    why: str = ""
    """Of an assistant's turn that is not trained on: `copied`, `denied`, or what went wrong with it."""
    copied: bool = False
    """Whether it happened on the branch this one forks from."""
    step: int = 0
    """The branch's step it asked for or tells of; 0 for none."""
    origin: str = ""
    """Who proposed the command, when no model did."""
    at: float = 0.0
    """Wall clock; 0 when nobody noted it."""
    model: str = ""
    """Which one said it, as its server says."""
    spent: Spent | None = None

    @property
    def text(self) -> str:
        """Its words."""
        return "\n\n".join(block.text for block in self.blocks if isinstance(block, Text) and block.text)

    @property
    def thinking(self) -> str:
        """Its thoughts."""
        return "\n\n".join(
            block.thinking for block in self.blocks if isinstance(block, Thinking) and block.thinking
        )

    @property
    def calls(self) -> tuple[Call, ...]:
        """The tools it wants to use."""
        return tuple(block for block in self.blocks if isinstance(block, Call))

    @property
    def results(self) -> tuple[Result, ...]:
        """What tools gave."""
        return tuple(block for block in self.blocks if isinstance(block, Result))


class Tag(msgspec.Struct, frozen=True):
    """Why a trajectory should not be learned from, or should be looked at first."""

    name: str
    reason: str


class Trajectory(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent did on one branch, from the instruction to the outcome."""

    id: str
    """Session and branch, fit for a file's name."""
    session: str
    branch: str
    project: str
    """The gold environment's name."""
    purpose: str
    """`repair` or `explore`."""
    agent: str
    """`claude`, `operator`, `oracle`, `baseline`, `saboteur`."""
    model: str = ""
    """Empty when none was asked."""
    version: str = ""
    """Of the program that recorded it."""
    parent: str = ""
    """The trajectory it forks from."""
    fork: int = 0
    """Step of the parent it forks at."""
    task: str = ""
    hint: str = ""
    attempt: int = 0
    system: str = ""
    tools: tuple[Tool, ...] = ()
    turns: tuple[Turn, ...] = ()
    reward: float | None = None
    """1 for a repair the grader took, and for an exploration that became a task; None when nothing said."""
    outcome: str = ""
    """`RepairGraded.outcome`, or what became of the exploration's branch."""
    steps: int = 0
    """Commands on the way, those before the fork included."""
    commands: tuple[str, ...] = ()
    """They themselves, in order."""
    changes: tuple[str, ...] = ()
    """Paths they changed, each once, as far as the journal lists them."""
    seconds: float = 0.0
    spent: Spent = Spent()
    tags: tuple[Tag, ...] = ()

    @property
    def solved(self) -> bool:
        """Whether it ended as it should."""
        return self.reward is not None and self.reward >= 1.0
