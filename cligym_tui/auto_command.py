"""`--auto GOLD`: the headless run, shown as a live display, as lines, or as events.

The last word is always a result, also when the run failed or never began.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from cligym_tui import diagnostics, model_arguments, output
from cligym_tui.background import Background, Watch, Work
from cligym_tui.exits import ExitCode, code_of, unwrapped
from cligym_tui.progress import figures
from cligym_tui.shows import Events, Lines, Nothing, Show
from cligym_tui.wording import number, span, spending
from engine import clean
from engine.errors import CligymError
from sessions.events import Result
from sessions.library import Library
from sessions.state import State
from sessions.summary import JOURNAL_NAME

if TYPE_CHECKING:
    import argparse
    import asyncio

_TICK = 0.1
"""Seconds between two looks at the clock while nothing happens."""
_GRACE = 3.0
"""Seconds a run that was interrupted twice has to close what it holds."""
_PATHS = 20
"""Tasks listed at the end."""
_STOPPING = "stopping in good order; interrupt again to end at once"
_ENDING = "ending"
_WORDS = {
    "goal": "goal reached",
    "short": "goal not reached",
    "limit": "limit reached",
    "interrupted": "interrupted",
    "failed": "failed",
}


class Asked(Protocol):
    """What of the command line matters here."""

    auto: str
    tasks: int
    agent: str
    seed: int
    out: str
    max_minutes: float | None
    reject_trivial: bool
    format: str


def run(asked: argparse.Namespace) -> ExitCode:
    """Run what was asked for; the exit code of its result."""

    async def work(watch: Watch, stop: asyncio.Event) -> Result:
        # Here, so that also a failure to import it ends with a result.
        from engine import auto

        order = auto.Order(
            gold=asked.auto,
            tasks=asked.tasks,
            agent=asked.agent,
            seed=asked.seed,
            workers=asked.workers,
            max_minutes=asked.max_minutes,
            out=Path(os.path.expanduser(asked.out)),
            alone=asked.self_contained,
            reject_trivial=asked.reject_trivial,
            minds=model_arguments.minds(asked.agent, asked),
            budget=model_arguments.budget(asked),
            max_steps=asked.max_steps,
            batch=asked.batch,
        )
        return await auto.run(order, watch, stop)

    return show(work, asked)


def show(work: Work, asked: Asked) -> ExitCode:
    """Do the work in the background and show it, to its end."""
    began = time.monotonic()
    watched = _Watched(Background(work), _chosen(asked))
    with _signals(watched):
        watched.follow()
    result = _result(watched, time.monotonic() - began)
    code = _concluded(watched, result, asked.format)
    if watched.abandoned:
        # The thread hangs in a call that does not end; the interpreter would wait for it.
        output.flush()
        os._exit(code)
    return code


def failed(failure: BaseException) -> ExitCode:
    """A run with `--format jsonl` that never began: still one result on standard output."""
    code = diagnostics.report(failure)
    Events().end(
        Result(at=time.time(), exit_code=code, outcome="failed", detail=diagnostics.summary(failure))
    )
    return code


class _Watched:
    """A run and how it is shown, until it is over or given up."""

    def __init__(self, background: Background, show: Show) -> None:
        self.background, self.show = background, show
        self.interrupts = 0
        self.abandoned = False
        self.failure: Exception | None = None
        """What went wrong here, in the showing."""
        self._said = 0
        self._deadline = float("inf")

    def follow(self) -> None:
        """Show events until there are no more."""
        while not self.background.over:
            event = self.background.next(_TICK)
            with self._reader():
                if self.interrupts > self._said:
                    self._said = self.interrupts
                    self.show.say(_STOPPING if self.interrupts == 1 else _ENDING)
                if event is not None:
                    self.show.take(event)
                self.show.tick()
            if time.monotonic() > self._deadline:
                self.abandoned = True
                return

    def interrupt(self, *_: object) -> None:
        """Handle a signal: first a clean end, then one at once, then not even a result.

        It may come in the middle of a write, so it writes nothing.
        """
        self.interrupts += 1
        if self.interrupts == 1:
            self.background.stop()
        elif self.interrupts == 2:
            self._deadline = time.monotonic() + _GRACE
            self.background.cancel()
        else:
            os._exit(ExitCode.INTERRUPTED)

    def end(self, result: Result) -> None:
        """The last word."""
        with self._reader():
            self.show.end(result)

    @contextlib.contextmanager
    def _reader(self) -> Iterator[None]:
        """When nobody can read any more, the run is ended in good order, unseen."""
        try:
            yield
        except (Exception, SystemExit) as error:  # rich turns a broken pipe into SystemExit
            # A terminal that was closed answers with errors of its own kind.
            if not isinstance(error, output.ReaderGone | SystemExit | OSError):
                self.failure = error
            lost, self.show = self.show, Nothing(self.show.state)
            self.background.stop()
            with contextlib.suppress(Exception, SystemExit):
                lost.end(Result(exit_code=ExitCode.SHORT, outcome="failed"))


@contextlib.contextmanager
def _signals(watched: _Watched) -> Iterator[None]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants it to go on
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, watched.interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _chosen(asked: Asked) -> Show:
    if asked.format == "jsonl":
        return Events()
    if not sys.stdout.isatty():
        return Lines()
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    if console.is_dumb_terminal or console.options.ascii_only:
        # The display's marks and bars are in no encoding but those of Unicode.
        return Lines()
    from cligym_tui.live import Live

    title = f"{asked.auto} · {asked.agent} · seed {asked.seed}"
    rate = 2.0 if "SSH_CONNECTION" in os.environ else 5.0
    return Live(console, title, asked.tasks, had=_had(asked), rate=rate, limit=asked.max_minutes)


def _had(asked: Asked) -> int:
    """Tasks of this gold environment that an earlier run left, for the display only."""
    from engine.tasks.output import index

    try:
        return sum(line.get("gold") == asked.auto for line in index(Path(os.path.expanduser(asked.out))))
    except (CligymError, OSError):
        return 0  # the run itself will say what is wrong there


def _result(watched: _Watched, seconds: float) -> Result:
    """The engine's own result, or one made of how it failed."""
    background, counters = watched.background, watched.show.state.counters
    if background.result is not None:
        result = background.result
        return replace(
            result,
            at=result.at or time.time(),
            seconds=result.seconds or seconds,
            attempts=result.attempts or counters.attempts,
            flipped=result.flipped or counters.flipped,
            proven=result.proven or counters.proven,
        )
    failure = unwrapped(background.failure or KeyboardInterrupt())
    if watched.interrupts > 1:
        failure = KeyboardInterrupt()
    code = code_of(failure)
    outcome = {ExitCode.INTERRUPTED: "interrupted", ExitCode.LIMIT: "limit"}.get(code, "failed")
    return Result(
        at=time.time(),
        exit_code=code,
        outcome=outcome,
        detail=diagnostics.summary(failure),
        tasks=tuple(task.path for task in watched.show.state.tasks),
        attempts=counters.attempts,
        flipped=counters.flipped,
        proven=counters.proven,
        seconds=seconds,
        session=watched.show.state.session,
    )


