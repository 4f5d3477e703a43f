"""The instruction: a user's report of what they saw when their tests stopped passing.

Written without a model, from the observed failures alone. A seed picks the wording, so that the tasks of a
collection do not read alike.
"""

from __future__ import annotations

import random
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from engine import clean, phrases
from engine.gold.model import Gold, TestCommand
from engine.masking import Mask, told_paths
from engine.sandbox.delta import Layer
from engine.suite.report import DIED, MISSING, TIMEOUT, UNSTARTABLE, Report

SHORTEST, LONGEST = 80, 250
"""Words of an instruction."""
LINES = 10
"""Lines of output shown."""
WIDTH = 150
"""Characters of one of them."""
COMMAND = 300
"""Characters of the longest test command that is said."""

_FENCE = "```"


def write(
    gold: Gold,
    report: Report,
    f2p: Sequence[str],
    delta: Layer,
    *,
    seed: str,
    hint: str = "",
    opening: str = "",
) -> str:
    """The instruction for the task whose broken suite run was `report`.

    Args:
        gold: the environment it was.
        report: one run of the suite on the broken image.
        f2p: the tests that fail and must pass.
        delta: what was damaged; nothing of it is named.
        seed: picks the wording.
        hint: a paragraph of `engine.hints`, said before the closing.
        opening: instead of one of ours; taken as it is.
    """
    chance = random.Random(seed)
    mask = Mask(delta)
    facts = {
        "project": clean.line(f"{gold.project} {gold.version}".strip(), 80).replace("`", "'"),
        "failing": _count(len(f2p), "test"),
        "total": str(len(gold.baseline)),
        "run": _command(gold.test, mask),
        "who": "root" if gold.test.user == "root" else f"the ordinary user `{gold.test.user}`",
    }
    lines = _excerpt(_without_known(report, gold), f2p, mask, chance)
    ours = chance.choice(phrases.OPENINGS)
    running = chance.choice(phrases.RUNNING)
    symptom = chance.choice(phrases.SYMPTOMS[_kind(report, f2p)] if lines else phrases.SILENT)
    rules = chance.choice(phrases.RULES)
    closing = chance.choice(phrases.CLOSINGS)
    told_first = chance.random() < 0.5
    while True:
        shown = [symptom, _block(lines)] if lines else [symptom]
        body = [*shown, running] if told_first else [running, *shown]
        as_it_is = [*shown[1:], hint, opening]
        parts = [opening or ours, *body, *([hint] if hint else []), rules, closing]
        text = "\n\n".join(part if part in as_it_is else part.format(**facts) for part in parts) + "\n"
        if len(text.split()) <= LONGEST or not lines:
            return text
        lines = lines[:-1]


def check(statement: str, commands: Iterable[str], damaged: Sequence[str]) -> list[str]:
    """What the statement gives away or gets wrong, one line for each; empty when it may be used.

    Args:
        statement: the instruction.
        commands: the inversion's commands.
        damaged: the paths of the delta.
    """
    wrong = []
    words = len(statement.split())
    if not SHORTEST <= words <= LONGEST:
        wrong.append(f"it has {words} words, not {SHORTEST} to {LONGEST}")
    if statement.count(_FENCE) % 2 or clean.block(statement, len(statement) + 1) != statement:
        wrong.append("it holds control characters or an open fence")
    flat = " ".join(statement.split())
    for command in commands:
        for piece in {command, *_commands(command)}:
            piece = " ".join(piece.split())
            if len(piece) >= 8 and piece in flat:
                wrong.append(f"it names a command: {piece[:80]}")
    wrong += [f"it names a damaged path: {path}" for path in told_paths(statement, damaged)]
    quoted = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", statement, re.DOTALL))
    wrong += [f"it names what is damaged: {name}" for name in Mask(damaged).told(quoted)]
    return wrong


_SIMPLE = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^;&|\n'"\\])+""", re.DOTALL)
_SCRIPT = re.compile(r"""\s-c\s+(?:'([^']*)'|"((?:\\.|[^"\\])*)")""")


def _commands(script: str) -> Iterator[str]:
    """The single commands of a script, also of those it gives to a shell; what is quoted else is data."""
    for piece in _SIMPLE.findall(script):
        yield piece
        for single, double in _SCRIPT.findall(piece):
            yield from _commands(single or double)


def _count(number: int, noun: str) -> str:
    return f"one {noun}" if number == 1 else f"{number} {noun}s"


