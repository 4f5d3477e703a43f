"""Types of the command line's options: what a text has to be, and what is wrong with it in a few words."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from typing import Any

Number = Callable[[str], Any]


def whole(least: int, most: int) -> Number:
    """The type of an option that takes a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        # int() takes blanks, underscores and digits of any script; a command line should not.
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from {least} to {most}")
        return value

    return parse


def _number(text: str) -> float:
    """What a text says as a plain number; not a number where it says none."""
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan


def minutes(text: str) -> float:
    """The type of `--max-minutes`: more than none, at most a month."""
    value = _number(text)
    if not 0 < value <= 43200:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number of minutes above 0, at most 43200")
    return value


def speed(text: str) -> float:
    """The type of `--speed`."""
    value = _number(text)
    if not 0.01 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a speed from 0.01 to 1000")
    return value


def share(text: str) -> float:
    """The type of `--split`."""
    value = _number(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a share above 0, at most 1")
    return value


def filled(text: str) -> str:
    """The type of what may be anything but nothing."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    if "\0" in text:
        raise argparse.ArgumentTypeError("it has a NUL byte")
    return text


def place(text: str) -> str:
    """The type of what names a file or a directory that may be there or not, if only the system can tell.

    Whoever looks there later need not expect a name that is too long, or a directory that may not be entered.
    """
    try:
        os.stat(os.path.join(os.path.expanduser(filled(text)), "."))
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} cannot be looked at: {error.strerror}") from error
    return text


def dollars(text: str) -> float:
    """The type of `--max-usd`: more than none."""
    value = _number(text)
    if not 0 < value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number of dollars above 0")
    return value
