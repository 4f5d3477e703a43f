"""What can go wrong between a client and the Messages API, one constructor for each case."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fake_messages.replies import Frame, Reply, text, tool

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    529: "overloaded_error",
}


@dataclass
class Fault:
    """One request's bad luck; whatever is not named stays as it is."""

    status: int = 0
    """Answered instead of a message."""
    message: str = "no luck"
    headers: dict[str, str] = field(default_factory=dict)
    reply: Callable[[Reply], Reply] | None = None
    """Changes what the policy said."""
    frames: Callable[[list[Frame]], list[Frame]] | None = None
    """Changes how it is streamed."""
    end: str = ""
    """After the last frame: `abort` (the connection), `hang`, or nothing special."""
    chunk: int = 0
    """Bytes in one write; 0 for a frame."""
    pause: float = 0.0
    """Seconds between two writes."""
    wait: float = 0.0
    """Seconds before the headers."""
    legible: bool = True
    """Whether the client can read it to the end, if it is streamed to the end."""

    @classmethod
    def http(cls, status: int, message: str = "no luck", **headers: str) -> Fault:
        """An error with its type."""
        return cls(status, message, {key.replace("_", "-"): value for key, value in headers.items()})

    @classmethod
    def throttled(cls, seconds: float = 0.05) -> Fault:
        """429, with when to come back."""
        return cls.http(429, "too many requests", retry_after=str(seconds))

    @classmethod
    def overloaded(cls) -> Fault:
        """529."""
        return cls.http(529, "Overloaded")

    @classmethod
    def too_long(cls) -> Fault:
        """400 of a conversation that does not fit."""
        return cls.http(400, "prompt is too long: 1200000 tokens > 1000000 maximum")

    @classmethod
    def error_event(cls, kind: str = "overloaded_error") -> Fault:
        """An error in the middle of a stream that began well, with status 200."""
        told = Frame("error", {"type": "error", "error": {"type": kind, "message": "Overloaded"}})
        return cls(frames=lambda all_: [*_half(all_), told])

    @classmethod
    def aborted(cls) -> Fault:
        """The connection breaks in the middle of a tool's arguments."""
        return cls(frames=_half, end="abort")

    @classmethod
    def silent_end(cls) -> Fault:
        """The stream ends in good order before it says why the message did."""
        return cls(frames=_half)

    @classmethod
    def no_end(cls) -> Fault:
        """All blocks come whole, but not the message's end."""
        return cls(frames=lambda all_: all_[:-2])

    @classmethod
    def bad_json(cls) -> Fault:
        """A tool's arguments are no JSON."""

        def torn(all_: list[Frame]) -> list[Frame]:
            return _arguments(all_, lambda words: words.replace(":", "]", 1))

        return cls(frames=torn, legible=False)

    @classmethod
    def half_json(cls) -> Fault:
        """A tool's arguments end early, the message as if nothing were wrong."""
        return cls(frames=lambda all_: _arguments(all_, lambda words: words[: len(words) // 2]))

    @classmethod
    def cut(cls) -> Fault:
        """The limit of tokens is reached in the middle of a tool's arguments."""

        def stop(reply: Reply) -> Reply:
            *rest, last = reply.content
            if last["type"] == "tool_use":
                words = json.dumps(last["input"])
                last = {**last, "input": words[: len(words) // 2]}
            return Reply([*rest, last], "max_tokens")

        return cls(reply=stop)

    @classmethod
    def refused(cls, category: str = "cyber") -> Fault:
        """The model declines."""
        details = {"type": "refusal", "category": category, "explanation": "not this"}
        return cls(reply=lambda reply: Reply([text("I can")], "refusal", details))

    @classmethod
    def paused(cls) -> Fault:
        """The model wants to go on in another answer."""
        return cls(reply=lambda reply: Reply([text("one moment")], "pause_turn"))

    @classmethod
    def stopped(cls, reason: str) -> Fault:
        """A reason to stop nobody has heard of, or `model_context_window_exceeded`."""
        return cls(reply=lambda reply: Reply(reply.content, reason))

    @classmethod
    def twice(cls, name: str = "bash", **arguments: Any) -> Fault:
        """A second call of a tool beside the first."""
        return cls(reply=lambda reply: Reply([*reply.content, tool(name, **arguments)]))

    @classmethod
    def strange_frames(cls) -> Fault:
        """Events of kinds the client does not know, and a comment."""
        odd = Frame("weather_report", {"type": "weather_report", "sun": True})
        return cls(frames=lambda all_: [one for frame in all_ for one in (frame, odd)])

    @classmethod
    def nameless(cls) -> Fault:
        """Frames without an event's name, as some servers send them: the client sees none of them."""
        return cls(frames=lambda all_: [Frame(None, frame.data) for frame in all_])

    @classmethod
    def drip(cls, pause: float = 0.002) -> Fault:
        """A few bytes at a time, characters of several bytes torn apart."""
        return cls(chunk=7, pause=pause)

    @classmethod
    def hang(cls) -> Fault:
        """No answer at all."""
        return cls(wait=3600)

    @classmethod
    def hang_within(cls) -> Fault:
        """A stream that stops coming."""
        return cls(frames=_half, end="hang")


def _half(all_: list[Frame]) -> list[Frame]:
    """Up to the middle of the last block."""
    deltas = [at for at, frame in enumerate(all_) if frame.event == "content_block_delta"]
    return all_[: deltas[len(deltas) // 2] + 1] if deltas else all_[:2]


def _arguments(all_: list[Frame], change: Callable[[str], str]) -> list[Frame]:
    """The same stream with a tool's arguments changed, in one piece."""
    made, words = [], ""
    for frame in all_:
        delta = frame.data.get("delta", {})
        if delta.get("type") == "input_json_delta":
            words += delta["partial_json"]
            continue
        if frame.event == "content_block_stop" and words:
            given = {"type": "input_json_delta", "partial_json": change(words)}
            index = frame.data["index"]
            made.append(
                Frame("content_block_delta", {"type": "content_block_delta", "index": index, "delta": given})
            )
            words = ""
        made.append(frame)
    return made
