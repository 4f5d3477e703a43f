"""One request over one stream: what is sent, what comes piece by piece, and what a break in it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from engine.models.access import Access
from engine.models.answer import CUT, FULL, Answer, Ask, Block, CallFailed, Usage, outcome_of

if TYPE_CHECKING:
    from anthropic import APIError, APIStatusError

Heard = Callable[[str, str], None]
"""Told every piece as it comes: `thinking`, `text` or `tool`, and its words."""

_STATUS = {
    401: ("denied", False), 402: ("denied", False), 403: ("denied", False),
    408: ("timeout", True), 409: ("unavailable", True),
    429: ("throttled", True), 529: ("overloaded", True),
}  # fmt: skip
_IN_STREAM = {
    "overloaded_error": ("overloaded", True),
    "rate_limit_error": ("throttled", True),
    "authentication_error": ("denied", False),
    "permission_error": ("denied", False),
    "invalid_request_error": ("rejected", False),
}
_TOO_LONG = ("prompt is too long", "context window", "maximum context length", "context length")


def parameters(ask: Ask, access: Access, effort: str = "") -> dict[str, Any]:
    """The request's body, without what the server does not know."""
    provider = access.provider
    sent: dict[str, Any] = {
        "model": ask.model,
        "max_tokens": ask.max_tokens,
        "messages": list(ask.messages),
    }
    if ask.system:
        sent["system"] = ask.system
    if ask.tools:
        sent["tools"] = [
            dict(tool) if provider.strict else {key: tool[key] for key in tool if key != "strict"}
            for tool in ask.tools
        ]
        if provider.choice:
            sent["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": True}
    if provider.cache_control:
        sent["cache_control"] = {"type": "ephemeral"}
    if provider.thinking:
        sent["thinking"] = {"type": "adaptive", "display": "summarized"}
    if effort and provider.effort:
        sent["output_config"] = {"effort": effort}
    return sent


async def send(
    access: Access,
    ask: Ask,
    heard: Heard,
    seconds: float,
    headers: Callable[[Mapping[str, str]], None] = lambda headers: None,
) -> Answer:
    """Ask once and read the stream to its end.

    Args:
        access: to whom.
        ask: what.
        heard: told every piece.
        seconds: for the whole answer; the client's own timeout is for one piece of it.
        headers: told the response's.

    Raises:
        CallFailed: there is no answer. Other exceptions than cancellation do not come out.
    """
    import anthropic
    import httpx2

    reading = Reading(heard)
    try:
        async with (
            asyncio.timeout(seconds),
            access.client.messages.stream(**parameters(ask, access)) as stream,
        ):
            reading.request = access.scrub(stream.request_id or "", 100)
            headers(stream.response.headers)
            async for event in stream:
                reading.take(event)
                if reading.begun:
                    reading.message = stream.current_message_snapshot
    except anthropic.APIStatusError as error:
        headers(error.response.headers)
        if error.status_code in (400, 413) and _too_long(error):
            return Answer(FULL, (), detail=access.scrub(str(error.api_message or error)))
        raise refused(error, access, reading) from None
    except (anthropic.APITimeoutError, TimeoutError, httpx2.TimeoutException):
        raise reading.failed("timeout", f"no whole answer within {seconds:g} seconds") from None
    except anthropic.APIConnectionError as error:
        cause = access.scrub(str(error.__cause__ or error))
        raise reading.failed("unreachable", f"{access.host} cannot be reached: {cause}") from None
    except httpx2.TransportError as error:
        raise reading.failed("broken", access.scrub(f"the stream broke: {error}")) from None
    except anthropic.AnthropicError as error:
        raise reading.failed("denied", access.scrub(str(error)), again=False) from None
    except (ValueError, TypeError, RuntimeError, AssertionError, LookupError, AttributeError) as error:
        # What the client's own reading says of frames that make no sense.
        raise reading.failed("broken", access.scrub(f"the stream makes no sense: {error}")) from None
    return reading.answer(ask.model)


