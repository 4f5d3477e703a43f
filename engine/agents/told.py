"""What a model is told of a step: what came of the command, what it changed, what the tests make of it."""

from __future__ import annotations

from collections.abc import Sequence

from engine import clean
from engine.agents.model import Feedback
from engine.suite.report import COMPLETE, PASSED, Report
from sessions.trajectories.printed import Printed

PATHS, NAMES, TEXTS = 20, 15, 3
"""Changed paths, flipped tests, and failures shown with their text."""
TEXT = 900
"""Characters of one failure."""


def clipped(text: str, limit: int) -> str:
    """The head and the tail of a text, and how much was between."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def of(feedback: Feedback, tests: int, mine: str = "") -> str:
    """The result of a step in words.

    Args:
        feedback: what it led to.
        tests: how many there are.
        mine: the command as the model gave it, which the operator may have changed.
    """
    parts = []
    if mine and feedback.command and feedback.command != mine:
        parts.append(f"The operator changed the command to: {clean.block(feedback.command, 4000)}")
    parts.append(_ended(feedback))
    printed = Printed()
    printed.add(feedback.output)
    output = printed.text(feedback.command)
    parts.append(f"Output:\n{output}" if output else "It printed nothing.")
    if feedback.changed:
        parts.append("Changed paths:\n" + _listed(feedback.changed, PATHS))
        parts.append(_tests(feedback, tests))
    else:
        parts.append("It changed no files.")
    return "\n\n".join(parts)


def by_hand(changed: Sequence[str], broken: frozenset[str]) -> str:
    """What an operator's hands did meanwhile."""
    return (
        f"The operator has worked in the shell by hand. Changed paths:\n{_listed(changed, PATHS)}\n"
        f"Tests that do not pass now: {len(broken)}\n{_listed(sorted(broken), NAMES)}"
    ).rstrip()


def _ended(feedback: Feedback) -> str:
    ended = {
        "timeout": "The command took too long and was ended.",
        "interrupted": "The operator interrupted the command.",
        "incomplete": "The shell waited for the rest of the command: a quote or bracket was left open.",
        "lost": "The shell ended with this command; a new one was started.",
    }.get(feedback.outcome, "")
    code = "" if feedback.exit_code is None else f"Exit code {feedback.exit_code}."
    return " ".join(each for each in (ended, code) if each) or "It is not known how the command ended."


def _tests(feedback: Feedback, tests: int) -> str:
    report = feedback.report
    if report is None or not (feedback.broken or feedback.flips):
        return f"All {tests} tests pass."
    lines = [f"Tests: {len(feedback.broken)} of {tests} do not pass."]
    if report.status != COMPLETE:
        lines.append(
            f"The test run did not come to its end: {report.status}, {clean.line(report.detail, 300)}"
        )
        lines += [clipped(clean.block(report.tail, 2000), TEXT)] if report.tail else []
    fell = [flip.id for flip in feedback.flips if flip.after != PASSED]
    rose = [flip.id for flip in feedback.flips if flip.after == PASSED]
    lines += ["They ceased to pass with this command:\n" + _listed(fell, NAMES)] if fell else []
    lines += ["They pass again:\n" + _listed(rose, NAMES)] if rose else []
    if not feedback.flips:
        lines.append("No test changed its outcome.")
    return "\n".join(lines + _failures(report, fell))


def _failures(report: Report, fell: Sequence[str]) -> list[str]:
    """The texts of a few failures, no two of them the same."""
    shown: dict[str, str] = {}
    for test in fell:
        result = report.results.get(test)
        if result and result.message and len(shown) < TEXTS:
            shown.setdefault(clipped(clean.block(result.message), TEXT), test)
    return [f"{clean.line(test, 200)}:\n{text}" for text, test in shown.items()]


def _listed(names: Sequence[str], most: int) -> str:
    lines = [f"- {clean.line(name, 200)}" for name in names[:most]]
    if len(names) > most:
        lines.append(f"- and {len(names) - most} more")
    return "\n".join(lines)
