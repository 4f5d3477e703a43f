"""The three standard streams, where a caller closed some of them (`>&-`)."""

from __future__ import annotations

import os
import sys


def complete() -> None:
    """Open what is closed: nothing is read, what is written to standard output fails, errors go nowhere.

    Otherwise Python has None in their place, which `print` takes for standard output; and the next file that
    is opened, a journal perhaps, gets the missing number, and with it what programs we start have to say.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(_opened(0, os.O_RDONLY))
    if sys.stdout is None:
        # For reading only: that nobody gets the data is an error, as a full disk is.
        sys.stdout = os.fdopen(_opened(1, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(_opened(2, os.O_WRONLY), "w", errors="backslashreplace")


def _opened(number: int, how: int) -> int:
    descriptor = os.open(os.devnull, how)
    if descriptor == number:
        os.set_inheritable(number, True)
    else:
        os.dup2(descriptor, number)
        os.close(descriptor)
    return number
