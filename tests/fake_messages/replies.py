"""What a policy says, as content blocks, and as the frames of a stream."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]
_ids = itertools.count(1)


def text(words: str) -> Block:
    """A block of text."""
    return {"type": "text", "text": words}


def thinking(words: str) -> Block:
    """A block of thinking, signed."""
    return {"type": "thinking", "thinking": words, "signature": signature(words)}


def signature(words: str) -> str:
    """What a block of thinking has to come back with, unchanged."""
    return "sig_" + hashlib.sha256(words.encode()).hexdigest()[:32]


def tool(name: str, **arguments: Any) -> Block:
    """A call of a tool, with an id of its own."""
    return {"type": "tool_use", "id": f"toolu_{next(_ids):012d}", "name": name, "input": arguments}


@dataclass
class Reply:
    """A whole answer."""

    content: list[Block]
    stop_reason: str = ""
    """Empty for what the content says: `tool_use` or `end_turn`."""
    stop_details: dict[str, Any] | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    """Instead of what is counted; a value of None leaves the field out."""

    @property
    def reason(self) -> str:
        """Why it stopped."""
        calls = any(block["type"] == "tool_use" for block in self.content)
        return self.stop_reason or ("tool_use" if calls else "end_turn")

    @property
    def tokens(self) -> int:
        """Its length by this server's measure."""
        return 1 + len(json.dumps(self.content, ensure_ascii=False)) // 4


@dataclass
class Frame:
    """One event of a stream."""

    event: str | None
    data: Any
    """Anything JSON takes, or bytes as they are."""

    def encode(self) -> bytes:
        """As it goes over the wire."""
        data = (
            self.data if isinstance(self.data, bytes) else json.dumps(self.data, ensure_ascii=False).encode()
        )
        name = f"event: {self.event}\n".encode() if self.event else b""
        return name + b"data: " + data + b"\n\n"


def frames(message: dict[str, Any], reply: Reply, piece: int = 24) -> list[Frame]:
    """The stream of a message: `piece` characters in a delta."""
    usage = message["usage"]
    begun = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    begun["usage"] = {**usage, **({"output_tokens": 1} if "output_tokens" in usage else {})}
    begun.pop("stop_details", None)
    made = [_frame("message_start", message=begun), _frame("ping")]
    for index, block in enumerate(reply.content):
        made += _block(index, block, piece)
    delta = {"stop_reason": reply.reason, "stop_sequence": None}
    if reply.stop_details is not None:
        delta["stop_details"] = reply.stop_details
    ending = {key: usage[key] for key in ("output_tokens",) if key in usage}
    made.append(_frame("message_delta", delta=delta, usage=ending))
    made.append(_frame("message_stop"))
    return made


def _block(index: int, block: Block, piece: int) -> list[Frame]:
    kind = block["type"]
    if kind == "text":
        empty, deltas = {"type": "text", "text": ""}, _pieces("text_delta", "text", block["text"], piece)
    elif kind == "thinking":
        empty = {"type": "thinking", "thinking": "", "signature": ""}
        deltas = _pieces("thinking_delta", "thinking", block["thinking"], piece)
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    elif kind == "tool_use":
        empty = {**block, "input": {}}
        words = (
            block["input"]
            if isinstance(block["input"], str)
            else json.dumps(block["input"], ensure_ascii=False)
        )
        deltas = _pieces("input_json_delta", "partial_json", words, piece)
        deltas.insert(0, {"type": "input_json_delta", "partial_json": ""})
    else:
        empty, deltas = block, []
    made = [_frame("content_block_start", index=index, content_block=empty)]
    made += [_frame("content_block_delta", index=index, delta=delta) for delta in deltas]
    return [*made, _frame("content_block_stop", index=index)]


def _pieces(kind: str, key: str, words: str, piece: int) -> list[dict[str, Any]]:
    return [{"type": kind, key: words[at : at + piece]} for at in range(0, len(words), piece)]


def _frame(event: str, **data: Any) -> Frame:
    return Frame(event, {"type": event, **data})
