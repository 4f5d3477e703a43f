"""Read the runner's lines strictly: what is missing, malformed or cut short speaks against the container."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

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


def outcomes(records: bytes) -> dict[str, tuple[str, str]]:
    """Outcome and message by test id; of two outcomes of one id the one that is not `passed`."""
    found: dict[str, tuple[str, str]] = {}
    for record in _lines(records):
        if record.get("k") == "test":
            test, outcome = shown(str(record.get("id"))), str(record.get("outcome"))
            if found.get(test, ("passed", ""))[0] == "passed":
                found[test] = (outcome, str(record.get("message", "")))
    return found


def _lines(records: bytes) -> Iterator[dict[str, Any]]:
    for line in records.split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def findings(run: Run, required: Sequence[str]) -> Iterator[str]:
    """What is wrong with a run, one line each."""
    if run.ended:
        yield run.ended
    if not run.records:
        yield f"the suite did not start (exit code {run.code}): {_last(run.tail)}"
        return
    if not required:
        yield "no test is required"
    if not run.records.endswith(b"\n"):
        yield "the results are cut short"
    lines = run.records.splitlines()
    records = list(_lines(run.records))
    if len(records) != len(lines):
        yield "the results are malformed"
    kinds = [record.get("k") for record in records]
    if kinds.count("begin") != 1 or kinds[:1] != ["begin"]:
        yield "the results have no beginning"
    if kinds.count("end") != 1 or kinds[-1:] != ["end"]:
        yield f"the suite did not reach its end (exit code {run.code}): {_last(run.tail)}"
    collected: set[str] = set()
    for record in records:
        if record.get("k") == "collected" and isinstance(record.get("ids"), list):
            collected.update(shown(test) for test in record["ids"] if isinstance(test, str))
    found = outcomes(run.records)
    for test in required:
        outcome, message = found.get(test, ("missing", ""))
        if test not in collected:
            yield f"{test} was not collected"
        elif outcome != "passed":
            reason = message.split("\n", 1)[0][:160]
            yield f"{test} {outcome}{': ' + reason if reason else ''}"


def summary(run: Run, f2p: Sequence[str], p2p: Sequence[str]) -> str:
    """How many of the required tests pass."""
    found = outcomes(run.records)
    parts = []
    for label, tests in (("repaired", f2p), ("kept", p2p)):
        passed = sum(found.get(test, ("", ""))[0] == "passed" for test in tests)
        parts.append(f"{label} {passed} of {len(tests)}")
    return "tests " + ", ".join(parts)


def _last(tail: bytes) -> str:
    lines = [line.strip() for line in tail.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it printed nothing"
