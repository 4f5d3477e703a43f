"""A session's calls: let in by the gate, tried again where that helps, every one of them in the journal.

Nothing a model proposed has been run while its answer is not whole, so a request may be repeated freely; but
for one in a batch, which is answered and paid for whatever becomes of us.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from engine import clean
from engine.errors import ModelError
from engine.ledger import Ledger
from engine.models.access import Access
from engine.models.answer import Answer, Ask, CallFailed, Usage
from engine.models.batch import Ticket, send_batch
from engine.models.gate import Gate
from engine.models.prices import Prices
from engine.models.request import send
from sessions import events

Note = Callable[[events.Event], Any]
"""Writes an event down: the journal's `append`."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A call that was written down, and what it is known by at the server if it is one in a batch."""

    call: int
    ticket: Ticket


def _cut(why: str = "") -> CallFailed:
    """A call that ended with whoever waited for it."""
    return CallFailed("cancelled", why, again=False, usage=Usage(whole=False))


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

    left: dict[tuple[str, str, int], Begun] = field(default_factory=dict)
    """Calls in batches that an earlier process did not see the end of, by purpose, branch and step."""

    def recall(self, happened: Iterable[events.Event]) -> None:
        """Take up an earlier process's part of the session: its sums, and what it left under way.

        A call that was cut off is over, and nobody knows what it took. One in a batch goes on at the server,
        and is waited for when the same is asked again.
        """
        open_: dict[int, events.ModelAsked] = {}
        batches: dict[int, str] = {}
        for event in happened:
            self.ledger.recall((event,))
            match event:
                case events.ModelAsked():
                    open_[event.call] = event
                case events.ModelBatched():
                    batches[event.call] = event.batch
                case events.ModelAnswered():
                    open_.pop(event.call, None)
                case _:
                    pass
        for call, asked in open_.items():
            if asked.ticket:
                ticket = Ticket(asked.ticket, batches.get(call, ""), asked.at)
                self.left[asked.purpose, asked.branch, asked.step] = Begun(call, ticket)
            else:
                ask = Ask(asked.model, (), asked.purpose, branch=asked.branch, step=asked.step)
                self._answered(call, ask, _cut("the process ended"), 0.0)

    async def ask(self, ask: Ask, keep: Callable[[Answer], Any] = lambda answer: None) -> Answer:
        """An answer to `ask`, whatever it is; `keep` has it written down before its cost is.

        Raises:
            LimitReached: the budget is used up; nothing was sent.
            ModelError: the service failed for good.
        """
        batch = self._in_batch(ask)
        left = self.left.pop((ask.purpose, ask.branch, ask.step), None) if batch else None
        if left is None:  # what was asked before is paid for
            self.ledger.check()
        for attempt in range(1, self.attempts + 1):
            # A batch takes hours and has limits of its own: it is in nobody's way.
            async with nullcontext(0.0) if batch else self.gate.entered() as began:
                result = await self._once(ask, left or self._begun(ask, attempt), keep)
                if isinstance(result, Answer):
                    return result
                if result.outcome in ("throttled", "overloaded") and not batch:
                    self.gate.refused(began, result.wait)
            if not result.again or attempt == self.attempts:
                break
            left = None
            pause = min(30.0, self.pace * 2 ** (attempt - 1)) * random.uniform(0.75, 1.0)
            await asyncio.sleep(result.wait if result.wait is not None else pause)
        raise ModelError(f"the model's service failed: {result.detail}", _HINTS.get(result.outcome, ""))

    def _in_batch(self, ask: Ask) -> bool:
        return ask.batch and self.access.provider.batches

    def _begun(self, ask: Ask, attempt: int) -> Begun:
        """Number a call and write down that it is about to leave."""
        self.ledger.calls += 1
        ticket = Ticket(secrets.token_hex(16) if self._in_batch(ask) else "")
        asked = events.ModelAsked(
            call=self.ledger.calls,
            purpose=ask.purpose,
            model=ask.model,
            branch=ask.branch,
            step=ask.step,
            attempt=attempt,
            ticket=ticket.name,
        )
        self.note(asked)
        return Begun(asked.call, ticket)

    async def _once(self, ask: Ask, begun: Begun, keep: Callable[[Answer], Any]) -> Answer | CallFailed:
        call, batch = begun.call, self._in_batch(ask)
        said = _Said(lambda kind, text: self._said(call, ask.branch, kind, text))
        began = time.monotonic()
        result: Answer | CallFailed
        try:
            if batch:
                result = await send_batch(
                    self.access, ask, begun.ticket, lambda name: self._taken(call, ask, name), _DAY, self.look
                )
            else:
                result = await send(self.access, ask, said.add, self.seconds, self.gate.heard)
        except CallFailed as failed:
            result = failed
        except BaseException:
            said.flush()
            if not batch:  # that one goes on at the server, and whoever takes the session up fetches it
                self._answered(call, ask, _cut(), time.monotonic() - began)
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

    def _taken(self, call: int, ask: Ask, batch: str) -> None:
        self.note(events.ModelBatched(call=call, batch=clean.line(batch, 200), branch=ask.branch))

    def _answered(self, call: int, ask: Ask, result: Answer | CallFailed, seconds: float) -> None:
        usage, batch = result.usage, self._in_batch(ask)
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
