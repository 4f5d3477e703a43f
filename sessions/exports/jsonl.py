"""The events as they are, a line of JSON each, after a journal's header: it can be replayed like one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from sessions import codec
from sessions.events import FORMAT_VERSION, Event, Unknown
from sessions.records import Header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessions.recording import Recording


def jsonl(recording: Recording, index: int, branch: str = "") -> Iterator[bytes]:
    """The first `index` events; with a branch, those of others are left out, except its ancestors'."""
    counts = {name: stop for name, _, stop in recording.lineage(branch, index)} if branch else {}
    yield msgspec.json.encode(Header(v=FORMAT_VERSION)) + b"\n"
    seq = 0
    for place, event in enumerate(recording.slice(0, index)):
        of = getattr(event, "branch", "")
        if not branch or not of or place < counts.get(of, 0):
            seq += 1
            yield codec.encode(_numbered(event, seq)) + b"\n"


def _numbered(event: Event, seq: int) -> Event:
    """The event at this position: where some are left out, the others move up."""
    if event.seq == seq:
        return event
    if isinstance(event, Unknown):
        line = msgspec.json.encode({**msgspec.json.decode(event.line), "seq": seq})
        return replace(event, seq=seq, line=line)
    return replace(event, seq=seq)
