"""Exit codes, and which failure ends with which. A crash of ours is never 0."""

from __future__ import annotations

import enum

from engine import errors
from sessions import errors as files


class ExitCode(enum.IntEnum):
    """What the shell gets; the same table is in the README and in `--help`."""

    GOAL = 0
    """The goal was reached."""
    SHORT = 1
    """It ran, but did not reach the goal."""
    USAGE = 2
    """The command line, a recipe, a name or a directory is wrong: change something and try again."""
    DOCKER = 3
    """The Docker Engine is absent, refused, or died; or `doctor` found something to mend."""
    MODEL = 4
    """The model's service failed for good."""
    LIMIT = 5
    """A limit the user set ended it."""
    INTERRUPTED = 130
    """Ctrl-C, or a polite signal."""


_CODES: tuple[tuple[type[BaseException], ExitCode], ...] = (
    (KeyboardInterrupt, ExitCode.INTERRUPTED),
    (errors.UsageError, ExitCode.USAGE),
    (errors.GoldBroken, ExitCode.USAGE),
    (errors.OutputFull, ExitCode.SHORT),
    (errors.OutputError, ExitCode.USAGE),
    (errors.EngineError, ExitCode.DOCKER),
    (errors.ModelError, ExitCode.MODEL),
    (errors.LimitReached, ExitCode.LIMIT),
    (files.StorageFull, ExitCode.SHORT),
    (files.StorageUnwritable, ExitCode.USAGE),
    (files.NameUnsafe, ExitCode.USAGE),
    (files.SessionUnknown, ExitCode.USAGE),
    (files.SessionAmbiguous, ExitCode.USAGE),
    (files.JournalLocked, ExitCode.USAGE),
    (files.JournalNewer, ExitCode.USAGE),
    (files.JournalUnreadable, ExitCode.USAGE),
)
"""The first type that fits decides; anything else ran and fell short."""

Told = (errors.CligymError, files.SessionsError)
"""Errors that are one line for the user, with a `hint`."""


def code_of(error: BaseException) -> ExitCode:
    """The exit code of what ended a command."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.SHORT)


def unwrapped(error: BaseException) -> BaseException:
    """The failure that counts in a group of them: one that can be told in a line, if there is any."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    inner = [unwrapped(each) for each in error.exceptions]
    return next((each for each in inner if isinstance(each, Told)), inner[0])
