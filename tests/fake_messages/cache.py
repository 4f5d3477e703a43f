"""How many tokens a request has, and how many of them the server has read before."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

SMALLEST = 64
"""Tokens of the shortest beginning that is kept."""


@dataclass
class PromptCache:
    """Beginnings of requests that asked to be kept, by what they are."""

    kept: set[str] = field(default_factory=set)

    def usage(self, body: dict[str, Any]) -> dict[str, int]:
        """The request's input tokens by kind."""
        beginnings = _beginnings(body)
        total = beginnings[-1][1]
        if "cache_control" not in body:
            return {"input_tokens": total, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        read = max((tokens for digest, tokens in beginnings if digest in self.kept), default=0)
        self.kept |= {digest for digest, tokens in beginnings if tokens >= SMALLEST}
        written = total - read if total >= SMALLEST else 0
        return {
            "input_tokens": total - read - written + 3,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
        }


def count(body: dict[str, Any]) -> int:
    """All input tokens of a request."""
    return _beginnings(body)[-1][1]


def _beginnings(body: dict[str, Any]) -> list[tuple[str, int]]:
    parts = [body.get("model"), body.get("tools") or [], body.get("system") or "", *body.get("messages", [])]
    digest, tokens, found = hashlib.sha256(), 0, []
    for part in parts:
        words = json.dumps(part, sort_keys=True)
        digest.update(words.encode() + b"\0")
        tokens += 1 + len(words) // 4
        found.append((digest.hexdigest(), tokens))
    return found