def _without_known(report: Report, gold: Gold) -> Report:
    """The report without the files that gold cannot collect either, unless there is nothing else."""
    news = tuple(error for error in report.errors if error.partition(": ")[0] not in gold.quarantined)
    return msgspec.structs.replace(report, errors=news or report.errors)


def _command(test: TestCommand, mask: Mask) -> str:
    """How a user would say the tests are run; a long command is left unsaid rather than cut."""
    said = shlex.join(["python", "-m", "pytest", *test.args])
    told = clean.line(said, COMMAND) == said == mask(said) and "`" not in said
    return f"`{said}`" if told else "the command we always use"


def _kind(report: Report, f2p: Sequence[str]) -> str:
    if report.status in (UNSTARTABLE, DIED, TIMEOUT):
        return report.status
    if all(report.outcome(test) == MISSING for test in f2p):
        if not report.results:
            return "collection"
        return "unloadable" if report.errors else "vanished"
    return "failing"


def _excerpt(report: Report, f2p: Sequence[str], mask: Mask, chance: random.Random) -> list[str]:
    """Some lines of what the failing run printed, as a user would paste them."""
    kind = _kind(report, f2p)
    if kind in (UNSTARTABLE, TIMEOUT, DIED) or (kind == "collection" and not report.errors):
        lines = [line for line in report.tail.splitlines() if line.strip()][-6:]
    elif kind == "vanished":
        # A file of tests that skips itself, or that the run does not find.
        lines = [line for line in report.tail.splitlines() if line.strip()][-1:]
        lines += [f"not run: {test}" for test in list(f2p)[:3]]
    elif kind in ("collection", "unloadable"):
        lines = _collection(report.errors)
    else:
        lines = _failures(report, f2p, chance)
    return [shown for line in lines if (shown := _line(line, mask))][:LINES]


def _collection(errors: Sequence[str]) -> list[str]:
    lines = []
    for error in errors[:2]:
        where, _, rest = error.partition(": ")
        if where and " " not in where and "\n" not in where:
            lines.append(f"ERROR collecting {where}")
        else:
            rest = error
        told = [line for line in rest.splitlines() if line.startswith("E ")]
        shown = [line for line in rest.splitlines() if line.strip()]
        said = [line for line in shown if not line.startswith("  at ")]
        # With the places it came through, the error comes first; else it is what a traceback ends with.
        lines += told[-3:] or (said[:2] if len(said) < len(shown) else shown[-2:])
    return lines


def _failures(report: Report, f2p: Sequence[str], chance: random.Random) -> list[str]:
    """Tests with different messages, in one of the ways pytest shows them."""
    different: dict[str, str] = {}
    for test in chance.sample(list(f2p), len(f2p)):
        result = report.results.get(test)
        message = result.message.split("\n", 1)[0] if result else ""
        different.setdefault(message, test)
    examples = [(test, message) for message, test in different.items() if message][:3]
    if not examples:
        return [f"FAILED {test}" for test in list(f2p)[:3] if report.outcome(test) != MISSING]
    style = chance.choice(("summary", "single", "listed"))
    if style == "summary":
        lines = [f"{_verb(report, test)} {test} - {message}" for test, message in examples]
        failed = sum(report.outcome(test) != MISSING for test in f2p)
        passed = sum(result.outcome == "passed" for result in report.results.values())
        return [*lines, f"===== {failed} failed, {passed} passed ====="] if chance.random() < 0.5 else lines
    if style == "single":
        test, _ = examples[0]
        said = report.results[test].message.splitlines()
        frames = [line.removeprefix("  at ") for line in said if line.startswith("  at ")]
        told = [line for line in said if not line.startswith("  at ")][:4]
        error = told[0].split(":", 1)[0]
        return [test, *(f"E   {line}" for line in told), *(f"{frame}: {error}" for frame in frames[-1:])]
    return [line for test, message in examples for line in (test, f"    {message}")]


def _verb(report: Report, test: str) -> str:
    return "ERROR" if report.outcome(test) == "error" else "FAILED"


def _line(text: str, mask: Mask) -> str:
    """A line fit for a fenced block: masked, clean, short."""
    text = clean.line(mask(clean.block(text[: 4 * WIDTH], 4 * WIDTH)), 4 * WIDTH)
    text = text.replace("`", "'").rstrip()
    return text if len(text) <= WIDTH else text[: WIDTH - 4] + " ..."


def _block(lines: Sequence[str]) -> str:
    return "\n".join([_FENCE, *lines, _FENCE])
