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
    """Bytes and the end of the line, at once; raises as `raw`."""
    raw(value + b"\n")


def raw(value: bytes) -> None:
    """Bytes, at once.

    Raises:
        ReaderGone: nobody reads any more.
        OutputError: standard output is a file that takes no more.
    """
    try:
        sys.stdout.buffer.write(value)
        sys.stdout.buffer.flush()
    except (BrokenPipeError, ValueError) as error:
        raise ReaderGone from error
    except OSError as error:
        raise OutputError(f"cannot write standard output: {error.strerror}") from error


def flush() -> None:
    """Write out what is buffered, at the end; where that cannot be, it was said before."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        # The interpreter tries once more, and its failure would take the place of our exit code.
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stdout.fileno())
            os.close(null)
