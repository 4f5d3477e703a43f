"""Read the runner's lines strictly: what is missing, malformed or cut short speaks against the container."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from .suite import Run


def shown(test: str) -> str:
    """An id as the contract writes it: what could move a cursor or end a line as an escape."""
    if test.isascii() and test.isprintable():
        return test
    import unicodedata  # an extension module, which may be what is damaged

    harmful = ("Cc", "Cs", "Cf", "Zl", "Zp")
    return "".join(_escape(char) if unicodedata.category(char) in harmful else char for char in test)


def _escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def parse(data: bytes) -> list[dict[str, Any]] | None:
    """The records, or None as soon as a line is none."""
    records = []
    for line in data.splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(record, dict):
            return None
        records.append(record)
    return records


class Verdict(NamedTuple):
    """What a run says of the container."""

    wrong: list[str]
    """Why the run as a whole does not count; none when it does."""
    missed: dict[str, str]
    """The required tests that did not pass, each with what is to be said of it."""
    notes: list[str]
    """What else helps whoever reads the log."""
    collected: frozenset[str] = frozenset()
    """All tests that were going to run."""


def verdict(run: Run, required: Sequence[str]) -> Verdict:
    """Hold a run against the tests it must pass."""
    if run.ended:
        return Verdict([run.ended], {}, [])
    if not run.records:
        return Verdict([f"the suite did not start (exit code {run.code}): {_last(run.tail)}"], {}, [])
    if not run.records.endswith(b"\n"):
        return Verdict(["the results are cut short"], {}, [])
    records = parse(run.records)
    if records is None:
        return Verdict(["the results are malformed"], {}, [])
    wrong = []
    kinds = [record.get("k") for record in records]
    if kinds.count("begin") != 1 or kinds[0] != "begin":
        wrong.append("the results have no beginning")
    if kinds.count("end") != 1 or kinds[-1] != "end":
        wrong.append(f"the suite did not reach its end (exit code {run.code}): {_last(run.tail)}")
    elif run.code < 0 or records[-1].get("exit") != run.code:
        wrong.append(f"the suite ended otherwise than it says (exit code {run.code}): {_last(run.tail)}")
    if not required:
        wrong.append("no test is required")
    collected = _collected(records)
    return Verdict(wrong, _missed(records, collected, required), list(_not_collected(records)), collected)


def _not_collected(records: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Why files with tests could not be loaded: the first reasons, for whoever reads the log."""
    errors = [record for record in records if record.get("k") == "collect_error"]
    for record in errors[:3]:
        lines = str(record.get("message", "")).splitlines()
        reasons = [line[1:].strip() for line in lines if line.startswith("E ")] or lines[-1:]
        yield f"{record.get('id')} cannot be collected: {(reasons or [''])[0][:160]}"


def _collected(records: Sequence[dict[str, Any]]) -> frozenset[str]:
    lists = (record["ids"] for record in records if record.get("k") == "collected")
    return frozenset(
        shown(test) for ids in lists if isinstance(ids, list) for test in ids if isinstance(test, str)
    )


def _missed(
    records: Sequence[dict[str, Any]], collected: Collection[str], required: Sequence[str]
) -> dict[str, str]:
    found: dict[str, tuple[str, str]] = {}
    for record in records:
        if record.get("k") == "test":
            test = shown(str(record.get("id")))
            if found.get(test, ("passed",))[0] == "passed":  # of two outcomes the one that is not
                found[test] = (str(record.get("outcome")), str(record.get("message", "")))
    missed = {}
    for test in required:
        outcome, message = found.get(test, ("missing", ""))
        if test not in collected:
            missed[test] = f"{test} was not collected"
        elif outcome != "passed":
            reason = message.split("\n", 1)[0][:160]
            missed[test] = f"{test} {outcome}{': ' + reason if reason else ''}"
    return missed


class Watch:
    """Looks on while the suite runs, and says when so many required tests failed that it is decided.

    Whoever writes results of their own can only lose by it: one that failed stays failed.
    """

    def __init__(self, f2p: Sequence[str], required: Sequence[str], *, patient: bool) -> None:
        self.f2p, self.required, self.patient = frozenset(f2p), frozenset(required), patient
        self.failed: dict[str, str] = {}
        self.rest = b""

    def __call__(self, data: bytes) -> bool:
        """Take in the next piece of the results; whether it is decided."""
        if b"\n" not in data:
            self.rest += data
            return False
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if b'"test"' in line and b'"passed"' not in line:
                for record in parse(line) or []:
                    test = shown(str(record.get("id")))
                    if record.get("k") == "test" and test in self.required:
                        self.failed.update(_missed([record], [test], [test]))
        if not self.patient:
            return bool(self.failed)
        return not may_waver(self.failed, self.f2p, self.required)


def may_waver(missed: Collection[str], f2p: Collection[str], required: Collection[str]) -> bool:
    """Whether so little is missing that tests which mind the machine's load may be all.

    Without a repair nothing of `f2p` passes, so that a second chance is no chance for nothing.
    """
    broken = sum(test in missed for test in f2p)
    return len(missed) <= max(1, len(required) // 20) and 2 * broken <= len(f2p)


def _last(tail: bytes) -> str:
    lines = [line.strip() for line in tail.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it printed nothing"
