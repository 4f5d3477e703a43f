"""Batches of requests: taken at once, worked through while nobody waits, answered as lines of JSON."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fake_messages.rules import Rejected

if TYPE_CHECKING:
    from tests.fake_messages.server import FakeMessages


@dataclass
class Batches:
    """Those of one server."""

    server: FakeMessages
    looks: int = 1
    """How often one asks in vain before a batch has ended."""
    fate: dict[str, str] = field(default_factory=dict)
    """By `custom_id`: `errored`, `canceled` or `expired` instead of an answer."""
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)

    def route(self, app: web.Application) -> None:
        """Add the paths."""
        app.router.add_post("/v1/messages/batches", self._create)
        app.router.add_get("/v1/messages/batches/{id}", self._retrieve)
        app.router.add_get("/v1/messages/batches/{id}/results", self._results)
        app.router.add_post("/v1/messages/batches/{id}/cancel", self._cancel)

    async def _create(self, request: web.Request) -> web.Response:
        from tests.fake_messages.server import Served

        try:
            self.server.admit(request)
            requests = (await request.json())["requests"]
            if len({one["custom_id"] for one in requests}) != len(requests) or not requests:
                raise Rejected(400, "requests: custom_id must be unique")
        except Rejected as rejected:
            return self.server.error(rejected.status, str(rejected))
        name = f"msgbatch_{len(self.known) + 1:08d}"
        made = []
        for one in requests:
            served = Served(one["params"], dict(request.headers), time.time(), told=True)
            fate = self.fate.get(one["custom_id"])
            if fate:
                result: dict[str, Any] = {"type": fate}
                if fate == "errored":
                    error = {"type": "api_error", "message": "no luck"}
                    result["error"] = {"type": "error", "error": error, "request_id": None}
            else:
                try:
                    message, _ = self.server.answer(one["params"], request.headers["anthropic-version"])
                    result = {"type": "succeeded", "message": message}
                    served.usage = {k: v for k, v in message["usage"].items() if isinstance(v, int)}
                    self.server.served.append(served)
                except Rejected as rejected:
                    error = {"type": "invalid_request_error", "message": str(rejected)}
                    result = {
                        "type": "errored",
                        "error": {"type": "error", "error": error, "request_id": None},
                    }
            made.append({"custom_id": one["custom_id"], "result": result})
        self.results[name], self.asked[name] = made[::-1], 0
        self.known[name] = {
            "id": name,
            "type": "message_batch",
            "processing_status": "in_progress",
            "created_at": "2026-11-25T00:00:00Z",
            "expires_at": "2026-11-26T00:00:00Z",
            "ended_at": None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "request_counts": _counts(processing=len(made)),
            "results_url": None,
        }
        return web.json_response(self.known[name])

    async def _retrieve(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if name not in self.known:
            return self.server.error(404, "no such batch")
        self.asked[name] += 1
        if self.asked[name] > self.looks:
            self._end(name)
        return web.json_response(self.known[name])

    async def _cancel(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        for one in self.results[name]:
            one["result"] = {"type": "canceled"}
        self._end(name)
        return web.json_response(self.known[name])

    async def _results(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if self.known.get(name, {}).get("processing_status") != "ended":
            return self.server.error(404, "no results yet")
        lines = "".join(json.dumps(one) + "\n" for one in self.results[name])
        return web.Response(text=lines, content_type="application/x-jsonl")

    def _end(self, name: str) -> None:
        done = sum(one["result"]["type"] == "succeeded" for one in self.results[name])
        self.known[name] |= {
            "processing_status": "ended",
            "ended_at": "2026-11-25T00:10:00Z",
            "results_url": f"{self.server.url}/v1/messages/batches/{name}/results",
            "request_counts": _counts(succeeded=done, errored=len(self.results[name]) - done),
        }


def _counts(**counted: int) -> dict[str, int]:
    return dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0) | counted
