"""The server: routes, errors, streams. It runs on a thread of its own, so anybody's loop may talk to it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.fake_messages.batches import Batches
from tests.fake_messages.cache import PromptCache, count
from tests.fake_messages.faults import TYPES, Fault
from tests.fake_messages.replies import Block, Frame, Reply, frames, text
from tests.fake_messages.rules import Rejected, check, check_headers

Policy = Callable[[dict[str, Any]], Reply | list[Block] | str]
"""What to say to a request's body."""

MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")


def scripted(*replies: Reply | list[Block] | str | Callable[[dict[str, Any]], Any]) -> Policy:
    """Says these things one after the other, and the last again and again."""
    left = deque(replies)

    def policy(body: dict[str, Any]) -> Reply | list[Block] | str:
        said: Any = left.popleft() if len(left) > 1 else left[0]
        return said(body) if callable(said) else said

    return policy


@dataclass
class Served:
    """One request and what became of it."""

    body: dict[str, Any]
    headers: dict[str, str]
    at: float
    status: int = 0
    usage: dict[str, int] = field(default_factory=dict)
    """Tokens by kind, as they would be on the bill; empty for none."""
    told: bool = False
    """Whether the client was told all of them."""
    heard: bool = True
    """Whether it was told of any."""


@dataclass
class FakeMessages:
    """`with FakeMessages(policy) as fake:` and point `ANTHROPIC_BASE_URL` at `fake.url`."""

    policy: Policy = lambda body: "hello"
    faults: deque[Fault | None] = field(default_factory=deque)
    """For the next requests, one each; None for a good one."""
    keys: set[str] = field(default_factory=set)
    """Those that are let in; every one when empty."""
    lacks: set[str] = field(default_factory=set)
    """What a lesser server does not know: parameters, `strict`, `count_tokens`, `cache_usage`."""
    limit: dict[str, str] = field(default_factory=dict)
    """Headers about rate limits, with every response."""
    piece: int = 24
    """Characters in a delta."""
    port: int = 0
    served: list[Served] = field(default_factory=list)
    """Every request for a message, in order of arrival."""
    url: str = ""

    def __post_init__(self) -> None:
        self.cache, self.batches, self.paused = PromptCache(), Batches(self), set[str]()
        self._lock, self._ready = threading.Lock(), threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._main, name="fake messages", daemon=True)
        self._thread.start()
        if not self._ready.wait(20):
            raise RuntimeError("the fake server did not come up")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was asked, in order."""
        return [one.body for one in self.served]

    def used(self, kind: str) -> int:
        """Tokens of a kind on the bill so far."""
        return sum(one.usage.get(kind) or 0 for one in self.served)

    def then(self, *faults: Fault | None) -> Self:
        """Let these happen to the next requests."""
        self.faults.extend(faults)
        return self

    # The thread.

    def _main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/messages", self._message)
        app.router.add_post("/v1/messages/count_tokens", self._count)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/{id}", self._model)
        self.batches.route(app)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        address = runner.addresses[0]
        self.port, self.url = address[1], f"http://127.0.0.1:{address[1]}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    # Messages.

    async def _message(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.popleft() if self.faults else None
        fault = fault or Fault()
        try:
            body = json.loads(await request.read())
        except ValueError:
            return self.error(400, "the body is no JSON")
        served = Served(body, dict(request.headers), time.time())
        self.served.append(served)
        await asyncio.sleep(fault.wait)
        try:
            self.admit(request)
            if fault.status:
                raise Rejected(fault.status, fault.message)
            message, reply = self.answer(body, request.headers["anthropic-version"], fault)
        except Rejected as rejected:
            served.status = rejected.status
            return self.error(rejected.status, str(rejected), fault.headers)
        served.status = 200
        served.usage = {key: value for key, value in message["usage"].items() if isinstance(value, int)}
        if not body.get("stream"):
            served.told = True
            return web.json_response(message, headers=self._headers())
        return await self._stream(request, served, frames(message, reply, self.piece), fault)

    def admit(self, request: web.Request) -> None:
        """See to the headers."""
        check_headers(request.headers, self.keys)

    def answer(
        self, body: dict[str, Any], version: str, fault: Fault | None = None
    ) -> tuple[dict[str, Any], Reply]:
        """The message that answers a request."""
        check(body, version, self.lacks, self.paused)
        said = self.policy(body)
        reply = said if isinstance(said, Reply) else Reply([text(said)] if isinstance(said, str) else said)
        if fault and fault.reply:
            reply = fault.reply(reply)
        if reply.reason == "pause_turn":
            self.paused.add("".join(block.get("text", "") for block in reply.content))
        with self._lock:
            number = len(self.served)
            usage: dict[str, Any] = {**self.cache.usage(body), "output_tokens": reply.tokens}
        usage["cache_creation"] = {
            "ephemeral_5m_input_tokens": usage["cache_creation_input_tokens"],
            "ephemeral_1h_input_tokens": 0,
        }
        if "cache_usage" in self.lacks:
            usage = {key: usage[key] for key in ("input_tokens", "output_tokens")}
        usage = {key: value for key, value in (usage | reply.usage).items() if value is not None}
        message = {
            "id": f"msg_{number:012d}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": reply.content,
            "stop_reason": reply.reason,
            "stop_sequence": None,
            "usage": usage,
        }
        if reply.stop_details is not None:
            message["stop_details"] = reply.stop_details
        return message, reply

    async def _stream(
        self, request: web.Request, served: Served, all_: list[Frame], fault: Fault
    ) -> web.StreamResponse:
        if fault.frames:
            all_ = fault.frames(all_)
        response = web.StreamResponse(headers={"content-type": "text/event-stream", **self._headers()})
        await response.prepare(request)
        for frame in all_:
            data = frame.encode()
            step = fault.chunk or len(data)
            for at in range(0, len(data), step):
                await response.write(data[at : at + step])
                if fault.pause:
                    await asyncio.sleep(fault.pause)
        served.told = fault.legible and any(frame.event == "message_delta" for frame in all_)
        served.heard = any(frame.event == "message_start" for frame in all_)
        if not served.told:
            served.usage["output_tokens"] = 1
        if fault.end == "hang":
            await asyncio.sleep(3600)
        if fault.end == "abort" and request.transport is not None:
            request.transport.abort()
            return response
        await response.write_eof()
        return response

    def _headers(self) -> dict[str, str]:
        return {"request-id": f"req_{len(self.served):012d}", **self.limit}

    def error(self, status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
        """An error as the API words it."""
        told = {"type": TYPES.get(status, "api_error"), "message": message, "details": None}
        body = {"type": "error", "error": told, "request_id": self._headers()["request-id"]}
        return web.json_response(body, status=status, headers=self._headers() | (headers or {}))

    # What else there is.

    async def _count(self, request: web.Request) -> web.Response:
        try:
            self.admit(request)
            if "count_tokens" in self.lacks:
                raise Rejected(404, "not found")
        except Rejected as rejected:
            return self.error(rejected.status, str(rejected))
        return web.json_response({"input_tokens": count(await request.json())}, headers=self._headers())

    async def _models(self, request: web.Request) -> web.Response:
        try:
            self.admit(request)
        except Rejected as rejected:
            return self.error(rejected.status, str(rejected))
        data = [_model(name) for name in MODELS]
        listed = {"data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
        return web.json_response(listed, headers=self._headers())

    async def _model(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if name not in MODELS:
            return self.error(404, f"model: {name}")
        return web.json_response(_model(name), headers=self._headers())


def _model(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "type": "model",
        "display_name": name.replace("-", " ").title(),
        "created_at": "2026-09-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
    }
