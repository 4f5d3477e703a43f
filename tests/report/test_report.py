"""The page and the card: right figures, nothing of a stranger's as markup."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.errors import OutputError
from engine.repair import results
from engine.report import attempts, card, page
from engine.report.figures import Figures, Made, gather, reason
from engine.report.heat import columns, runs
from engine.report.html import tag, text
from engine.report.write import write
from engine.tasks import export, output
from engine.tasks.model import Task
from sessions import events
from sessions.attempts import Attempt, Examined
from sessions.attempts import attempts as folded
from sessions.repairs import Attempted
from sessions.state import fold

NASTY = '<script>alert(1)</script>"onload=x \x1b[2J\u202e'


def examined(*gates: str, fell: str = "") -> tuple[Examined, ...]:
    return tuple(Examined(gate=gate, held=gate != fell, seconds=2.0) for gate in gates)


def attempt(number: int, outcome: str, **more: object) -> Attempt:
    known = {"session": "s", "gold": "thing", "families": ("data",), "seconds": 10.0, "outcome": outcome}
    return Attempt(branch=f"a{number}", **{**known, **more})


BOTH = ("protected", "rebuild")
ATTEMPTS = [
    attempt(0, "barren"),
    attempt(1, "barren", families=("network",)),
    attempt(
        2,
        "fell",
        flipped=True,
        nominated=True,
        gate="rebuild",
        gates=examined(*BOTH, fell="rebuild"),
        reason="rebuild: /opt/x/y is not as the session left it, nor are 12 more",
    ),
    attempt(3, "task", flipped=True, nominated=True, gates=examined(*BOTH), commands=1.0, suites=4.0),
    attempt(4, "spare", flipped=True, nominated=True, gates=examined(*BOTH)),
]


def test_the_funnel_loses_nobody() -> None:
    figures = Figures("out", [], ATTEMPTS)
    told = [(stage.name, stage.count) for stage in figures.funnel()]
    assert told == [
        ("attempts", 5),
        ("broke a test", 3),
        ("put forward", 3),
        ("protected held", 3),
        ("rebuild held", 2),
        ("tasks", 1),
    ]
    for stage, after in zip(figures.funnel(), figures.funnel()[1:], strict=False):
        assert stage.count - sum(count for _, count in stage.lost) == after.count, stage.name
    assert reason(ATTEMPTS[2]) == "rebuild: … is not as the session left it, nor are … more"
    assert figures.families() == [("data", 4, 3, 1), ("network", 1, 0, 0)]
    assert [(gate.name, gate.held, gate.fell) for gate in figures.gates()] == [
        ("protected", 3, 0),
        ("rebuild", 2, 1),
    ]
    assert dict(figures.times())["containers"] == 45.0


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((name, dict(attributes)))


def test_nothing_of_a_stranger_is_markup() -> None:
    line = dict.fromkeys(("gold", "source", "agent", "gates", "created"), NASTY) | {"families": [NASTY]}
    made = Made(NASTY, line, (f"{NASTY}::x",), (f"{NASTY}::y",))
    hurt = [
        attempt(
            0, "fell", families=(NASTY,), gate=NASTY, reason=NASTY, nominated=True, gates=examined(NASTY)
        ),
        attempt(1, NASTY, task=NASTY),
    ]
    figures = Figures(NASTY, [made], hurt)
    written = page.render(figures, NASTY)
    tags = Tags()
    tags.feed(written)
    names = {name for name, _ in tags.seen}
    assert "script" not in names
    assert not {key for _, attributes in tags.seen for key in attributes if key.startswith("on")}
    assert not {"\x1b", "\u202e"} & set(written)
    assert not any("//" in (attributes.get("href") or "") for _, attributes in tags.seen)
    told = card.render(figures)
    assert "<script>" not in told
    assert not {"\x1b", "\u202e"} & set(told)


def test_a_page_of_nothing_says_so() -> None:
    assert page.render(Figures("out", [], [])).count('class="empty"') >= 5


def test_runs_are_of_the_order_tests_are_collected_in() -> None:
    tests = ("b::0", "b::1", "b::2", "b::3", "a::0")
    task = Made("t", {}, ("b::1", "b::2", "a::0"), ("b::0", "b::3"), tests)
    assert columns([task]) == list(tests)
    assert list(runs(columns([task]), frozenset(task.f2p))) == [(1, 2), (4, 1)]


def test_escaping() -> None:
    assert tag("p", "<b>", tag("i", "&"), class_='"') == '<p class="&quot;">&lt;b&gt;<i>&amp;</i></p>'
    assert text(3) == "3"


def test_attempts_of_a_session_take_the_place_of_its_earlier_ones(tmp_path: Path) -> None:
    output.prepare(tmp_path)
    attempts.keep(tmp_path, [attempt(0, "open"), attempt(1, "open")])
    attempts.keep(tmp_path, [attempt(0, "barren", session="other")])
    with (tmp_path / attempts.FILE).open("ab") as file:
        file.write(b'{"torn')
    attempts.keep(tmp_path, [attempt(0, "barren")])
    assert [(each.session, each.outcome) for each in attempts.load(tmp_path)] == [
        ("other", "barren"),
        ("s", "barren"),
    ]


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        (events.TaskCommitted(branch="a", step=2, task="t", path="", families=(), f2p=1, p2p=1), "task"),
        (events.CandidateFell(branch="a", step=2, gate="nop", reason="nop: no"), "fell"),
        (None, "spare"),
    ],
)
def test_an_attempt_is_what_its_events_say(last: events.Event | None, outcome: str) -> None:
    held = outcome != "fell"
    happened = [
        events.SessionStarted(
            session="s", gold="g", image="i", agent="saboteur", seed=1, version="", tests=()
        ),
        events.BranchOpened(branch="a", image="i"),
        events.StepProposed(branch="a", step=2, command="x", origin="saboteur", family="data"),
        events.CandidateNominated(branch="a", step=2, by="saboteur"),
        events.BranchClosed(branch="a", outcome="nominated"),
        events.GateStarted(branch="a", step=2, gate="nop"),
        events.GateEnded(branch="a", step=2, gate="nop", held=held, reason="r", seconds=1.0),
        *((last,) if last else ()),
    ]
    (found,) = folded(fold(happened))
    assert (found.outcome, found.families, found.nominated) == (outcome, ("data",), True)
    assert [(gate.gate, gate.held) for gate in found.gates] == [("nop", held)]


def test_a_card_of_a_persons_own_stays(task: Task, tmp_path: Path) -> None:
    out = output.prepare(tmp_path / "out")
    export.write(out, task)
    assert {path.name for path in write(out)} == {"report.html", "README.md"}
    first = (out / "README.md").read_text()
    assert first.startswith("---\npretty_name: ")
    assert task.id in first
    (made,) = gather(out).tasks
    assert (made.f2p, made.baseline) == (task.f2p, task.gold.baseline)
    (out / "README.md").write_text("mine\n")
    assert {path.name for path in write(out)} == {"report.html"}
    assert (out / "README.md").read_text() == "mine\n"
    (out / "harbor" / task.id / "proof.json").write_text(json.dumps([]))
    assert gather(out).tasks[0].f2p == ()


def test_a_card_that_is_no_file_stays(tmp_path: Path) -> None:
    out = output.prepare(tmp_path / "out")
    (out / "README.md").mkdir()
    assert {path.name for path in write(out)} == {"report.html"}


def test_attempts_that_cannot_be_read_are_an_error_of_one_line(tmp_path: Path) -> None:
    out = output.prepare(tmp_path / "out")
    (out / attempts.FILE).mkdir()
    with pytest.raises(OutputError, match="cannot write to"):
        write(out)


def test_what_solvers_made_of_the_tasks_is_told(task: Task, tmp_path: Path) -> None:
    out = output.prepare(tmp_path / "out")
    export.write(out, task)
    for outcome, name in (("solved", task.id), ("unsolved", task.id), ("solved", "gone-1")):
        results.record(
            out,
            Attempted(
                task=name, solver="claude", hint=NASTY, attempt=1, session="s", branch="r", outcome=outcome
            ),
        )
    written = card.render(gather(out))
    (row,) = [line for line in written.splitlines() if "| claude |" in line]
    assert "| 1 of 2 | 0.50 (0.09-0.91) | medium | 0 |" in row
    assert "<script>" not in written
