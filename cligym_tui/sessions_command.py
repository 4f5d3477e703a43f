"""`sessions`: what was explored, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from cligym_tui import diagnostics, output
from cligym_tui.exits import ExitCode
from cligym_tui.wording import day, size, span, table
from sessions.errors import JournalNewer, SessionsError
from sessions.journal import read
from sessions.library import Library
from sessions.summary import JOURNAL_NAME

if TYPE_CHECKING:
    import argparse

    from sessions.summary import Summary

_WORDS = {"newer": "of a newer version"}
"""States that are no word for a reader."""


def run(asked: argparse.Namespace) -> ExitCode:
    """List the sessions."""
    library = Library()
    found = [_told(library, each) for each in library.list()]
    if asked.json:
        output.json(found)
    elif found:
        heads = ("SESSION", "STATE", "GOLD", "AGENT", "TASKS", "BEGAN", "LASTED", "JOURNAL")
        output.text(table(heads, [_row(each) for each in found]))
    else:
        diagnostics.note(f"no sessions yet in {library.root}")
    return ExitCode.GOAL


def _told(library: Library, each: Summary) -> Summary:
    """A session as it is listed: what a later program wrote is not damaged, only not for this one to read."""
    if each.state != "damaged":
        return each
    path = library.root / each.id / JOURNAL_NAME
    try:
        next(read(path), None)
    except JournalNewer:
        return replace(each, state="newer", size=path.stat().st_size)
    except SessionsError:
        pass
    return each


def _row(each: Summary) -> tuple[str, ...]:
    state = f"{each.state}: {each.outcome}" if each.outcome else _WORDS.get(each.state, each.state)
    lasted = span(each.last - each.started) if each.started else ""
    return (
        each.id,
        state,
        each.gold,
        each.agent,
        str(each.tasks),
        day(each.started),
        lasted,
        size(each.size),
    )