class Reading:
    """What has come of an answer so far."""

    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self.message: Any = None
        """The client's, as far as it has come."""
        self.begun = False
        self.request = ""
        """The server's id of the request."""
        self._arguments: dict[int, str] = {}

    def take(self, event: Any) -> None:
        """One event of the stream, or of the client's own beside them."""
        if event.type == "message_start":
            self.begun = True
        elif event.type == "content_block_start" and event.content_block.type == "tool_use":
            self.heard("tool", f"{event.content_block.name} ")
        elif event.type == "content_block_delta":
            self._delta(event.index, event.delta)

    def _delta(self, index: int, delta: Any) -> None:
        if delta.type == "text_delta":
            self.heard("text", delta.text)
        elif delta.type == "thinking_delta":
            self.heard("thinking", delta.thinking)
        elif delta.type == "input_json_delta":
            self._arguments[index] = self._arguments.get(index, "") + delta.partial_json
            self.heard("tool", delta.partial_json)

    def answer(self, asked: str) -> Answer:
        """The whole of it.

        Raises:
            CallFailed: it is not whole.
        """
        if self.message is None:
            raise self.failed("broken", "the stream had no message")
        reason = self.message.stop_reason
        if reason is None:
            raise self.failed("broken", "the stream ended before the message did")
        outcome = outcome_of(reason)
        content = [_harmless(block) for block in self.message.to_dict(mode="json")["content"]]
        for index, words in self._arguments.items():
            if outcome != CUT and not _whole(words):
                raise self.failed("broken", "a tool's arguments are not whole")
            if not isinstance(content[index].get("input"), dict):
                content[index]["input"] = {}
        details = getattr(self.message, "stop_details", None)
        told = [getattr(details, name, None) for name in ("category", "explanation")]
        return Answer(
            outcome,
            tuple(block for block in content if _kept(block, cut=outcome == CUT)),
            stop_reason=str(reason),
            detail=": ".join(str(one) for one in told if one),
            usage=_usage(self.message, whole=True),
            model=str(self.message.model or asked),
            request=self.request,
        )

    def failed(
        self, outcome: str, detail: str, *, again: bool = True, wait: float | None = None
    ) -> CallFailed:
        """The failure, with what was used for it as far as that is known."""
        # Its use is said with the reason why it stopped.
        whole = self.message is not None and self.message.stop_reason is not None
        usage = _usage(self.message, whole=whole) if self.message is not None else Usage(whole=False)
        model = str(self.message.model or "") if self.message is not None else ""
        return CallFailed(outcome, detail, again, wait, usage, model, self.request)


def refused(error: APIStatusError, access: Access, reading: Reading) -> CallFailed:
    """The failure behind a status that is no answer, or an `error` event in a stream that had begun."""
    if error.status_code < 400:
        outcome, again = _IN_STREAM.get(str(error.type), ("broken", True))
    elif error.status_code in _STATUS:
        outcome, again = _STATUS[error.status_code]
    else:
        outcome, again = ("unavailable", True) if error.status_code >= 500 else ("rejected", False)
    detail = access.scrub(f"{error.status_code} {error.type or ''}: {error.api_message or error}")
    failed = reading.failed(outcome, detail, again=again, wait=_wait(error.response.headers))
    failed.request = access.scrub(error.request_id or "", 100)
    if error.status_code >= 400:
        failed.usage = Usage()  # what was not begun costs nothing
    return failed


def lasting(error: APIError) -> bool:
    """Whether it is no use to try again."""
    import anthropic

    if not isinstance(error, anthropic.APIStatusError):
        return not isinstance(error, anthropic.APIConnectionError)
    return not _STATUS.get(error.status_code, ("", error.status_code >= 500))[1]


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds to stay away, from `retry-after-ms` or `retry-after`."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / unit)
        except (KeyError, ValueError):
            continue
    return None


def _too_long(error: APIStatusError) -> bool:
    return error.status_code == 413 or any(one in str(error).lower() for one in _TOO_LONG)


def _whole(words: str) -> bool:
    if not words:
        return True  # a tool without arguments
    try:
        return isinstance(json.loads(words), dict)
    except ValueError:
        return False


def _kept(block: Block, *, cut: bool) -> bool:
    """Whether a block can be sent back: the API takes no empty text, nor thinking that is not signed."""
    if block["type"] == "text":
        return bool(block["text"].strip())
    return not (cut and block["type"] == "thinking" and not block.get("signature"))


def _harmless(value: Any) -> Any:
    """Without lone surrogates, which no encoder takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if isinstance(value, list):
        return [_harmless(one) for one in value]
    if isinstance(value, dict):
        return {_harmless(key): _harmless(one) for key, one in value.items() if one is not None}
    return value


def _usage(message: Any, *, whole: bool) -> Usage:
    """Tokens as a message says them; servers other than the first leave fields out."""
    said = getattr(message, "usage", None)

    def count(name: str, of: Any = said) -> int:
        value = getattr(of, name, None)
        return value if isinstance(value, int) and value >= 0 else 0

    written, split = count("cache_creation_input_tokens"), getattr(said, "cache_creation", None)
    hour = min(written, count("ephemeral_1h_input_tokens", split))
    spoke = isinstance(getattr(said, "input_tokens", None), int)
    return Usage(
        input=count("input_tokens"),
        output=count("output_tokens"),
        cache_read=count("cache_read_input_tokens"),
        cache_write=written - hour,
        cache_hour=hour,
        whole=whole and spoke,
        plain=getattr(said, "speed", None) in (None, "standard")
        and getattr(said, "inference_geo", None) in (None, "global", "not_available"),
    )
