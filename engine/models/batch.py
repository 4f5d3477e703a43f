"""One request through the Batches API, which answers within a day and for half the price.

A batch goes on without us, and is paid for: what is once created is fetched, by whichever process, and not
created again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.models.access import Access
from engine.models.answer import Answer, Ask, CallFailed, Usage
from engine.models.request import Reading, lasting, parameters, refused

if TYPE_CHECKING:
    from anthropic.types.messages import MessageBatch

_BEFORE, _AFTER = 600.0, 1800.0
"""Seconds before and after a request was to leave in which the batch with it may have been created, as two
clocks tell it."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a request in a batch is found by."""

    name: str
    """Its `custom_id`, which nobody else has."""
    batch: str = ""
    """The batch's id, where that is known."""
    since: float = 0.0
    """Wall clock when an earlier process was about to create it; 0 when nobody was."""


async def send_batch(
    access: Access, ask: Ask, ticket: Ticket, created: Callable[[str], None], seconds: float, look: float
) -> Answer:
    """Ask once, or fetch what was asked before.

    Args:
        access: to whom.
        ask: what.
        ticket: names the request; with a batch or a time, one that may be under way.
        created: told the id of the batch as soon as there is one.
        seconds: after which it is given up.
        look: seconds between two looks.

    Raises:
        CallFailed: there is no answer. It helps to ask again only as long as there is no batch.
    """
    import anthropic
    import httpx2

    reading, batches = Reading(lambda kind, words: None), access.client.messages.batches
    requests: Any = [{"custom_id": ticket.name, "params": parameters(ask, access)}]
    name = ticket.batch
    try:
        async with asyncio.timeout(seconds):
            if not name and ticket.since:
                name = await _found(access, ticket, look)
            if not name:
                try:
                    name = (await batches.create(requests=requests)).id
                except anthropic.APIStatusError as error:
                    raise refused(error, access, reading) from None
            if not ticket.batch:
                created(name)
            reading.request = access.scrub(name, 100)
            await _ended(access, name, look)
            await _read(access, name, ticket, look, reading)
        return reading.answer(ask.model)
    except (anthropic.AnthropicError, httpx2.HTTPError, TimeoutError, ValueError) as error:
        raise reading.failed("unavailable", access.scrub(f"in a batch: {error}"), again=False) from None
    except CallFailed as failed:
        failed.again = failed.again and not name
        raise


async def _ended(access: Access, name: str, look: float) -> None:
    """Wait for a batch; a server that is away for a while does not matter."""
    import anthropic

    while True:
        try:
            if (await access.client.messages.batches.retrieve(name)).processing_status == "ended":
                return
        except anthropic.APIError as error:
            if lasting(error):
                raise
        await asyncio.sleep(look)


async def _read(access: Access, name: str, ticket: Ticket, look: float, reading: Reading) -> None:
    """Take the answer out of a batch that has ended."""
    for line in await _lines(access, name, look):
        if line.custom_id == ticket.name and line.result.type == "succeeded":
            reading.message = line.result.message
        elif line.custom_id == ticket.name:
            failed = reading.failed("unavailable", f"in a batch: {line.result.type}")
            failed.usage = Usage()  # only what succeeds is paid for
            raise failed


async def _lines(access: Access, name: str, look: float) -> list[Any]:
    import anthropic
    import httpx2

    while True:
        try:
            return [line async for line in await access.client.messages.batches.results(name)]
        except (anthropic.APIError, httpx2.TransportError) as error:
            if isinstance(error, anthropic.APIError) and lasting(error):
                raise
        await asyncio.sleep(look)


async def _found(access: Access, ticket: Ticket, look: float) -> str:
    """The batch an earlier process may have created without learning its id; empty when there is none.

    A batch says what is in it only when it has ended, so those that may be it are waited for.
    """
    async for batch in access.client.messages.batches.list(limit=100):
        created = batch.created_at.timestamp()
        if created < ticket.since - _BEFORE:
            break  # the newest come first
        if created <= ticket.since + _AFTER and _single(batch):
            await _ended(access, batch.id, look)
            if any(line.custom_id == ticket.name for line in await _lines(access, batch.id, look)):
                return batch.id
    return ""


def _single(batch: MessageBatch) -> bool:
    counts = batch.request_counts
    return counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired == 1
