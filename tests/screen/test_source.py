"""What a live session printed, as the shell pane is given it."""

from __future__ import annotations

from cligym_tui.screen.source import KEPT, LiveSource
from sessions import events
from tests.screen.story import ScriptedLive, began


def printing(*pieces: bytes) -> list[events.Event]:
    return [events.ShellOutput(branch="b1", data=piece) for piece in pieces]


def test_whoever_reads_after_each_poll_misses_nothing_however_much_it_is() -> None:
    live = ScriptedLive(*began())
    source = LiveSource(live)
    source.poll(0)
    position = source.printed("b1", None).position
    for _ in range(3):
        pieces = [bytes([number]) * 1000 for number in range(97, 123)] * (KEPT // 5000)
        live.happen(*printing(*pieces))
        while source.poll(0):
            printed = source.printed("b1", position)
            assert not printed.anew
            position = printed.position
            assert b"".join(pieces).startswith(b"".join(printed.pieces))
            pieces = [b"".join(pieces)[sum(map(len, printed.pieces)) :]]
        assert pieces == [b""]


def test_of_what_was_read_only_the_end_is_kept() -> None:
    live = ScriptedLive(*began())
    source = LiveSource(live)
    for number in range(40):
        live.happen(*printing(b"%05d" % number * (KEPT // 50)))
        source.poll(0)
    source.poll(0)
    printed = source.printed("b1", None)
    assert printed.anew
    assert KEPT <= sum(map(len, printed.pieces)) <= 2 * KEPT
    assert printed.pieces[-1].endswith(b"00039")
