"""Words in a box: every piece fits, nothing is lost but the blanks between them, and it comes to an end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from cligym_tui.screen.lines import ends, wrapped

BLANKS = [char for char in map(chr, range(sys.maxunicode + 1)) if char.isspace()]


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Have what uses the processor for longer fail, since it would do so for ever."""

    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@settings(phases=[Phase.explicit, Phase.reuse, Phase.generate])  # to shrink what never ends takes too long
@given(
    st.lists(
        st.text(st.sampled_from([*BLANKS, "a", "漢", "\u0301"]), max_size=5)
        | st.builds(lambda char, count: char * count, st.sampled_from(BLANKS), st.integers(8, 60)),
        max_size=8,
    ).map("".join),
    st.integers(0, 40),
)
def test_any_blanks_are_wrapped(value: str, width: int) -> None:
    with _within(2):
        pieces = wrapped(value, width)
    assert all(cell_len(piece) <= max(8, width) for piece in pieces)
    assert "".join(pieces).replace(" ", "") == value.replace(" ", "")


@given(st.text(st.sampled_from("ab漢"), max_size=30), st.integers(0, 30))
def test_of_a_name_both_ends_stay(value: str, width: int) -> None:
    shown = ends(value, width)
    assert cell_len(shown) == width
    if cell_len(value) > width > 5:
        begin, end = shown.split("…")
        assert value.startswith(begin.rstrip()) and value.endswith(end) and begin and end
