"""Several things at a time, none of which is left running when one of them fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def together(*work: Awaitable[T]) -> list[T]:
    """What each gives, in order, once all are through.

    Raises:
        Exception: the first one's that failed.
    """
    results: list[T] = []
    failure: BaseException | None = None
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            failure = failure or result
        else:
            results.append(result)
    if failure is not None:
        raise failure
    return results
