"""The events as they are, a line of JSON each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions import codec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessions.recording import Recording


def jsonl(recording: Recording, index: int, branch: str = "") -> Iterator[bytes]:
    """The first `index` events; with a branch, those of others are left out, except its ancestors'."""
    counts = {name: stop for name, _, stop in recording.lineage(branch, index)} if branch else {}
    for place, event in enumerate(recording.slice(0, index)):
        of = getattr(event, "branch", "")
        if not branch or not of or place < counts.get(of, 0):
            yield codec.encode(event) + b"\n"
