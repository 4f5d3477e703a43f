"""Showing a screen and coming back from it: the terminal is as it was, the exit code tells the truth."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cligym_tui import diagnostics
from cligym_tui.exits import ExitCode
from engine.errors import UsageError

if TYPE_CHECKING:
    from textual.screen import Screen

    from cligym_tui.screen.app import OperatorApp
    from cligym_tui.screen.config import Config
    from cligym_tui.screen.home import Starts
    from cligym_tui.screen.source import AtWork, Live
    from engine.repair.hands import Hands

NOTICED: Final = 0.5
"""Seconds in which nobody asks what is waited for."""
PATIENCE: Final = 10.0
"""Seconds a session has for its containers; whatever is left of them ends with this process."""


def need_terminal(instead: str) -> None:
    """The screen needs a terminal to read and to draw on.

    Raises:
        UsageError: there is none; `instead` says what to do.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise UsageError("the screen needs a terminal", instead)
    if os.environ.get("TERM", "") in ("dumb", ""):
        raise UsageError("this terminal cannot show a screen (TERM is dumb or not set)", instead)


def run_replay(source: Path, at: int | None = None, speed: float = 1.0) -> int:
    """Replay a journal; the exit code.

    Args:
        source: the journal.
        at: the step to begin at, counted through the whole session; None plays from the beginning.
        speed: seconds of session time in a second.

    Raises:
        UsageError: there is no terminal, the configuration is wrong, or there is no such step.
        JournalUnreadable, JournalCorrupt, JournalNewer: the journal cannot be read.
    """
    need_terminal("`cligym-tui export` writes what was recorded without one")
    from cligym_tui.screen.config import load
    from cligym_tui.screen.replaying import ReplayScreen
    from cligym_tui.screen.source import ReplaySource
    from sessions.replay import Player

    config = load()
    with Player(source, speed=speed) as player:
        if at is None:
            player.playing = True
        elif not player.seek_step(at):
            last = len(player.passages)
            raise UsageError(
                f"there is no step {at}", f"the session has {last}, from 1 on; 0 is its beginning"
            )
        code = _run(lambda app: ReplayScreen(ReplaySource(player, source), app.finish), config)
    _say(source)
    return code


def run_live(live: Live) -> int:
    """Show a session at work until the operator leaves it; the exit code.

    The session is ended in good order, also when the screen crashes.

    Raises:
        UsageError: there is no terminal, or the configuration is wrong.
    """
    need_terminal("`cligym-tui --auto GOLD` works without one")
    from cligym_tui.screen.config import load
    from cligym_tui.screen.steered import LiveScreen

    config = load()
    try:
        code = _run(lambda app: LiveScreen(live, app.finish, bell=config.bell), config)
    finally:
        _end(live)
    _say(live.journal_path)
    return _told(live, code)


def run_repair(hands: Hands) -> int:
    """Let a person repair a task on the screen; the exit code, 0 when it is solved.

    Raises:
        UsageError: there is no terminal, or the configuration is wrong.
    """
    need_terminal("`cligym-tui repair TASK --agent claude` works without one")
    from cligym_tui.screen.config import load
    from cligym_tui.screen.repairing import RepairScreen

    config = load()
    hands.start()
    try:
        code = _run(lambda app: RepairScreen(hands, app.finish), config)
    finally:
        _end(hands)
    _say(hands.journal_path)
    return _told(hands, code)


def run_home(starts: Starts | None = None) -> int:
    """Show what there is, and whatever is opened from there; the exit code.

    Args:
        starts: begins sessions, and goes on with them.

    Raises:
        UsageError: there is no terminal, or the configuration is wrong.
    """
    need_terminal("give a COMMAND or --auto GOLD; see `cligym-tui --help`")
    from cligym_tui.screen.config import load
    from cligym_tui.screen.home import HomeScreen, Starts

    config = load()
    begun: list[Live] = []

    def kept(live: Live) -> Live:
        begun.append(live)
        return live

    if starts is not None:
        begin, resume = starts
        starts = Starts(lambda gold, agent: kept(begin(gold, agent)), lambda session: kept(resume(session)))
    try:
        return _run(lambda app: HomeScreen(app.finish, starts, bell=config.bell), config)
    finally:
        for live in begun:
            _end(live)


def _run(first: Callable[[OperatorApp], Screen[Any]], config: Config) -> ExitCode:
    from cligym_tui.screen import garbage, hangup, signals
    from cligym_tui.screen.app import OperatorApp, exit_code

    hangup.watch()
    app = OperatorApp(first, config)
    garbage.begin()
    try:
        return exit_code(app, app.run())
    finally:
        signals.forget()


def _end(work: AtWork) -> None:
    """End a session that is at work still, and give it the time to do so in good order."""
    if work.over:
        return
    work.stop()
    if not work.join(NOTICED):
        diagnostics.note("ending the session …")
        work.join(PATIENCE)


def _told(work: AtWork, code: ExitCode) -> ExitCode:
    """The exit code of a session; why it failed is said here also when the screen, now gone, has said it."""
    if work.failure is None or code == ExitCode.INTERRUPTED:
        return code
    return diagnostics.report(work.failure)


def _say(journal: Path) -> None:
    diagnostics.note(f"the whole session is in {journal}")
