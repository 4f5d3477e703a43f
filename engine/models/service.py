"""A session's calls: let in by the gate, tried again where that helps, every one of them in the journal.

Nothing a model proposed has been run while its answer is not whole, so a request may be repeated freely.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from engine import clean
from engine.errors import ModelError
from engine.ledger import Ledger
from engine.models.access import Access
from engine.models.answer import Answer, Ask, CallFailed, Usage
from engine.models.gate import Gate
from engine.models.prices import Prices
from engine.models.request import send, send_batch
from sessions import events

Note = Callable[[events.Event], Any]
"""Writes an event down: the journal's `append`."""


@dataclass
class Service:
    """Asks models on behalf of one session."""

    access: Access
    prices: Prices
    ledger: Ledger
    note: Note
    gate: Gate = field(default_factory=Gate)
    seconds: float = 600.0
    """For one answer."""
    attempts: int = 8
    """Requests for one answer."""
    pace: float = 1.0
    """Seconds before the second request; each further one waits twice as long, up to half a minute."""
    look: float = 20.0
    """Seconds between two looks at a batch."""

    async def ask(self, ask: Ask, keep: Callable[[Answer], Any] = lambda answer: None) -> Answer:
        """An answer to `ask`, whatever it is; `keep` has it written down before its cost is.

        Raises:
            LimitReached: the budget is used up; nothing was sent.
            ModelError: the service failed for good.
        """
        self.ledger.check()
        for attempt in range(1, self.attempts + 1):
            async with self.gate.entered() as began:
                result = await self._once(ask, attempt, keep)
                if isinstance(result, Answer):
                    return result
                if result.outcome in ("throttled", "overloaded"):
                    self.gate.refused(began, result.wait)
            if not result.again or attempt == self.attempts:
                break
            pause = min(30.0, self.pace * 2 ** (attempt - 1)) * random.uniform(0.75, 1.0)
            await asyncio.sleep(result.wait if result.wait is not None else pause)
        raise ModelError(f"the model's service failed: {result.detail}", _HINTS.get(result.outcome, ""))

    async def _once(self, ask: Ask, attempt: int, keep: Callable[[Answer], Any]) -> Answer | CallFailed:
        batch = ask.batch and self.access.provider.batches
        self.ledger.calls += 1
        call = self.ledger.calls
        asked = events.ModelAsked(
            call=call, purpose=ask.purpose, model=ask.model, branch=ask.branch, step=ask.step, attempt=attempt
        )
        self.note(asked)
        said = _Said(lambda kind, text: self._said(call, ask.branch, kind, text))
        began = time.monotonic()
        result: Answer | CallFailed
        try:
            if batch:
                result = await send_batch(self.access, ask, _DAY, self.look)
            else:
                result = await send(self.access, ask, said.add, self.seconds, self.gate.heard)
        except CallFailed as failed:
            result = failed
        except BaseException:
            cut = CallFailed("cancelled", "", again=False, usage=Usage(whole=False))
            said.flush()
            self._answered(call, ask, cut, time.monotonic() - began)
            raise
        said.flush()
        if isinstance(result, Answer):
            usd = self.cost(ask.model, result.usage, batch=batch)
            result = replace(result, call=call, usd=usd)
            keep(result)
        self._answered(call, ask, result, time.monotonic() - began)
        return result

    def cost(self, model: str, usage: Usage, *, batch: bool = False) -> float | None:
        """Dollars, by the table, today; None for unknown."""
        return self.prices.cost(model, usage, datetime.now(UTC).date(), batch=batch)

    def _said(self, call: int, branch: str, kind: str, text: str) -> None:
        shown = clean.block(text, 8 * len(text) + 8)
        self.note(events.ModelSaid(call=call, branch=branch, kind=kind, text=shown))

    def _answered(self, call: int, ask: Ask, result: Answer | CallFailed, seconds: float) -> None:
        usage, batch = result.usage, ask.batch and self.access.provider.batches
        answered = events.ModelAnswered(
            call=call,
            outcome=result.outcome,
            model=clean.line(result.model, 200) or ask.model,
            branch=ask.branch,
            purpose=ask.purpose,
            stop_reason=clean.line(result.stop_reason, 100) if isinstance(result, Answer) else "",
            detail=clean.line(result.detail),
            request=result.request,
            input_tokens=usage.input,
            output_tokens=usage.output,
            cache_read_tokens=usage.cache_read,
            cache_write_tokens=usage.cache_write,
            cache_hour_tokens=usage.cache_hour,
            usage=usage.whole,
            usd=self.cost(ask.model, usage, batch=batch) if usage.total or usage.whole else None,
            batch=batch,
            seconds=seconds,
        )
        self.ledger.take(answered)
        self.note(answered)


_DAY = 86400.0
_HINTS = {
    "denied": "see ANTHROPIC_API_KEY, and whether it may use this model",
    "rejected": "see --model, and CLIGYM_PROVIDER for a server of your own",
    "unreachable": "see ANTHROPIC_BASE_URL and the network",
}


@dataclass
class _Said:
    """Joins pieces of an answer, so that the journal is not one of single words."""

    tell: Callable[[str, str], None]
    kind: str = ""
    text: str = ""
    since: float = 0.0

    def add(self, kind: str, text: str) -> None:
        if kind != self.kind:
            self.flush()
        if not self.text:
            self.kind, self.since = kind, time.monotonic()
        self.text += text
        if len(self.text) >= _PIECE or time.monotonic() - self.since >= _LONG:
            self.flush()

    def flush(self) -> None:
        if self.text:
            self.tell(self.kind, self.text)
        self.text = ""


_PIECE, _LONG = 2000, 0.3
"""Characters, and seconds, after which a piece is written down."""
