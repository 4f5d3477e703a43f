"""A branch out of the journal: where it stood after each step that is still in effect."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import EngineError
from engine.inversion import lines
from engine.revive import moments
from engine.sandbox.snapshots import Snapshot
from sessions import events as ev
from sessions.state import fold


async def known(image: str) -> Snapshot:
    return Snapshot(image)


EXPLORATION: Any = SimpleNamespace(
    gold=SimpleNamespace(image="gold", test=SimpleNamespace(cwd="/app")),
    snapshots=SimpleNamespace(known=known),
    repairs=False,
)
OPENED = ev.BranchOpened(branch="b", image="gold")


def began(step: int, command: str, left: str = "/app", **under: Any) -> list[ev.Event]:
    """A command that changed something, up to its snapshot; older journals do not say `under` what."""
    return [
        ev.StepProposed(branch="b", step=step, command=command, origin="claude"),
        ev.CommandStarted(branch="b", step=step, **under),
        ev.CommandEnded(branch="b", step=step, outcome="done", exit_code=0, cwd=left, seconds=0.1),
        ev.SnapshotTaken(branch="b", step=step, image=f"i{step}", changes=(), changed=1),
    ]


def reported(step: int) -> list[ev.Event]:
    """The suite after it, from its start to its end."""
    at: dict[str, Any] = {"branch": "b", "step": step}
    ended = ev.SuiteEnded(**at, status="complete", detail="", passed=0, broken=1, flips=(), seconds=1.0)
    return [ev.SuiteStarted(**at, image=f"i{step}"), ended]


@pytest.mark.parametrize("suite", [[], reported(2)[:1]])
async def test_a_step_that_was_cut_off_in_its_suite_and_done_again_does_not_count(suite: list) -> None:
    state = fold(
        [
            OPENED,
            *began(1, "first"),
            *reported(1),
            *began(2, "cd /srv; second", "/srv"),
            *suite,
            ev.SessionResumed(abandoned=("b",)),
            OPENED,
            *began(3, "cd /srv; second", "/srv"),
            *reported(3),
            *began(4, "third", "/srv"),
            *reported(4)[:1],
            ev.SessionResumed(abandoned=("b",)),
        ]
    )
    branch = state.branches["b"]
    stood = await moments(EXPLORATION, branch, 3)
    assert [(one.step, one.snapshot.image) for one in stood] == [(0, "gold"), (1, "i1"), (3, "i3")]
    assert [(line.step, line.cwd) for line in stood[-1].lines] == [(1, "/app"), (3, "/app")]
    with pytest.raises(EngineError, match="after step 4 of b"):
        await moments(EXPLORATION, branch, 4)
    last = (await moments(EXPLORATION, branch, 4, retested=4))[-1]
    assert (last.step, last.report) == (4, None)


async def test_lines_have_what_a_command_began_under_and_not_what_the_one_before_it_left() -> None:
    under: dict[str, Any] = {"cwd": "/srv", "exports": (("A", "1"),), "umask": "0027"}
    branch = fold(
        [
            OPENED,
            *began(1, "cd /opt; touch x\x1b", "/opt", cwd="/app"),
            *reported(1),
            *began(2, "typed after hands went on", "/srv", **under),
            *reported(2),
            ev.SessionResumed(abandoned=("b",)),
            OPENED,
            *began(3, "typed into a new shell", "/app", cwd="/app"),
            *reported(3),
            *began(4, "cd /opt; of an older journal", "/opt"),
            *reported(4),
            *began(5, "the same", "/opt"),
            *reported(5),
        ]
    ).branches["b"]
    made = (await moments(EXPLORATION, branch, 5))[-1].lines
    assert [(line.cwd, line.exports, line.umask) for line in made] == [
        ("/app", {}, ""),
        ("/srv", {"A": "1"}, "0027"),
        *[("/app", {}, "")] * 2,
        ("/opt", {}, ""),
    ]
    assert made[0].command == "cd /opt; touch x"
    assert list(made) == lines(branch.steps.values()), "the screen shows the same"