def _concluded(watched: _Watched, result: Result, form: str) -> ExitCode:
    """Say how it ended; the exit code."""
    gone = isinstance(watched.show, Nothing)
    watched.end(result)
    if form == "text" and not gone:
        with contextlib.suppress(output.ReaderGone):
            output.text(ending(result, watched.show.state))
    if watched.failure is not None:
        return diagnostics.report(watched.failure)
    if watched.background.result is None:
        failure = watched.background.failure
        return diagnostics.report(
            KeyboardInterrupt() if failure is None or watched.interrupts > 1 else failure
        )
    if result.exit_code not in (ExitCode.GOAL, ExitCode.INTERRUPTED) and result.detail:
        diagnostics.error(result.detail)
    return ExitCode(result.exit_code)


def ending(result: Result, state: State) -> str:
    """The summary a person is left with: what came of it, and where it is."""
    word = _WORDS.get(result.outcome, result.outcome)
    lines = [f"{word} after {span(result.seconds)}: {figures(state)}"]
    if state.spent is not None:
        calls = number(state.spent.calls, "call")
        lines.append(f"  models: {calls}, {spending(state.spent)} (an estimate, by the table of prices)")
    lines += [f"  {clean.line(path)}" for path in result.tasks[-_PATHS:]]
    if len(result.tasks) > _PATHS:
        lines.append(f"  and {len(result.tasks) - _PATHS} before them")
    if result.session:
        lines.append(f"  journal: {Library().root / clean.line(result.session, 100) / JOURNAL_NAME}")
    return "\n".join(lines)
