"""`repair TASK...`: solvers on exported tasks; a line for each attempt, then what they say of the tasks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cligym_tui import diagnostics, output
from cligym_tui.exits import ExitCode
from cligym_tui.model_arguments import budget, minds
from cligym_tui.wording import number, span, spending, table
from engine.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from engine.repair.figures import Difficulty, Pass
    from engine.repair.order import Outcome
    from sessions.repairs import Attempted


def run(asked: argparse.Namespace) -> ExitCode:
    """Try what was asked for; 0 when every task was solved at least once."""
    if asked.solver == "operator":
        return _operator(asked)
    from engine.repair.attempt import Allowance
    from engine.repair.figures import difficulties
    from engine.repair.order import Order
    from engine.repair.run import run as repair

    tasks = [Path(os.path.expanduser(each)).absolute() for each in dict.fromkeys(asked.directories)]
    order = Order(
        tasks,
        asked.solver,
        asked.attempts,
        asked.at_a_time,
        asked.hint,
        Allowance(steps=asked.attempt_steps),
        minds(asked.solver, asked),
        budget(asked),
    )
    outcome = asyncio.run(repair(order, _tell))
    for directory, why in outcome.unready.items():
        diagnostics.warning(f"{directory} could not be tried: {why}")
    found = difficulties(outcome.attempts)
    if asked.json:
        output.json(_document(outcome, found))
    elif found:
        output.text(report(found))
    if outcome.limit:
        diagnostics.error(outcome.limit)
        return ExitCode.LIMIT
    solved = sum(1 for each in found if each.solved)
    return ExitCode.GOAL if solved == len(tasks) else ExitCode.SHORT


def _operator(asked: argparse.Namespace) -> ExitCode:
    """One task on the screen.

    Raises:
        UsageError: several tasks or attempts, or no terminal.
    """
    from cligym_tui.screen.run import need_terminal, run_repair
    from engine.repair.hands import Hands

    minds(asked.solver, asked)
    if len(asked.directories) > 1 or asked.attempts > 1 or asked.json:
        raise UsageError("a person tries one task, once, on the screen", "name one TASK")
    need_terminal("`cligym-tui repair TASK --agent claude` works without one")
    return ExitCode(run_repair(Hands(Path(os.path.expanduser(asked.directories[0])).absolute(), asked.hint)))


def _tell(attempted: Attempted) -> None:
    """Progress, while standard output waits for the table."""
    why = f": {attempted.detail}" if attempted.detail else ""
    effort = f"{number(attempted.steps, 'step')}, {span(attempted.seconds)}"
    if attempted.spent.calls:
        effort += f", {spending(attempted.spent)}"
    where = f"{attempted.task} attempt {attempted.attempt} ({attempted.session} {attempted.branch})"
    diagnostics.note(f"{where} {attempted.outcome or 'cut off'}, {effort}{why}")


def report(found: Sequence[Difficulty]) -> str:
    """A table of tasks, and the share of all where there are several."""
    from engine.repair.figures import overall

    heads = ("TASK", "SOLVER", "HINT", "SOLVED", "PASS@1", "PASS@K", "BAND", "STEPS", "TOKENS", "USD", "TIME")
    lines = [table(heads, [_row(each) for each in found])]
    every = overall(found)
    if len(found) > 1 and every:
        lines.append(f"pass@1 over {number(len(found), 'task')}: {_share(every)}")
    return "\n".join(lines)


def _row(each: Difficulty) -> tuple[str, ...]:
    last = each.passes[-1] if len(each.passes) > 1 else None
    return (
        each.task,
        each.model or each.solver,
        each.hint,
        f"{each.solved} of {each.attempts}",
        _share(each.passes[0]) if each.passes else "",
        f"@{last.k} {_share(last)}" if last else "",
        each.band,
        f"{each.steps:g}",
        f"{each.tokens:.0f}",
        _money(each),
        span(each.seconds),
    )


def _money(each: Difficulty) -> str:
    if each.usd is None or (each.vague and not each.usd):
        return "unknown"
    return f"{each.usd:.4f}{'+' if each.vague else ''}"


def _share(found: Pass) -> str:
    return f"{found.value:.2f} ({found.low:.2f}-{found.high:.2f})"


def _document(outcome: Outcome, found: Sequence[Difficulty]) -> dict[str, object]:
    return {
        "tasks": found,
        "attempts": outcome.attempts,
        "unready": outcome.unready,
    }
