"""What the Messages API does not take: the client's mistakes that the real server answers with 400."""

from __future__ import annotations

from typing import Any

from tests.fake_messages.replies import signature

VERSIONS = ("2026-10-21", "2023-06-01")
REMOVED = ("temperature", "top_p", "top_k")
"""Parameters the newer version does not know any more."""
KNOWN = {
    "model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "output_config",
    "cache_control", "metadata", "service_tier", "speed", "stop_sequences", "stream", "diagnostics",
    "inference_geo", "container",
}  # fmt: skip


class Rejected(Exception):
    """The request is answered with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def check_headers(headers: Any, keys: set[str]) -> None:
    """Version and key.

    Raises:
        Rejected: 400 or 401.
    """
    bearer = headers.get("authorization", "")
    key = bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else headers.get("x-api-key", "")
    if not key or (keys and key not in keys):
        raise Rejected(401, f"invalid bearer token {key}")
    version = headers.get("anthropic-version")
    if not version:
        raise Rejected(400, "anthropic-version: header is required")
    if version not in VERSIONS:
        raise Rejected(400, f"anthropic-version: {version} is not a valid version")


def check(body: Any, version: str, lacks: set[str], paused: set[str]) -> None:
    """A request's body.

    Args:
        body: as it came.
        version: of the API.
        lacks: parameters this server does not take though the real one does; also `strict`.
        paused: text of answers that were paused, after which the conversation may end with the model's turn.

    Raises:
        Rejected: 400.
    """
    if not isinstance(body, dict):
        raise Rejected(400, "the body is no object")
    for name in REMOVED if version != "2023-06-01" else ():
        if name in body:
            raise Rejected(400, f"{name}: this parameter is not supported any more")
    known = KNOWN | set(REMOVED)
    for name in body:
        if name not in known or name in lacks:
            raise Rejected(400, f"{name}: Extra inputs are not permitted")
    for name, kind in (("model", str), ("max_tokens", int), ("messages", list)):
        if not isinstance(body.get(name), kind):
            raise Rejected(400, f"{name}: Field required")
    tools = _tools(body.get("tools") or [], lacks)
    _messages(body["messages"], tools, paused)


def _tools(tools: list[dict[str, Any]], lacks: set[str]) -> set[str]:
    for number, tool in enumerate(tools):
        if tool.get("type", "custom") != "custom":
            raise Rejected(400, f"tools.{number}: unknown type")
        schema = tool.get("input_schema", {})
        if schema.get("type") != "object":
            raise Rejected(400, f"tools.{number}.custom.input_schema.type: Field required")
        if "strict" in tool and "strict" in lacks:
            raise Rejected(400, f"tools.{number}.custom.strict: Extra inputs are not permitted")
        if tool.get("strict") and schema.get("additionalProperties") is not False:
            raise Rejected(400, f"tools.{number}: strict needs additionalProperties: false")
    return {tool["name"] for tool in tools}


def _messages(messages: list[dict[str, Any]], tools: set[str], paused: set[str]) -> None:
    if not messages or messages[0].get("role") != "user":
        raise Rejected(400, "messages: first message must use the user role")
    turns: list[tuple[str, list[dict[str, Any]]]] = []
    for number, message in enumerate(messages):
        role, content = message.get("role"), message.get("content")
        if role not in ("user", "assistant"):
            raise Rejected(400, f"messages.{number}.role: {role}")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not blocks:
            raise Rejected(400, f"messages.{number}: content must not be empty")
        for block in blocks:
            _block(number, role, block)
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        else:
            turns.append((role, list(blocks)))
    open_: list[str] = []
    for number, (role, blocks) in enumerate(turns):
        if role == "assistant":
            calls = [block for block in blocks if block["type"] == "tool_use"]
            for call in calls:
                if call["name"] not in tools:
                    raise Rejected(400, f"messages.{number}: no tool {call['name']}")
            open_ = [call["id"] for call in calls]
        else:
            _answers(number, blocks, open_)
            open_ = []
    if open_:
        raise Rejected(400, f"messages: `tool_use` ids without `tool_result`: {', '.join(open_)}")
    if turns[-1][0] == "assistant":
        said = "".join(block.get("text", "") for block in turns[-1][1])
        if said not in paused:
            raise Rejected(400, "messages: the conversation must end with a user message")


def _block(number: int, role: str, block: dict[str, Any]) -> None:
    kind = block.get("type")
    if kind == "text":
        if not block.get("text", "").strip():
            raise Rejected(400, f"messages.{number}: text content blocks must contain non-whitespace text")
    elif kind == "thinking":
        if block.get("signature") != signature(block["thinking"]):
            raise Rejected(400, f"messages.{number}: Invalid `signature` in `thinking` block")
    elif kind == "tool_use":
        if role != "assistant" or not isinstance(block.get("input"), dict):
            raise Rejected(400, f"messages.{number}: tool_use.input: Input should be an object")
    elif kind == "tool_result":
        if role != "user":
            raise Rejected(400, f"messages.{number}: tool_result in a turn of the model")
    elif kind != "redacted_thinking":
        raise Rejected(400, f"messages.{number}: unknown block {kind}")


def _answers(number: int, blocks: list[dict[str, Any]], open_: list[str]) -> None:
    answered = []
    for at, block in enumerate(blocks):
        if block["type"] == "tool_result":
            if at != len(answered):
                raise Rejected(400, f"messages.{number}: tool_result blocks must come first")
            answered.append(block["tool_use_id"])
    strange = [one for one in answered if one not in open_]
    if strange:
        raise Rejected(400, f"messages.{number}: unexpected `tool_use_id` {', '.join(strange)}")
    left = [one for one in open_ if one not in answered]
    if left or len(answered) != len(set(answered)):
        raise Rejected(
            400,
            f"messages.{number - 1}: `tool_use` ids were found without `tool_result` blocks immediately "
            f"after: {', '.join(left)}",
        )
