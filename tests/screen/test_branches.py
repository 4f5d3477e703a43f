"""The tree of branches: forks under the steps they come from, and none is left out."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cligym_tui.screen.branches import Forest, sign
from cligym_tui.screen.lines import text
from cligym_tui.screen.sight import Sight
from sessions import events
from sessions.state import fold
from tests.screen.story import TESTS, began, broke, looked, numbered


def chain(length: int) -> list[events.Event]:
    """Branches that each fork from the only step of the one before."""
    happened = [*began(), *looked("ls", b"")]
    for number in range(2, length + 1):
        name, parent = f"b{number}", f"b{number - 1}"
        happened.append(events.BranchOpened(branch=name, image="i", parent=parent, step=1, container="c"))
        happened += looked("ls", b"", 1, name)
    return happened


def test_forks_hang_under_their_steps() -> None:
    happened = [
        *chain(2),
        events.BranchOpened(branch="b3", image="i", parent="b1", step=0, container="c"),
        *looked("pwd", b"", 2),
    ]
    forest = Forest(Sight(fold(numbered(happened)), "b1"))
    keys = [forest.key(at) for at in range(len(forest))]
    assert keys == [("b1", 0), ("b3", 0), ("b1", 1), ("b2", 0), ("b2", 1), ("b1", 2)]
    indents = [len(line) - len(line.lstrip()) for at in keys if (line := _line(forest, keys.index(at)))]
    assert indents == [0, 4, 2, 6, 6, 2]


def _line(forest: Forest, at: int) -> str:
    return text(forest.parts(at, 60))


def test_branches_of_a_deep_chain_can_all_be_chosen_and_read() -> None:
    forest = Forest(Sight(fold(numbered(chain(1500))), "b1"))
    assert len(forest) == 3000
    at = forest.place(("b1500", 0))
    assert at is not None
    for width in (30, 40, 200):
        assert "b1500" in text(forest.parts(at, width))


def test_a_long_title_leaves_what_the_branch_is_at() -> None:
    happened = [*began(), events.BranchLabelled(branch="b1", title="long " * 16, note="and a note")]
    line = _line(Forest(Sight(fold(numbered(happened)), "b1")), 0)
    assert line.startswith("▸ b1  open  long long") and line.endswith("… 0/6")


@pytest.mark.parametrize(
    ("changes", "glyph"),
    [
        ((("passed", "failed"), ("failed", "passed")), "✘"),
        ((("failed", "passed"), ("failed", "error")), "✔"),
        ((("failed", "error"),), "●"),
    ],
)
def test_only_what_passes_again_is_mended(changes: tuple[tuple[str, str], ...], glyph: str) -> None:
    happened = [*began(), *broke("ls", TESTS[0], step=1)]
    flips = tuple(events.Flip(TESTS[0], before, after) for before, after in changes)
    happened[-1] = replace(happened[-1], flips=flips)
    assert sign(fold(numbered(happened)).branches["b1"].steps[1])[0] == glyph
