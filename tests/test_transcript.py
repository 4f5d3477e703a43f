"""The terminal's bytes on their way into the journal."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from engine.keyboard import Keyboard
from engine.transcript import CHUNK, GATHER, KEPT, KEPT_END, Transcript


async def test_bytes_are_gathered_and_come_in_order() -> None:
    written: list[bytes] = []
    transcript = Transcript(written.append)
    for piece in (b"a", b"b", b"c"):
        transcript.add(piece)
    assert written == []
    await asyncio.sleep(3 * GATHER)
    assert written == [b"abc"]
    transcript.add(b"x" * CHUNK)
    assert written[1] == b"x" * CHUNK, "a full record does not wait"
    assert transcript.end() == 0
    await asyncio.sleep(3 * GATHER)
    assert len(written) == 2, "and leaves nothing to write later"


async def test_of_a_flood_the_start_and_the_end_are_kept() -> None:
    written: list[bytes] = []
    transcript = Transcript(written.append)
    for number in range(300):
        transcript.add(b"%8d" % number * 1024)
    dropped = transcript.end()
    kept = b"".join(written)
    assert len(kept) == KEPT + KEPT_END
    assert dropped == 300 * 8192 - len(kept)
    assert kept[:8] == b"%8d" % 0
    assert kept[-8:] == b"%8d" % 299
    transcript.add(b"next")
    assert transcript.end() == 0
    assert written[-1] == b"next", "the next command has room again"


async def test_with_each_key_of_a_person_s_there_is_room_again() -> None:
    written: list[bytes] = []
    transcript = Transcript(written.append)

    async def typed(keys: bytes) -> None:
        transcript.add(keys.upper() + b"." * (KEPT + 2 * KEPT_END))

    async def stands() -> None:
        """It has not ended."""

    shell = SimpleNamespace(stand=stands, type=typed)
    branch: Any = SimpleNamespace(name="b1", transcript=transcript, shell=shell)
    exploration: Any = SimpleNamespace(journal=SimpleNamespace(append=lambda event: None))
    keyboard = Keyboard(exploration, branch)
    transcript.add(b"." * KEPT)
    keyboard.take()
    for key in (b"a", b"b", b"c"):
        await keyboard.type(key)
        await asyncio.sleep(2 * GATHER)
    kept = b"".join(written)
    assert kept.replace(b".", b"") == b"ABC"
    assert len(kept) == KEPT + 3 * KEPT + 2 * KEPT_END, "and a flood is cut all the same"
