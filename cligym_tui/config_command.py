"""`config`: where the screen's configuration is read from, what it says, and a file to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import tomli_w

from cligym_tui import diagnostics, output
from cligym_tui.exits import ExitCode
from cligym_tui.screen import config
from engine.errors import OutputError, UsageError

if TYPE_CHECKING:
    import argparse

BEGINNING: Final = """\
# The screen of cligym-tui. A cligym.toml in the current directory says more than this file, and a variable
# (CLIGYM_THEME, CLIGYM_BELL, CLIGYM_SELF_CONTAINED) more than both. What is commented out is the default.

# One of Textual's themes, such as "nord"; "ansi-dark" and "ansi-light" use the terminal's own colours.
# theme = ""

# Whether to ring when a command waits and nobody looks.
# bell = true

# Whether committed tasks stand on no gold image.
# self_contained = false

# Keys by an action's id, several with commas between them. The README lists the actions.
[keys]
# "branch.fork" = "F,ctrl+f"
"""


def run(asked: argparse.Namespace) -> ExitCode:
    """Do what was asked for.

    Raises:
        UsageError: a file says what is not known, or there is one where one was to begin.
        OutputError: the file cannot be written.
    """
    match asked.action:
        case "path":
            output.text("\n".join(map(str, config.files())))
        case "show":
            known = msgspec.to_builtins(config.load())
            if asked.json:
                output.json(known)
            else:
                output.text(tomli_w.dumps(known).rstrip("\n"))
        case _:
            _begin()
    return ExitCode.GOAL


def _begin() -> None:
    file = config.files()[0]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as made:
            made.write(BEGINNING)
    except FileExistsError:
        raise UsageError(
            f"there is {file} already", "`cligym-tui config show` says what it comes to"
        ) from None
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror}", "see to its directory") from error
    diagnostics.note(f"{file} is there to be edited")
