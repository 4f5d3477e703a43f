"""The one owner of standard output: data and nothing else. A reader that goes away is no crash."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

from engine.errors import OutputError


class ReaderGone(Exception):
    """Whoever read standard output (`head`, a pager, a terminal that was closed) has had enough."""


def text(value: str) -> None:
    """One or more lines of text."""
    data(value.encode("utf-8", "backslashreplace"))


def json(value: Any) -> None:
    """One value as indented JSON."""
    import msgspec

    data(msgspec.json.format(msgspec.json.encode(value), indent=2))


def data(value: bytes) -> None:
    """Bytes and the end of the line, at once.

    Raises:
        ReaderGone: nobody reads any more.
        OutputError: standard output is a file that takes no more.
    """
    try:
        sys.stdout.buffer.write(value + b"\n")
        sys.stdout.buffer.flush()
    except (BrokenPipeError, ValueError) as error:
        silence()
        raise ReaderGone from error
    except OSError as error:
        silence()
        raise OutputError(f"cannot write standard output: {error.strerror}") from error


def flush() -> None:
    """Write out what is buffered; a reader that is gone does not matter here."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        silence()


def silence() -> None:
    """Send what is still buffered nowhere: Python flushes at its end, and would fail again there."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
