"""Which trajectories go where: by outcome, by tag, by project; and which of them are preferences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sessions import events as ev
from sessions.trajectories.choice import ALL, SUCCESS, choose
from sessions.trajectories.model import Tag
from sessions.trajectories.pairs import pairs
from sessions.trajectories.split import test_projects as to_test_on
from tests.trajectories import stories
from tests.trajectories.stories import graded, opened, ran, said, started, told


def test_views_and_reasons() -> None:
    good, bad = told(stories.oracle())[0], told(stories.oracle(reward=0.0))[0]
    open_ = replace(good, reward=None)
    tagged = replace(good, tags=(Tag("loop", "the same thrice"),))
    dull = replace(good, turns=tuple(replace(turn, train=False) for turn in good.turns))
    found = [good, bad, open_, tagged, dull]
    assert [each.left_out for each in choose(found)] == [
        "",
        "it did not succeed",
        "no reward is known",
        "tagged: loop",
        "nothing in it is to be learned",
    ]
    assert [each.split for each in choose(found, view=ALL)] == ["train", "train", "", "", ""]
    assert choose(found, view=SUCCESS, keep_tagged=True)[3].split == "train"


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.integers(1, 30), min_size=1, max_size=12),
    st.floats(0.05, 1.0),
)
def test_no_project_is_on_both_sides(sizes: dict[str, int], share: float) -> None:
    tested = to_test_on([name for name, count in sizes.items() for _ in range(count)], share)
    assert tested < set(sizes), "one is left to train on"
    assert bool(tested) == (len(sizes) > 1 and share < 1)
    size, wanted = sum(sizes[name] for name in tested), sum(sizes.values()) * (1 - share)
    smallest = min(sizes.values())
    assert size <= max(wanted + max(sizes.values()) / 2, smallest)


def test_the_split_is_of_trajectories() -> None:
    assert to_test_on(["big"] * 90 + ["small"] * 10, 0.9) == {"small"}
    assert to_test_on([f"p{number}" for number in range(100)], 0.8) == to_test_on(
        [f"p{number}" for number in reversed(range(100))], 0.8
    )
    assert len(to_test_on([f"p{number}" for number in range(100)], 0.8)) == 20


def test_a_fork_that_did_better_is_preferred() -> None:
    failed, solved = told(stories.model())
    (pair,) = pairs([failed, solved])
    assert (pair.chosen, pair.rejected, pair.shared) == (solved, failed, 3)
    assert pair.better.calls[0].input == {"command": "chmod 755 /opt"}
    assert pair.worse.calls[0].input == {"command": "rm -rf /"}
    assert [turn.role for turn in pair.prompt] == ["user", "assistant", "user"]


def test_two_forks_of_one_branch_are_compared_with_each_other() -> None:
    found = told(
        [
            started(),
            *opened(),
            *ran("look"),
            *ran("stop", step=2),
            *(
                event
                for branch, reward in (("b2", 0.0), ("b3", 1.0))
                for event in (
                    ev.BranchOpened(branch=branch, image="i", parent="b1", step=1),
                    *ran(f"fix {branch}", b"", 1, branch),
                    *graded(reward, branch),
                )
            ),
        ]
    )
    assert [(each.chosen.branch, each.rejected.branch) for each in pairs(found)] == [("b3", "b2")]


def test_a_fork_of_a_fork_belongs_to_the_tree() -> None:
    events = [started(), *opened(), *ran("look"), *ran("stop", step=2), *graded(0.0)]
    for branch, parent, reward in (("b2", "b1", 0.0), ("b3", "b2", 1.0)):
        events.append(ev.BranchOpened(branch=branch, image="i", parent=parent, step=1))
        events += [*ran(f"{branch} one", b"", 1, branch), *ran(f"{branch} two", b"", 2, branch)]
        events += graded(reward, branch)
    # What b2 did first led to failure as well as to success, so it is no better than what b1 did.
    assert [(each.rejected.branch, each.shared) for each in pairs(told(events))] == [("b2", 5)]


@pytest.mark.parametrize(
    "what", ["same reward", "no reward", "other session", "other words", "words to the worse"]
)
def test_what_is_no_preference(what: str) -> None:
    failed, solved = told(stories.model())
    match what:
        case "same reward":
            failed = replace(failed, reward=1.0)
        case "no reward":
            failed = replace(failed, reward=None)
        case "other session":
            solved = replace(solved, parent="")
        case _:
            events = stories.model()
            place = next(
                number
                for number, each in enumerate(events)
                if isinstance(each, ev.BranchOpened) and each.parent
            )
            events.insert(place + 1, said("user", {"type": "text", "text": "hint"}, step=0, branch="b2"))
            failed, solved = told(events)
            if what == "words to the worse":
                learned = tuple(replace(turn, train=turn.role == "assistant") for turn in failed.turns)
                failed, solved = replace(failed, reward=1.0, turns=learned), replace(solved, reward=0.0)
    assert list(pairs([failed, solved])) == []
