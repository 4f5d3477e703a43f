"""The host's side of the runner's lines: hostile bytes in, a bounded and clean report out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from engine import clean
from engine.suite.report import (
    COMPLETE,
    DIED,
    MISSING,
    OUTCOMES,
    PASSED,
    TIMEOUT,
    UNSTARTABLE,
    Report,
    TestResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

END = b"\x04"
"""Ends what the suite prints, which may come later than the last of its results."""
MAX_LINE = 1 << 20
"""Bytes of one line; a longer one is dropped."""
MAX_BYTES = 64 << 20
"""Bytes taken in of one run; beyond, only how it ended."""
MAX_TESTS = 50_000
MAX_ID = 2000
"""Characters of a test's id; a longer one is dropped, for cut ids could become equal."""
MAX_ERRORS = 100
MAX_NAMES = 20_000
"""Names of one kind kept for one test."""
MAX_TOUCHED = 2_000_000
"""Names kept in all."""

_REPORTED = OUTCOMES - {MISSING}


class Touch(msgspec.Struct, frozen=True):
    """What one test used. Names as the runner saw them, cleaned, without order."""

    paths: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    execs: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    libs: frozenset[str] = frozenset()


class Collector:
    """Takes the bytes of the runner's descriptor in as they come."""

    def __init__(self, on_result: Callable[[TestResult], None] | None = None) -> None:
        self.versions: tuple[str, str] | None = None
        """pytest's and Python's, once the runner has begun."""
        self.collected: dict[str, None] = {}
        """Ids that are going to run, in order."""
        self.results: dict[str, TestResult] = {}
        self.errors: list[str] = []
        self.running = ""
        """The test under way."""
        self.ended: int | None = None
        """pytest's exit code, once the runner has said its end."""
        self.exit_code: int | None = None
        """The test command's, as the container's first process saw it."""
        self.dropped = 0
        """Lines that made no sense."""
        self._on_result = on_result
        self._touched: dict[str, dict[str, set[str]]] = {}
        self._names = self._taken = 0
        self._rest = bytearray()
        self._skipping = self._printed = False

    @property
    def whole(self) -> bool:
        """Whether the suite went through to its end, and all that it printed is there."""
        ended = self.exit_code is not None and self.exit_code == self.ended and self.ended in (0, 1)
        return ended and self._printed

    @property
    def touch(self) -> Mapping[str, Touch]:
        """What each test used; "" is start-up and collection."""
        return {
            test: Touch(**{kind: frozenset(names) for kind, names in kinds.items()})
            for test, kinds in self._touched.items()
        }

    def feed(self, data: bytes) -> None:
        """The next bytes, cut anywhere."""
        *lines, rest = data.split(b"\n")
        for piece in lines:
            if not self._skipping and len(self._rest) + len(piece) <= MAX_LINE:
                self._line(bytes(self._rest) + piece)
            else:
                self.dropped += 1
            self._rest.clear()
            self._skipping = False
        if self._skipping or len(self._rest) + len(rest) > MAX_LINE:
            self._rest.clear()
            self._skipping = True
        else:
            self._rest += rest

    def printed(self, data: bytes) -> None:
        """The next bytes of what the suite prints beside its results."""
        self._printed = self._printed or END in data

    def _line(self, line: bytes) -> None:
        if not line.strip():
            return
        self._taken += len(line)
        try:
            # Not by msgspec: it refuses lone surrogates, which ids may hold.
            known = self._record(json.loads(line))
        except (RecursionError, KeyError, TypeError, ValueError, OverflowError):
            known = False
        if not known:
            self.dropped += 1

    def _record(self, record: Any) -> bool:
        kind = record["k"]
        if kind == "exit":
            self.exit_code = _code(record["code"])
            return True
        if self.ended is not None:
            return False  # the runner's last word was said
        if kind == "end":
            self.ended, self.running = _code(record["exit"]), ""
            return True
        if self._taken > MAX_BYTES:
            return False
        if kind == "test":
            return self._test(record)
        if kind == "start":
            self.running = _id(record["id"])
        elif kind == "collected":
            for test in record["ids"]:
                if len(self.collected) < MAX_TESTS:
                    self.collected[_id(test)] = None
        elif kind == "collect_error":
            if len(self.errors) < MAX_ERRORS:
                where, message = clean.line(_str(record["id"])), clean.block(_str(record["message"]))
                self.errors.append(f"{where}: {message}" if where else message)
        elif kind == "touch":
            self._touch(record)
        elif kind == "begin":
            self.versions = (clean.line(_str(record["pytest"]), 100), clean.line(_str(record["python"]), 100))
        else:
            return False
        return True

    def _test(self, record: Any) -> bool:
        test, outcome = _id(record["id"]), record["outcome"]
        seconds = float(record["seconds"])
        if outcome not in _REPORTED or not 0 <= seconds < 1e7:
            return False
        if len(self.results) >= MAX_TESTS and test not in self.results:
            return False
        result = TestResult(test, outcome, seconds, clean.block(_str(record["message"])))
        # Two tests of one id: the one that did not pass is the one that counts.
        before = self.results.get(test)
        if before is None or before.outcome == PASSED:
            self.results[test] = result
        if self.running == test:
            self.running = ""
        if self._on_result:
            self._on_result(self.results[test])
        return True

    def _touch(self, record: Any) -> None:
        test = _id(record["id"]) if record["id"] else ""
        if test and len(self._touched) > MAX_TESTS:
            return
        kinds = self._touched.setdefault(test, {kind: set() for kind in Touch.__struct_fields__})
        for kind, seen in kinds.items():
            for name in record.get(kind, ()):
                if len(seen) < MAX_NAMES and self._names < MAX_TOUCHED and name not in seen:
                    seen.add(clean.line(_str(name), 4096))
                    self._names += 1

    def report(
        self,
        *,
        exit_code: int | None = None,
        timed_out: bool = False,
        seconds: float = 0.0,
        tail: bytes = b"",
    ) -> Report:
        """The report, now that the test command is over.

        Args:
            exit_code: the test command's own; without it, what an `exit` line said.
            timed_out: whether the time limit ended it.
            seconds: how long it took.
            tail: the last bytes it printed.
        """
        code = self.exit_code if exit_code is None else exit_code
        text = clean.block(tail.decode("utf-8", "replace"), 2048)
        ended = "without an exit code" if code is None else f"with exit code {code}"
        detail = ""
        if self.ended is not None:
            status = COMPLETE
        elif timed_out:
            status, detail = TIMEOUT, "the time limit ended the suite"
        elif self.versions is not None:
            status, detail = DIED, f"the suite ended {ended} before it was through"
        else:
            status = UNSTARTABLE
            last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
            detail = f"the suite did not start: {last or f'the test command ended {ended}'}"
        if detail and self.running:
            detail += f", during {self.running}"
        return Report(
            status=status,
            detail=detail[:500],
            results=dict(self.results),
            errors=tuple(self.errors),
            exit_code=None if timed_out else code,
            seconds=seconds,
            tail=text,
        )


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _id(value: object) -> str:
    test = _str(value)
    if not test or len(test) > MAX_ID:
        raise ValueError("an id out of bounds")
    return clean.line(test, 10 * MAX_ID)


def _code(value: object) -> int:
    if type(value) is not int or not -255 <= value <= 255:
        raise ValueError("an exit code out of bounds")
    return value
