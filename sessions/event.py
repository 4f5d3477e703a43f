"""What all events of a session share."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", omit_defaults=True):
    """One thing that happened. `seq` and `at` are filled in by the journal when the event is appended."""

    seq: int = 0
    """Position in the session, from 1, without gaps."""
    at: float = 0.0
    """Wall clock, seconds since the epoch."""
