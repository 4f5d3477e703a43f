"""The matrix of tests and steps: what differs is seen where there is little room."""

from __future__ import annotations

from cligym_tui.screen.lines import text, width_of
from cligym_tui.screen.matrix import Matrix
from sessions.state import fold
from tests.screen.story import began, broke, numbered

WHERE = "tests/a/directory/of/a/directory/test_{}.py"
TESTS = [
    f"{WHERE.format(file)}::TestOfSomething::test_it[of-all-things-{n}]" for file in "xy" for n in range(2)
]


def test_long_ids_are_told_apart() -> None:
    matrix = Matrix(TESTS, [])
    lines = [text(matrix.parts(at, 32)).rstrip() for at in range(len(matrix))]
    assert all(width_of(matrix.parts(at, 32)) <= 32 for at in range(len(matrix)))
    assert len(set(lines)) == 4, "tests of one name in two files are below the names of these"
    assert lines[0].endswith("/test_x.py") and lines[1].startswith("✔  TestOf") and lines[1].endswith("-0]")


def test_steps_have_their_whole_number() -> None:
    happened = [*began()]
    for step in (9, 99, 100):
        happened += broke("ls", step=step)
    matrix = Matrix(TESTS, list(fold(numbered(happened)).branches["b1"].steps.values()))
    assert text(matrix.heading(60)).split()[:4] == ["g", "9", "99", "100"]
