"""Whatever a container or a model says is text: nothing crashes, no control character gets to a widget."""

from __future__ import annotations

import unicodedata

import pytest

from sessions import events
from tests.hostile import CORPUS
from tests.screen import frames
from tests.screen.conftest import Show
from tests.screen.story import ScriptedLive, began, gates, ran, reported

EVIL = (
    "[/bold] pip[extra] [link=x]y[/] [",
    "\x1b]52;c;ZXZpbA==\x07 \x1b[2J\x1bc \x9b31m tab\tcr\rlf\nnul\0 \ud800 \u202egnirts\u2069 a\u200bb",
    "x" * 1_000_000,
    "",
)


def session(evil: str) -> list[events.Event]:
    """A session in which everything that can be said is this."""
    tests = (f"tests/{evil}.py::test[{evil}]", "tests/test_a.py::test_b")
    flip = events.Flip(tests[0], "passed", "failed")
    about = {"branch": "b1", "step": 1}
    return [
        events.SessionStarted(session=evil, gold=evil, image=evil, agent=evil, tests=tests),
        events.BranchOpened(branch="b1", image=evil, container=evil),
        events.BranchLabelled(branch="b1", title=evil, note=evil),
        events.StepProposed(
            **about, command=evil, origin=evil, operator=evil, target=evil, family=evil, intent=evil
        ),
        events.CommandStarted(**about),
        events.ShellOutput(**about, data=evil.encode("utf-8", "surrogatepass")),
        events.CommandEnded(
            **about, outcome="done", exit_code=0, cwd=evil, seconds=1, exports=((evil, evil),), umask="0022"
        ),
        events.SnapshotTaken(
            **about, image=evil, changes=(events.Change(path=evil, kind="added"),), changed=1, size=2**62
        ),
        events.SuiteStarted(**about, image=evil),
        events.TestReported(**about, id=tests[0], outcome=evil or "failed", message=evil),
        events.TestReported(**about, id=tests[1], outcome="passed"),
        events.SuiteEnded(
            **about, status=evil, detail=evil, passed=1, broken=1, flips=(flip,), seconds=float(10**12)
        ),
        events.CandidateNominated(**about, by=evil),
        *gates(evil or "gate", step=1),
        events.CandidateFell(**about, gate=evil, reason=evil),
        events.GuidanceGiven(branch="b1", number=1, text=evil),
        events.GuidanceDelivered(branch="b1", number=1, understood=evil),
        events.ShellLost(branch="b1", reason=evil, program=evil),
        events.Remark(text=evil, level="warning"),
        events.StepProposed(branch="b1", step=2, command=evil, origin=evil, family=evil, intent=evil),
        events.StepHeld(branch="b1", step=2, pattern=evil),
    ]


def clean(frame: str) -> None:
    """Nothing in it moves a cursor, turns the direction of writing, or hides."""
    bad = {
        char
        for char in frame
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char != "\n"
    }
    assert not bad, bad


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
async def test_live_panes(live: Show, evil: str) -> None:
    async with live(ScriptedLive(*session(evil)), (140, 40)) as pilot:
        await pilot.pause(0.4)
        clean(frames.text(pilot.app))
        for keys in (
            ["2", "g", "j", "enter"],
            ["escape"],
            ["c"],
            ["escape"],
            ["e"],
            ["escape"],
            ["A"],
            ["escape"],
        ):
            await pilot.press(*keys)
            await pilot.pause(0.05)
            clean(frames.text(pilot.app))
        for keys in (["r"], ["escape"], ["3", "y"], ["4", "y"], ["x"], ["escape"], ["1", "y"]):
            await pilot.press(*keys)
            await pilot.pause(0.05)
            clean(frames.text(pilot.app))


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
async def test_replay_of_it(replay: Show, evil: str) -> None:
    async with replay(session(evil), (80, 24), at=1) as pilot:
        for keys in (["m"], ["f3", "enter"], ["escape"], ["f4"], ["f5"], ["9"], ["comma"], ["full_stop"]):
            await pilot.press(*keys)
            await pilot.pause(0.05)
            clean(frames.text(pilot.app))


async def test_everything_at_once(live: Show) -> None:
    words = [data.decode("utf-8", "surrogateescape") for data in CORPUS.values()]
    happened = [
        *began(),
        events.SessionStarted(session="s", gold="g", image="i", agent="a", tests=tuple(words)),
    ]
    for number, word in enumerate(words, 1):
        about = {"branch": "b1", "step": number}
        happened += [
            events.StepProposed(**about, command=word, origin="claude", family=word, intent=word),
            *ran("", word.encode("utf-8", "surrogateescape"), number),
            *reported(step=number),
        ]
    async with live(ScriptedLive(*happened), (140, 40)) as pilot:
        await pilot.pause(0.5)
        for keys in (
            ["2"],
            ["G"],
            ["enter"],
            ["escape"],
            ["3"],
            ["g"],
            ["4"],
            ["g"],
            ["c"],
            ["escape"],
            ["y"],
        ):
            await pilot.press(*keys)
            await pilot.pause(0.05)
            clean(frames.text(pilot.app))
