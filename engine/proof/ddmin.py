"""Delta debugging: the least of a list that still does what the whole does.

Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002, algorithm ddmin.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence

from engine.proof.together import together

Holds = Callable[[tuple[int, ...]], Awaitable[bool]]
"""Whether the part of the list at these places does what the whole does."""


async def ddmin(count: int, holds: Holds) -> tuple[int, ...]:
    """Places of a list of `count` entries of which none can be left out; the order is kept.

    `holds` is taken to be true of all places and false of none, and asked about several parts at a time;
    of those that hold, the first is gone on with, so that the answer does not depend on who is done first.
    """
    known: dict[tuple[int, ...], bool] = {}

    async def first(parts: Sequence[tuple[int, ...]]) -> tuple[int, ...] | None:
        new = [part for part in parts if part not in known]
        known.update(zip(new, await together(*map(holds, new)), strict=True))
        return next((part for part in parts if known[part]), None)

    kept, pieces = tuple(range(count)), 2
    while len(kept) > 1:
        chunks = _split(kept, pieces)
        found = await first(chunks)
        if found is not None:
            kept, pieces = found, 2
            continue
        rests = [tuple(place for place in kept if place not in chunk) for chunk in chunks]
        found = await first(rests) if pieces > 2 else None
        if found is not None:
            kept, pieces = found, max(pieces - 1, 2)
        elif pieces < len(kept):
            pieces = min(len(kept), 2 * pieces)
        else:
            break
    return kept


def _split(places: tuple[int, ...], pieces: int) -> list[tuple[int, ...]]:
    cuts = [len(places) * number // pieces for number in range(pieces + 1)]
    return [places[begin:end] for begin, end in itertools.pairwise(cuts)]
