"""The map of failing sets: a row for each task, a column for each test of the gold environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from engine.report.figures import Made
from engine.report.html import Markup, tag

WIDTH, LEFT, ROW = 1080, 220, 22
"""Units of the picture: all of it, what names take, a row."""


def heat(tasks: Sequence[Made]) -> Markup:
    """The map of the tasks of one gold environment, as a picture that scales with the page."""
    tests = columns(tasks)
    files = [(file, len(list(group))) for file, group in groupby(tests, lambda test: test.split("::", 1)[0])]
    step = (WIDTH - LEFT) / max(1, len(tests))
    top = 20
    parts: list[Markup] = []
    for number, task in enumerate(tasks):
        y = top + number * ROW
        title = f"{task.id}: {task.families}"
        parts.append(tag("text", task.id, tag("title", title), x=0, y=y + 14))
        parts.append(tag("text", len(task.f2p), x=LEFT - 10, y=y + 14, class_="soft", text_anchor="end"))
        parts.append(_cell(LEFT, y, WIDTH - LEFT, "row"))
        for first, count in runs(tests, frozenset(task.f2p)):
            told = tests[first] if count == 1 else f"{tests[first]} and {count - 1} after it"
            # No thinner than an eye sees, however many tests there are.
            parts.append(_cell(LEFT + first * step, y, max(1.5, count * step), "fail", told))
    bottom = top + len(tasks) * ROW
    at = float(LEFT)
    for file, count in files:
        wide = count * step
        if at > LEFT:
            parts.append(tag("line", x1=_n(at), x2=_n(at), y1=top, y2=bottom, class_="edge"))
        name = file.rsplit("/", 1)[-1].removesuffix(".py").removeprefix("test_")
        if wide > 6.5 * len(name):
            told = tag("title", f"{file}: {count} tests")
            parts.append(tag("text", name, told, x=_n(at + 2), y=12, class_="soft"))
        at += wide
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH} {bottom + 2}", role="img")


def columns(tasks: Sequence[Made]) -> list[str]:
    """All tests of the tasks, file by file, in the order they are collected as far as that is known."""
    asked = {test for task in tasks for test in (*task.p2p, *task.f2p)}
    ordered = dict.fromkeys(test for task in tasks for test in (*task.baseline, *task.p2p, *task.f2p))
    known = [test for test in ordered if test in asked]
    files = list(dict.fromkeys(test.split("::", 1)[0] for test in known))
    return sorted(known, key=lambda test: files.index(test.split("::", 1)[0]))


def runs(tests: Sequence[str], failing: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where failing tests stand side by side: the first column and how many."""
    first = 0
    for bad, group in groupby(tests, failing.__contains__):
        count = len(list(group))
        if bad:
            yield first, count
        first += count


def _cell(x: float, y: float, width: float, kind: str, title: str = "") -> Markup:
    inside = (tag("title", title),) if title else ()
    return tag("rect", *inside, x=_n(x), y=y, width=_n(width), height=ROW - 4, class_=kind)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
