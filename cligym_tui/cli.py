"""`cligym-tui`: read the call, hand it to the command's own module, end with its exit code.

Nothing heavy is imported before it is known to be needed: help and mistakes answer at once.
"""

from __future__ import annotations

import importlib
import itertools
import sys
from typing import TYPE_CHECKING, NoReturn

from cligym_tui import diagnostics, output, streams
from cligym_tui.arguments import parse
from cligym_tui.exits import ExitCode

if TYPE_CHECKING:
    import argparse

_JUDGES = frozenset({("task", "check"), ("trajectories", "verify"), ("repair", ""), ("doctor", "")})
"""Commands whose 0 is a verdict: whoever reads no further has not been told it."""


def main() -> NoReturn:
    """The program: never returns, and never ends with a traceback."""
    streams.complete()
    try:
        code = run(sys.argv[1:])
    except output.ReaderGone:
        code = ExitCode.GOAL
    except SystemExit:  # argparse, after the help
        code = ExitCode.GOAL
    except BaseException as failure:
        code = diagnostics.report(failure)
    output.flush()
    sys.exit(code)


def run(argv: list[str]) -> ExitCode:
    """One call; its exit code.

    Raises:
        ReaderGone: nobody reads standard output any more.
        CligymError, SessionsError: what could be told in a line.
    """
    try:
        asked = parse(argv)
    except Exception as failure:
        if _wants_events(argv):
            # The last line is a result also when nothing began.
            from cligym_tui.auto_command import failed

            return failed(failure)
        raise
    if asked.command is None:
        return _nothing_asked(asked)
    if asked.command == "version":
        return _version()
    return _command(asked)


def _command(asked: argparse.Namespace) -> ExitCode:
    module = importlib.import_module(f"cligym_tui.{asked.command}_command")
    try:
        code: ExitCode = module.run(asked)
    except output.ReaderGone:
        if (asked.command, getattr(asked, "action", "")) in _JUDGES:
            return ExitCode.SHORT
        raise
    return code


def _wants_events(argv: list[str]) -> bool:
    return any(word == "--auto" or word.startswith("--auto=") for word in argv) and (
        "--format=jsonl" in argv or ("--format", "jsonl") in itertools.pairwise(argv)
    )


def _nothing_asked(asked: argparse.Namespace) -> ExitCode:
    if sys.stdout.isatty() and sys.stdin.isatty() and sys.stderr.isatty():
        asked.command = "home"
        return _command(asked)
    diagnostics.error("no command", "give a COMMAND or --auto GOLD; see `cligym-tui --help`")
    return ExitCode.USAGE


def _version() -> ExitCode:
    from importlib.metadata import PackageNotFoundError, version

    try:
        output.text(f"cligym-tui {version('cligym-tui')}")
    except PackageNotFoundError:
        output.text("cligym-tui (not installed)")
    return ExitCode.GOAL
