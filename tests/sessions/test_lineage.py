"""How a step came about, through forks, and from which image one goes on there."""

from __future__ import annotations

import pytest

from sessions import events as ev
from sessions.lineage import delta, lineage, state_changing
from sessions.state import fold


def opened(branch, parent="", step=0):
    return ev.BranchOpened(branch=branch, image="gold", parent=parent, step=step)


def ran(branch, step, image=None):
    yield ev.StepProposed(branch=branch, step=step, command=f"{branch}{step}", origin="saboteur")
    if image:
        yield ev.SnapshotTaken(branch=branch, step=step, image=image, changes=(), changed=1)


@pytest.fixture
def state():
    """`main` has four steps, 2 and 4 changed something; `side` forks at its 3, `leaf` at side's 1.

    Where a branch began is its step 0: `anew` forks there from `side`, `again` from `anew`.
    """
    return fold(
        [
            ev.SessionStarted(session="s", gold="g", image="gold", agent="a"),
            opened("main"),
            *ran("main", 1),
            *ran("main", 2, "m2"),
            *ran("main", 3),
            *ran("main", 4, "m4"),
            opened("side", "main", 3),
            *ran("side", 1, "s1"),
            *ran("side", 2),
            opened("leaf", "side", 1),
            *ran("leaf", 1),
            opened("fresh", "main", 0),
            *ran("fresh", 1, "f1"),
            opened("anew", "side", 0),
            *ran("anew", 1),
            opened("again", "anew", 0),
        ]
    )


@pytest.mark.parametrize(
    ("branch", "step", "commands"),
    [
        ("main", 0, []),
        ("main", 1, ["main1"]),
        ("main", 3, ["main1", "main2", "main3"]),
        ("main", None, ["main1", "main2", "main3", "main4"]),
        ("side", 0, ["main1", "main2", "main3"]),
        ("side", 2, ["main1", "main2", "main3", "side1", "side2"]),
        ("leaf", None, ["main1", "main2", "main3", "side1", "leaf1"]),
        ("fresh", None, ["fresh1"]),
        ("anew", None, ["main1", "main2", "main3", "anew1"]),
        ("again", None, ["main1", "main2", "main3"]),
        ("nobody", 1, []),
    ],
)
def test_the_way_to_a_step(state, branch, step, commands):
    assert [one.command for one in lineage(state, branch, step)] == commands


def test_the_inversion_is_what_changed_something(state):
    assert [one.command for one in state_changing(lineage(state, "leaf"))] == ["main2", "side1"]


def test_a_branch_that_is_its_own_ancestor_ends():
    circle = fold([opened("a", "b", 1), opened("b", "a", 1), *ran("a", 1), *ran("b", 1)])
    assert [one.command for one in lineage(circle, "a")] == ["b1", "a1"]


def test_a_fork_may_go_on_counting_where_its_parent_was():
    state = fold(
        [
            opened("main"),
            *ran("main", 1, "m1"),
            *ran("main", 2, "m2"),
            opened("side", "main", 1),
            *ran("side", 2, "s2"),
            opened("leaf", "side", 1),
            *ran("leaf", 2),
        ]
    )
    assert [one.command for one in lineage(state, "side")] == ["main1", "side2"]
    assert [one.command for one in lineage(state, "leaf")] == ["main1", "leaf2"]


@pytest.mark.parametrize(
    ("kinds", "together"),
    [
        (["added"], "added"),
        (["added", "changed"], "added"),
        (["added", "removed"], None),
        (["added", "removed", "added"], "added"),
        (["changed", "changed"], "changed"),
        (["changed", "removed"], "removed"),
        (["removed", "added"], "changed"),
        (["removed", "added", "removed"], "removed"),
    ],
)
def test_what_several_steps_did_to_a_path(kinds, together):
    events = [ev.SessionStarted(session="s", gold="g", image="gold", agent="a"), opened("b")]
    for number, kind in enumerate(kinds, 1):
        change = ev.Change(path="/x", kind=kind)
        events += [
            ev.StepProposed(branch="b", step=number, command="c", origin="saboteur"),
            ev.SnapshotTaken(branch="b", step=number, image=f"i{number}", changes=(change,), changed=2),
        ]
    found, unlisted = delta(lineage(fold(events), "b"))
    assert {path: each.kind for path, each in found.items()} == ({"/x": together} if together else {})
    assert unlisted == len(kinds)
