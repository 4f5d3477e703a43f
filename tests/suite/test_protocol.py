"""The runner's lines as bytes from a container that nobody trusts."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.suite import protocol
from engine.suite.protocol import Collector
from engine.suite.report import COMPLETE, DIED, TIMEOUT, UNSTARTABLE, TestResult


def line(**record: object) -> bytes:
    return json.dumps(record).encode() + b"\n"


def told(id: str = "t", outcome: str = "passed", **more: object) -> bytes:  # noqa: A002
    return line(**{"k": "test", "id": id, "outcome": outcome, "seconds": 0.5, "message": "", **more})


BEGIN = line(k="begin", pytest="9.0", python="3.11.2")
END = line(k="end", exit=0)


def collected(data: bytes) -> Collector:
    collector = Collector()
    collector.feed(data)
    return collector


def test_a_whole_run() -> None:
    seen: list[TestResult] = []
    collector = Collector(seen.append)
    data = (
        BEGIN
        + line(k="collected", ids=["a", "b"])
        + line(k="start", id="a")
        + told("a")
        + told("b", "failed")
        + END
    )
    for position in range(0, len(data), 7):
        collector.feed(data[position : position + 7])
    report = collector.report(exit_code=1, seconds=2.0, tail=b"\x1b[31mtail\xff")
    assert (report.status, report.exit_code, report.seconds) == (COMPLETE, 1, 2.0)
    assert {test: result.outcome for test, result in report.results.items()} == {"a": "passed", "b": "failed"}
    assert [result.id for result in seen] == ["a", "b"]
    assert list(collector.collected) == ["a", "b"]
    assert report.tail == "tail\ufffd"
    assert collector.versions == ("9.0", "3.11.2")


def test_how_it_ended() -> None:
    start = line(k="start", id="tests/a.py::t")
    assert (
        collected(b"")
        .report(exit_code=127, tail=b"bash: no such file\n")
        .detail.endswith("bash: no such file")
    )
    assert collected(b"").report(exit_code=127).status == UNSTARTABLE
    died = collected(BEGIN + start).report(exit_code=-9)
    assert (died.status, "during tests/a.py::t" in died.detail) == (DIED, True)
    assert collected(BEGIN + start).report(timed_out=True, exit_code=5).status == TIMEOUT
    assert collected(BEGIN + start).report(timed_out=True, exit_code=5).exit_code is None
    assert collected(BEGIN + END).report(timed_out=True).status == COMPLETE
    assert collected(BEGIN + line(k="exit", code=3)).report().exit_code == 3


@pytest.mark.parametrize(
    ("ended", "code", "whole"), [(0, 0, True), (1, 1, True), (0, 139, False), (2, 2, False), (None, 1, False)]
)
def test_only_a_suite_that_went_through_is_whole(ended: int | None, code: int, whole: bool) -> None:
    end = b"" if ended is None else line(k="end", exit=ended)
    collector = collected(BEGIN + told() + end)
    collector.printed(b"1 passed")
    collector.feed(line(k="exit", code=code))
    assert not collector.whole, "what it printed may not all be there"
    collector.printed(b" in 0.1s\x04")
    assert collector.whole == whole


def test_nothing_counts_after_the_end_but_the_exit_code() -> None:
    collector = collected(BEGIN + END + told() + line(k="end", exit=4) + line(k="exit", code=7))
    assert collector.results == {}
    assert (collector.ended, collector.exit_code, collector.dropped) == (0, 7, 2)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\n",
        b"[]\n",
        b"1\n",
        b'"k"\n',
        b"{}\n",
        b'{"k": []}\n',
        b'{"k": "other"}\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        told(outcome="great"),
        told(outcome="missing"),
        told(outcome=["passed"]),
        told(seconds=-1),
        told(seconds=10**400),
        told(seconds="x"),
        told(message=None),
        told(id=""),
        told(id=7),
        told(id="x" * (protocol.MAX_ID + 1)),
        line(k="start"),
        line(k="collected", ids=None),
        line(k="collected", ids=[None]),
        line(k="end", exit=True),
        line(k="end", exit=10**30),
        line(k="exit", code="0"),
        line(k="touch", id=None, paths=7),
        line(k="collect_error", id="x"),
        b'{"k":"end","exit":' + b"0" * (protocol.MAX_LINE + 1) + b"}\n",
    ],
)
def test_lines_that_make_no_sense_change_nothing(data: bytes) -> None:
    collector = collected(BEGIN + data + told("good") + END)
    report = collector.report()
    assert report.status == COMPLETE
    assert list(report.results) == ["good"]
    assert collector.dropped == 1


@given(st.lists(st.one_of(st.binary(max_size=200), st.sampled_from([BEGIN, END, told(), b"\n"]))))
def test_any_bytes_make_a_report(pieces: list[bytes]) -> None:
    collector = Collector()
    for piece in pieces:
        collector.feed(piece)
    json.dumps([collector.report().detail, *collector.report().results], ensure_ascii=False).encode()


def test_of_two_outcomes_the_worse_counts() -> None:
    assert collected(told(outcome="failed") + told()).results["t"].outcome == "failed"
    assert collected(told() + told(outcome="failed")).results["t"].outcome == "failed"


def test_names_and_messages_are_clean() -> None:
    collector = collected(
        told("a\x1b[2J\ud800\n", "failed", message="\x1b[31mred\x1b[0m\x07" + "x" * 100_000)
        + line(k="collect_error", id="\x1bx.py", message="no\x00")
    )
    ((test_id, result),) = collector.results.items()
    assert test_id == "a\\x1b[2J\\ud800\\x0a"
    assert "\x1b" not in result.message
    assert len(result.message) <= 4096
    assert collector.errors == ["\\x1bx.py: no\\x00"]


def test_touched_names_by_test() -> None:
    collector = collected(
        line(k="touch", id="", paths=["/a"], imports=["json"], execs=[], hosts=[], libs=["/l.so"])
        + line(k="touch", id="t", paths=["/b"], hosts=["h"])
        + line(k="touch", id="t", paths=["/c", "/b"])
    )
    assert collector.touch[""].imports == {"json"}
    assert collector.touch["t"].paths == {"/b", "/c"}
    assert collector.touch["t"].hosts == {"h"}


def test_floods_are_bounded() -> None:
    tracemalloc.start()
    collector = Collector()
    try:
        for _ in range(300):
            collector.feed(b"x" * (1 << 20))
        collector.feed(b"\n" + BEGIN)
        batch = b"".join(line(k="start", id=f"{number}") for number in range(1000))
        for _ in range(30):
            collector.feed(batch)
        assert tracemalloc.get_traced_memory()[0] < 8 << 20
    finally:
        tracemalloc.stop()
    for _ in range(20):
        collector.feed(line(k="collect_error", id="x", message="y" * 1000) * 50)
    assert len(collector.errors) == protocol.MAX_ERRORS
    collector.feed(END)
    assert collector.report().status == COMPLETE


def test_beyond_the_limit_of_bytes_only_the_end_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_BYTES", 1250)
    collector = collected(BEGIN + told("x" * 500) + told("y" * 500) + told("z") + END)
    assert len(collector.results) == 2
    assert collector.report().status == COMPLETE
