"""`OUT/report.html`: one page to look at, without scripts, without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from engine.report.figures import Figures, Made
from engine.report.heat import heat
from engine.report.html import Markup, table, tag

_COLOURS = tuple(
    f"#{colour}"
    for colour in """
    3b6fb6 57a0a8 2c8a57 9db24a c98a1b c2472f a4508b 6f5bb0 7b8794 274c7d 2b6f76 b06a3b 8a3b57 b9a0d0
    """.split()  # noqa: SIM905 - colours, easier to read so
)
_REASONS = 12
"""Reasons listed; the rest is counted."""


def render(figures: Figures, made: str = "") -> str:
    """The whole page; `made` says by what it was written."""
    body = tag(
        "main",
        tag("h1", figures.name),
        tag("p", _subtitle(figures)),
        _tiles(figures),
        _section("From attempts to tasks", _funnel(figures)),
        _section("Families", _families(figures)),
        _section("Which tests fail in which task", *_heats(figures)),
        _section("Gates", _gates(figures)),
        _section("Where the time went", _times(figures)),
        _section("Tasks", _tasks(figures.tasks)),
        _section("Why the others are none", _reasons(figures)),
        tag("footer", made),
    )
    head = (
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", f"{figures.name}: report"),
        tag("style", Markup(files("engine.report").joinpath("page.css").read_text(encoding="ascii"))),
    )
    return f"<!doctype html>\n{tag('html', tag('head', *head), tag('body', body), lang='en')}\n"


def _section(title: str, *inside: Markup) -> Markup:
    return tag("section", tag("h2", title), *inside)


def _subtitle(figures: Figures) -> str:
    golds = ", ".join(
        f"{task[0].line.get('source') or name}" for name, task in figures.golds().items() if task
    )
    return f"Proven repair tasks of {golds}" if golds else "No tasks yet"


def _tiles(figures: Figures) -> Markup:
    count, tasks = len(figures.attempts), figures.tasks
    told = [(len(tasks), "tasks"), (count or "–", "attempts")]
    told.append((f"{100 * figures.proven / count:.0f} %" if count else "–", "became a task"))
    told.append((len({test for task in tasks for test in task.f2p}), "different tests broken"))
    seconds = sum(each for _, each in figures.times())
    told.append((span(seconds / figures.proven) if figures.proven else "–", "work for a task"))
    tiles = (tag("div", tag("b", value), tag("span", label), class_="tile") for value, label in told)
    return tag("div", *tiles, class_="tiles")


def _funnel(figures: Figures) -> Markup:
    if not figures.attempts:
        return _nothing("no attempt is on record here")
    most = max(1, len(figures.attempts))
    rows: list[Markup] = []
    for stage in figures.funnel():
        kind = "good" if stage.name == "tasks" else ""
        rows += _row(stage.name, _bar((stage.count / most, kind)), stage.count)
        lost = [f"{count} × {why}" for why, count in stage.lost]
        if lost:
            told = "; ".join(lost[:3]) + (f"; and {len(lost) - 3} more kinds" if len(lost) > 3 else "")
            rows.append(tag("div", f"↳ {told}", class_="lost"))
    return tag("div", *rows, class_="rows")


def _families(figures: Figures) -> Markup:
    families = figures.families()
    if not families:
        return _nothing("no attempt is on record here")
    most = max(tried for _, tried, _, _ in families)
    rows: list[Markup] = []
    for name, tried, broke, proven in families:
        bar = _bar((tried / most, ""), (broke / most, "warm"), (proven / most, "good"))
        rows += _row(name, bar, f"{tried} · {broke} · {proven}")
    legend = _legend([("tried", "var(--bar)"), ("broke a test", "var(--warm)"), ("task", "var(--good)")])
    return tag("div", tag("div", *rows, class_="rows"), legend)


def _heats(figures: Figures) -> list[Markup]:
    found = []
    for name, tasks in figures.golds().items():
        shown = sorted((task for task in tasks if task.f2p), key=lambda task: -len(task.f2p))
        if shown:
            total = len({test for task in shown for test in (*task.f2p, *task.p2p)})
            found += [tag("h3", f"{name}: {len(shown)} tasks, {total} tests"), heat(shown)]
    return found or [_nothing("no task is here")]


def _gates(figures: Figures) -> Markup:
    gates = figures.gates()
    if not gates:
        return _nothing("no candidate was examined")
    most = max(gate.held + gate.fell for gate in gates)
    rows: list[list[object]] = []
    for gate in gates:
        bar = _bar(((gate.held + gate.fell) / most, "warm"), (gate.held / most, "good"))
        rows.append([gate.name, bar, gate.held, gate.fell, f"{gate.median:.1f} s"])
    return table(["gate", "examined", "held", "fell", "median"], rows)


def _times(figures: Figures) -> Markup:
    times = [(name, seconds) for name, seconds in figures.times() if seconds > 0]
    whole = sum(seconds for _, seconds in times)
    if not whole:
        return _nothing("no attempt is on record here")
    colour = {name: _COLOURS[number % len(_COLOURS)] for number, (name, _) in enumerate(times)}
    parts = [
        tag("i", style=f"--c:{colour[name]};flex:{seconds / whole:.5f}", title=f"{name}: {span(seconds)}")
        for name, seconds in times
    ]
    told = [
        (f"{name} {span(seconds)} ({100 * seconds / whole:.0f} %)", colour[name]) for name, seconds in times
    ]
    return tag("div", tag("div", *parts, class_="stack"), _legend(told))


def _tasks(tasks: Sequence[Made]) -> Markup:
    if not tasks:
        return _nothing("no task is here")
    rows: list[list[object]] = []
    for task in tasks:
        # The id is a name of ours only if the directory is; an address must not leave it.
        link = tag("a", task.id, href=f"./harbor/{task.id}/proof.json")
        gates = task.line.get("gates")
        held = len(gates) if isinstance(gates, list) else 0
        rows.append(
            [link, task.families, len(task.f2p), len(task.p2p), held, str(task.line.get("agent", "")),
             str(task.line.get("seed", "")), str(task.line.get("created", ""))[:16].replace("T", " ")]
        )  # fmt: skip
    return table(["task", "families", "F2P", "P2P", "gates held", "agent", "seed", "made"], rows)


def _reasons(figures: Figures) -> Markup:
    counted: dict[str, int] = {}
    for stage in figures.funnel():
        for why, count in stage.lost:
            counted[why] = counted.get(why, 0) + count
    if not counted:
        return _nothing("there are no others")
    ordered = sorted(counted.items(), key=lambda each: -each[1])
    rows: list[list[object]] = [[why, count] for why, count in ordered[:_REASONS]]
    if rest := ordered[_REASONS:]:
        rows.append([f"{len(rest)} more kinds", sum(count for _, count in rest)])
    return table(["reason", "attempts"], rows)


def _row(name: str, bar: Markup, value: object) -> list[Markup]:
    return [tag("div", name, class_="name"), bar, tag("div", value, class_="value")]


def _bar(*parts: tuple[float, str]) -> Markup:
    inside = (tag("i", class_=kind or None, style=f"width:{100 * share:.2f}%") for share, kind in parts)
    return tag("div", *inside, class_="track")


def _legend(entries: Sequence[tuple[str, str]]) -> Markup:
    told = (tag("span", tag("i", style=f"--c:{colour}"), label) for label, colour in entries)
    return tag("div", *told, class_="legend")


def _nothing(why: str) -> Markup:
    return tag("p", why, class_="empty")


def span(seconds: float) -> str:
    """A duration in two units at most: `48 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 >= 60 else "")
