"""Batches of requests: taken at once, worked through while nobody waits, answered as lines of JSON."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fake_messages.faults import Fault
from tests.fake_messages.rules import Rejected

if TYPE_CHECKING:
    from tests.fake_messages.server import FakeMessages, Served


@dataclass
class Batches:
    """Those of one server."""

    server: FakeMessages
    looks: int = 1
    """How often one asks in vain before a batch has ended."""
    fate: str = ""
    """`errored`, `canceled` or `expired` instead of answers."""
    faults: deque[Fault | None] = field(default_factory=deque)
    """For the next requests about batches that exist, one each."""
    listed: bool = True
    """Whether one may see which there are."""
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id, oldest first."""
    results: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    served: dict[str, list[Served]] = field(default_factory=dict)
    """What is on the bill for each."""

    def route(self, app: web.Application) -> None:
        """Add the paths."""
        app.router.add_post("/v1/messages/batches", self._create)
        app.router.add_get("/v1/messages/batches", self._list)
        app.router.add_get("/v1/messages/batches/{id}", self._retrieve)
        app.router.add_get("/v1/messages/batches/{id}/results", self._results)
        app.router.add_post("/v1/messages/batches/{id}/cancel", self._cancel)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        fault = self.server.faults.popleft() if self.server.faults else None
        fault = fault or Fault()
        requests = (await request.json())["requests"]
        bill = [self._billed(one["params"], request) for one in requests]
        await asyncio.sleep(fault.wait)
        try:
            self.server.admit(request)
            if fault.status:
                raise Rejected(fault.status, fault.message)
            if len({one["custom_id"] for one in requests}) != len(requests) or not requests:
                raise Rejected(400, "requests: custom_id must be unique")
        except Rejected as rejected:
            for served in bill:
                served.status = rejected.status
            return self.server.error(rejected.status, str(rejected), fault.headers)
        name = f"msgbatch_{len(self.known) + 1:08d}"
        self.served[name], made = bill, []
        for one, served in zip(requests, bill, strict=True):
            served.status = 200
            result: dict[str, Any] = {"type": self.fate}
            if self.fate == "errored":
                result = _errored("api_error", "no luck")
            elif not self.fate:
                result = self._answered(served, request.headers["anthropic-version"], fault)
            made.append({"custom_id": one["custom_id"], "result": result})
        self.results[name], self.asked[name] = made[::-1], 0
        self.known[name] = {
            "id": name,
            "type": "message_batch",
            "processing_status": "in_progress",
            "created_at": datetime.now(UTC).isoformat(),
            "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
            "ended_at": None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "request_counts": _counts(processing=len(made)),
            "results_url": None,
        }
        if fault.end == "abort" and request.transport is not None:
            request.transport.abort()  # it is there, and nobody was told
        return web.json_response(self.known[name])

    def _billed(self, body: dict[str, Any], request: web.Request) -> Served:
        from tests.fake_messages.server import Served

        served = Served(body, dict(request.headers), time.time(), heard=False)
        self.server.served.append(served)
        return served

    def _answered(self, served: Served, version: str, fault: Fault) -> dict[str, Any]:
        """The result of one request, that is on the bill from now on."""
        try:
            message, _ = self.server.answer(served.body, version, fault)
        except Rejected as rejected:
            return _errored("invalid_request_error", str(rejected))
        served.usage = {key: value for key, value in message["usage"].items() if isinstance(value, int)}
        for block in message["content"]:
            if isinstance(block.get("input"), str):
                block["input"] = {}  # arguments that were cut off
        return {"type": "succeeded", "message": message}

    async def _list(self, request: web.Request) -> web.Response:
        if not self.listed:
            return self.server.error(404, "not found")
        names = list(self.known)[::-1]
        after = request.query.get("after_id")
        names = names[names.index(after) + 1 :] if after else names
        limit = int(request.query.get("limit", "20"))
        page = [self.known[name] for name in names[:limit]]
        ids = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        return web.json_response({"data": page, "has_more": len(names) > limit, **ids})

    def _unlucky(self) -> web.Response | None:
        fault = self.faults.popleft() if self.faults else None
        return self.server.error(fault.status, fault.message, fault.headers) if fault else None

    async def _retrieve(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if unlucky := self._unlucky():
            return unlucky
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
        if unlucky := self._unlucky():
            return unlucky
        if self.known.get(name, {}).get("processing_status") != "ended":
            return self.server.error(404, "no results yet")
        for served in self.served[name]:
            served.told = served.heard = True
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


def _errored(kind: str, message: str) -> dict[str, Any]:
    error = {"type": kind, "message": message}
    return {"type": "errored", "error": {"type": "error", "error": error, "request_id": None}}


def _counts(**counted: int) -> dict[str, int]:
    return dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0) | counted
