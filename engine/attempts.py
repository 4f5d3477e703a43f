"""Attempts in order: several at a time, each beginning with what is known by then whatever the timing.

Attempt k begins when attempt k - `window` has ended, and learns from the attempts up to that one only. So
the same seed makes the same session, however long each attempt takes. A window wider than the number of
workers keeps all of them busy while one attempt takes long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_order(
    window: int,
    first: int,
    begin: Callable[[int], Coroutine[Any, Any, T] | None],
    learn: Callable[[int, T], bool],
) -> None:
    """Run attempts `first`, `first` + 1, ... until `begin` has none when all are in, or `learn` has enough.

    Args:
        window: how many may be begun and not yet taken in.
        first: number of the first.
        begin: makes an attempt; None when there is nothing to try. Called in order, and for the same number
            again when an attempt taken in after that may have given something back.
        learn: takes an attempt's outcome in, in order; True when no more are wanted. The attempts under
            way are then cancelled and waited for; those that had ended by then, in order, are taken in too
            when something else than `learn` ends the run (an error, a cancellation).
    """
    running: dict[int, asyncio.Task[T]] = {}
    number, enough = first, False

    async def taken(due: int) -> bool:
        outcome = await asyncio.shield(running[due])
        del running[due]
        return learn(due, outcome)

    try:
        while True:
            due = number - window
            if due in running and (enough := await taken(due)):
                return
            attempt = begin(number)
            if attempt is not None:
                running[number] = asyncio.create_task(attempt)
                number += 1
            elif not running or (enough := await taken(min(running))):
                return
    finally:
        try:
            for due in sorted(running):
                task = running[due]
                if enough or not task.done() or task.cancelled() or task.exception():
                    break
                del running[due]
                enough = learn(due, task.result())
        finally:
            for task in running.values():
                task.cancel()
            await asyncio.gather(*running.values(), return_exceptions=True)


async def as_they_end(attempts: Iterable[Coroutine[Any, Any, T]], learn: Callable[[T], bool]) -> None:
    """Run attempts that are in no order at once, and take each in when it has ended, not when all have.

    Args:
        attempts: what to run.
        learn: takes an attempt's outcome in; True when no more are wanted. The others are then cancelled and
            waited for; those that had ended by then are taken in too when something else than `learn` ends
            the run (an error, a cancellation).
    """
    left = [asyncio.create_task(attempt) for attempt in attempts]
    enough = False
    try:
        while left and not enough:
            await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            task = next(task for task in left if task.done())
            left.remove(task)
            enough = learn(task.result())
    finally:
        try:
            for task in left:
                if not enough and task.done() and not task.cancelled() and not task.exception():
                    enough = learn(task.result())
        finally:
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
