"""`candidate.json`: what the gates need to examine a task again, apart from its files and the gold image."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from msgspec.structs import replace

from engine.gold.model import Gold
from engine.inversion import Line
from engine.sandbox.delta import Entry
from engine.suite.report import PASSED, Report, TestResult
from engine.tasks.model import Task

FILE = "candidate.json"
LONGEST = 2000
"""Characters kept of a test's message and of what the suite printed."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate as its session left it."""

    gold: Gold
    lines: tuple[Line, ...]
    delta: dict[str, Entry | None]
    report: Report
    """One run of the suite on the broken image."""
    families: tuple[str, ...] = ()
    agent: str = ""
    session: str = ""
    branch: str = ""
    step: int = 0
    seed: int = 0


def dump(task: Task) -> bytes:
    """The record of a task, as JSON in ASCII; undecodable bytes of a path as lone surrogates."""
    failing = {
        test: replace(result, message=result.message[:LONGEST])
        for test, result in task.report.results.items()
        if result.outcome != PASSED
    }
    record = Record(
        gold=task.gold,
        lines=task.lines,
        delta=dict(task.delta),
        report=replace(task.report, results=failing, tail=task.report.tail[-LONGEST:]),
        families=task.families,
        agent=task.agent,
        session=task.session,
        branch=task.branch,
        step=task.step,
        seed=task.seed,
    )
    return json.dumps(msgspec.to_builtins(record), indent=1).encode("ascii") + b"\n"


def load(data: bytes, p2p: tuple[str, ...]) -> Record:
    """The record that `dump` wrote; the tests `p2p` passed.

    Raises:
        ValueError: it is none.
    """
    document: Any = json.loads(data)
    record = msgspec.convert(document, Record)
    passed = {test: TestResult(test, PASSED) for test in p2p if test not in record.report.results}
    return replace(record, report=replace(record.report, results={**record.report.results, **passed}))
