"""`sessions`: what was explored, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cligym_tui import diagnostics, output
from cligym_tui.exits import ExitCode
from cligym_tui.wording import day, size, span, table
from sessions.library import Library

if TYPE_CHECKING:
    import argparse

    from sessions.summary import Summary

_WORDS = {"newer": "of a newer version"}
"""States that are no word for a reader."""


def run(asked: argparse.Namespace) -> ExitCode:
    """List the sessions."""
    library = Library()
    found = library.list()
    if asked.json:
        output.json(found)
    elif found:
        heads = ("SESSION", "STATE", "GOLD", "AGENT", "TASKS", "BEGAN", "LASTED", "JOURNAL")
        output.text(table(heads, [_row(each) for each in found]))
    else:
        diagnostics.note(f"no sessions yet in {library.root}")
    return ExitCode.GOAL


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
