"""The one owner of standard error: what went wrong in one line, what to do in the next."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from pathlib import Path

from cligym_tui.exits import ExitCode, Told, code_of, unwrapped
from engine import clean


def error(message: str, hint: str = "") -> None:
    """Something failed."""
    _say("error", message, hint)


def warning(message: str, hint: str = "") -> None:
    """Something the user should know, which stops nothing."""
    _say("warning", message, hint)


def note(message: str) -> None:
    """Progress of a command whose standard output is data."""
    _write(clean.line(message))


def _say(level: str, message: str, hint: str) -> None:
    # One line, whatever a project or an engine put into it.
    _write(f"{level}: {clean.line(' '.join(message.split()))}")
    if hint:
        _write(f"  {clean.line(' '.join(hint.split()))}")


def _write(text: str) -> None:
    # A closed or full standard error takes nothing; the exit code still tells.
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the place for it


def report(failure: BaseException) -> ExitCode:
    """Tell the user what ended the command; its exit code."""
    failure = unwrapped(failure)
    if isinstance(failure, KeyboardInterrupt):
        error("interrupted")
    elif isinstance(failure, Told):
        error(str(failure) or type(failure).__name__, failure.hint)
    else:
        _crashed(failure)
    return code_of(failure)


def summary(failure: BaseException) -> str:
    """The failure in one line, as it goes into a result."""
    failure = unwrapped(failure)
    if isinstance(failure, KeyboardInterrupt):
        return "interrupted"
    told = clean.line(" ".join(str(failure).split()))
    return told if isinstance(failure, Told) and told else f"{type(failure).__name__}: {told}"


def _crashed(failure: BaseException) -> None:
    text = "".join(traceback.format_exception(failure))
    try:
        place = _keep(text)
    except OSError:
        # No place for it: better a long message than none.
        _write(text)
        error(f"this is a mistake in cligym-tui: {summary(failure)}")
    else:
        error(f"this is a mistake in cligym-tui: {summary(failure)}", f"the traceback is in {place}")


def _keep(text: str) -> Path:
    from sessions.library import state_dir

    directory = state_dir() / "crashes"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}.txt"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path
