"""The figures and the live frame, without a process: pure functions of the fold."""

import io

import pytest
from rich.console import Console

from cligym_tui import exits, notable, progress, wording
from cligym_tui.live import Live
from engine import errors
from sessions import errors as files
from sessions import events as ev
from sessions.state import State, fold
from tests.cli import scripted


def shown(state: State, width: int, had: int = 0) -> list[str]:
    console = Console(
        file=io.StringIO(), width=width, color_system=None, force_terminal=True, highlight=False
    )
    live = Live(console, "dotenv [/bold]", 3, had=had, limit=10, clock=lambda: scripted.AT + 30)
    live._began = scripted.AT - 60
    live.state = state
    live.end(scripted.result())
    page = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    page.print(live.frame())
    assert isinstance(page.file, io.StringIO)
    return page.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 80, 140])
def test_every_moment_of_a_run_fits(width: int) -> None:
    happened = scripted.story()
    for length in range(len(happened) + 1):
        lines = shown(fold(happened[:length]), width)
        assert max(map(len, lines)) <= width
        assert not set("\x1b\x07\x9b\u202e") & set("".join(lines))


def test_the_frame_of_a_run_with_its_goal_in_sight() -> None:
    assert [line.rstrip() for line in shown(fold(scripted.story()), 80)] == [
        "dotenv [/bold]                       1:30 elapsed, about 3:00 to go, limit 10:00",
        "tasks 1 of 3 " + "━" * 22 + "─" * 45,
        "3 attempts, 2 flipped, 1 proven, yield 33%, fell: oracle 1",
        "families: dependencies 1",
        "▸ b2 permissions 1 flipped; chooses what is next",
        "▸ b3 network     0:04 $ true",
        "Ctrl-C stops it",
    ]


def test_tasks_of_an_earlier_run_count_but_set_no_pace() -> None:
    lines = shown(fold(scripted.story()), 80, had=1)
    assert lines[1].startswith("tasks 2 of 3")
    assert "about 1:30 to go" in lines[0]


def test_many_attempts_at_a_time_are_cut() -> None:
    opened = [ev.BranchOpened(branch=f"b{n}", image="x", seq=n) for n in range(12)]
    lines = shown(fold(opened), 80)
    assert lines[-2].strip() == "and 4 more"
    assert len(lines) < 24


def test_what_an_attempt_is_at() -> None:
    seen = []
    happened = scripted.story()
    for length in range(len(happened) + 1):
        for work in progress.under_way(fold(happened[:length]), scripted.AT + length):
            if (work.branch, work.doing) not in seen:
                seen.append((work.branch, work.doing))
    assert [doing for branch, doing in seen if branch == "b1"] == [
        "opens a shell",
        "$ rm [/bold]\\x1b]52;c;aGk=\\x07\\x1b[2J\\x9b31m\\u202e\\x0anext",
        "0:00 $ rm [/bold]\\x1b]52;c;aGk=\\x07\\x1b[2J\\x9b31m\\u202e\\x0anext",
        "0:01 $ rm [/bold]\\x1b]52;c;aGk=\\x07\\x1b[2J\\x9b31m\\u202e\\x0anext",
        "looks at what changed",
        "suite 0 of 3",
        "suite 1 of 3",
        "2 flipped; chooses what is next",
        "proof: next gate (0 held)",
        "proof: rebuild (0 held)",
        "proof: next gate (1 held)",
    ]


def test_no_line_of_any_event_could_harm_a_terminal(any_line: list[notable.Line]) -> None:
    for line in any_line:
        assert line.text.isprintable()
        assert len(line.text) <= 400


@pytest.fixture
def any_line() -> list[notable.Line]:
    """Lines of events whose every text is hostile and long."""
    import typing

    import msgspec

    bad = (scripted.HOSTILE + "\ud800\u2028") * 200
    lines = []
    for kind in typing.get_args(ev.Any):
        fields = {}
        for field in msgspec.structs.fields(kind):
            if field.type is str:
                fields[field.name] = bad
            elif field.required:
                fields[field.name] = {int: 3, float: 1.0, bool: True, bytes: b""}.get(field.type, (bad,))
        line = notable.line(
            kind(**{**fields, "flips": (ev.Flip(bad, bad, bad),)} if "flips" in fields else fields)
        )
        lines += [line] if line else []
    assert len(lines) > 8
    return lines


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (3599, "59:59"), (3661, "1:01:01"), (-5, "0:00")]
)
def test_durations(seconds: float, text: str) -> None:
    assert wording.span(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (2 * 10**11, "200 GB")]
)
def test_sizes(count: int, text: str) -> None:
    assert wording.size(count) == text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 2),
        (errors.OutputError("x"), 2),
        (errors.GoldError("x"), 1),
        (errors.GoldBroken("x"), 2),
        (errors.EngineError("x"), 3),
        (errors.DiskFull("x"), 3),
        (errors.OutputFull("x"), 1),
        (errors.ModelError("x"), 4),
        (errors.LimitReached("x"), 5),
        (files.SessionUnknown("x"), 2),
        (files.StorageError("x"), 1),
        (KeyboardInterrupt(), 130),
        (RuntimeError(), 1),
        (MemoryError(), 1),
    ],
)
def test_exit_codes(error: BaseException, code: int) -> None:
    assert exits.code_of(error) == code


def test_of_several_failures_the_one_that_can_be_told_counts() -> None:
    told = errors.EngineError("x")
    assert exits.unwrapped(ExceptionGroup("a", [ValueError(), ExceptionGroup("b", [told])])) is told
