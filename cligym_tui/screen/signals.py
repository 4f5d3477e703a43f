"""The signals that politely end a program: the screen is put away first, the terminal is not ours to keep."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType
from typing import Final

POLITE: Final = (signal.SIGTERM, signal.SIGINT)
"""On a raw terminal ctrl+c is a key: a SIGINT comes from outside, too."""


def watch(end: Callable[[], object]) -> None:
    """Have `end` called on the running loop when such a signal comes; a second one ends the process.

    That one is for a loop that does not come to it, being stuck in drawing on a terminal nobody reads.
    """
    loop = asyncio.get_running_loop()

    def told(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(end)

    for number in POLITE:
        signal.signal(number, told)


def forget() -> None:
    """Let them be what they are without a screen."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
