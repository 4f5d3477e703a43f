"""A terminal never raises, numbers its rows for good, and can be put back to any moment."""

from __future__ import annotations

import random
import sys
import tracemalloc
import unicodedata

import pytest

from cligym_tui.terminal import terminal as module
from cligym_tui.terminal.backlog import LARGEST, Backlog
from cligym_tui.terminal.history import BLOCK, History
from cligym_tui.terminal.lines import LineEmulator
from cligym_tui.terminal.rows import BLANK, Row
from cligym_tui.terminal.terminal import Terminal
from tests.hostile import CORPUS, cut, everything
from tests.terminal.streams import stream


def texts(terminal: Terminal) -> list[str]:
    return [row.text for row in terminal.lines(terminal.first, terminal.end)]


def numbered(count: int) -> bytes:
    return b"".join(b"line %d\r\n" % number for number in range(count))


def test_rows_keep_their_numbers() -> None:
    terminal = Terminal(20, 5)
    terminal.feed(numbered(100))
    assert (terminal.first, terminal.top, terminal.end) == (0, 96, 101)
    assert [terminal.row(number).text for number in (0, 50, 99, 100)] == ["line 0", "line 50", "line 99", ""]
    assert terminal.cursor == (0, 100)
    assert terminal.row(-1) == terminal.row(1000) == BLANK


def test_only_what_is_in_use_counts() -> None:
    terminal = Terminal(20, 5)
    assert terminal.end == 1
    terminal.feed(b"a\r\nb")
    assert terminal.end == 2
    terminal.feed(b"\x1b[4;1Hx\x1b[1;1H")
    assert terminal.end == 4
    terminal.feed(b"\x1b[?1049h\x1b[1;1H")
    assert terminal.end == 5, "a program that has the whole screen has all of it"


def test_what_changed_is_told_once() -> None:
    terminal = Terminal(20, 5)
    terminal.feed(b"a\r\nb\r\nc")
    assert terminal.changed(0, 5) == {0, 1, 2, 3, 4}
    assert terminal.changed(0, 5) == set()
    terminal.feed(b"\x1b[1;1Hx")
    assert terminal.changed(0, 5) == {0}
    terminal.feed(b"\x1b[1;1Hy\x1b[5;1H" + b"\r\n" * 2)
    assert terminal.end == 7
    terminal.feed(b"\r\n" * 8)
    assert terminal.changed(0, 12) == set(range(12))
    assert terminal.changed(0, 100) == set()
    terminal.feed(b"x")
    assert terminal.changed(0, 100) == {terminal.cursor[1]}
    terminal.clear()
    terminal.feed(b"x")
    assert 0 in terminal.changed(0, 5)


def test_a_terminal_nobody_looks_at_keeps_no_account() -> None:
    terminal = Terminal(20, 5)
    for number in range(2000):
        terminal.feed(b"line %d\r\n" % number)
        assert terminal.end
    assert len(terminal._changed) <= 5


def test_another_size_has_bounds() -> None:
    terminal = Terminal(20, 5)
    terminal.feed(numbered(10))
    terminal.resize(10**9, -5)
    assert (terminal.columns, terminal.rows) == (1000, 1)
    assert texts(terminal)[-2:] == ["line 9", ""]
    terminal.resize(0, 10**9)
    assert (terminal.columns, terminal.rows) == (2, 1000)


def test_clear_begins_anew() -> None:
    terminal = Terminal(20, 5)
    terminal.feed(numbered(10) + b"\x1b[31m\x1b[?1049h\x1b]0;")
    terminal.clear()
    terminal.feed(b"new")
    assert texts(terminal) == ["new"]
    assert terminal.row(0).spans == ()
    assert (terminal.columns, terminal.rows) == (20, 5)


@pytest.mark.parametrize("seed", range(4))
def test_any_moment_can_be_put_back(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(10):
        data = (stream(dice) * 3 + "\x1b]0;title\x07\x1b[31mé").encode()
        at = dice.randrange(len(data))
        one, other = Terminal(20, 6), Terminal(80, 24)
        one.feed(data[:at])
        moment = one.save()
        one.feed(b"something \x1b[31m else")
        other.load(moment)
        one.load(moment)
        for piece in cut(data[at:], seed, 50):
            one.feed(piece)
        other.feed(data[at:])
        whole = Terminal(20, 6)
        whole.feed(data)
        for each in (one, other):
            assert list(each.lines(0, each.end)) == list(whole.lines(0, whole.end))
            assert each.cursor == whole.cursor


def test_moments_share_what_scrolled_off() -> None:
    terminal = Terminal(20, 5)
    terminal.feed(numbered(20_000))
    tracemalloc.start()
    moments = [terminal.save() for _ in range(100)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(moments) == 100
    assert size < 100 * 20_000


def test_an_emulator_that_fails_leaves_what_it_showed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(20, 5)
    terminal.feed(b"kept\r\n")
    assert terminal.end == 2
    monkeypatch.setattr(terminal._emulator, "feed", lambda text: 1 / 0)
    terminal.feed(b"and \x1b[31mthis\r\n")
    terminal.feed(b"goes on")
    assert terminal.plain
    assert texts(terminal) == ["kept", "and this", "goes on"]
    terminal.clear()
    assert not terminal.plain


@pytest.mark.parametrize("name", ["resize", "row", "dirty"])
def test_an_emulator_may_fail_anywhere(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def broken(*_: object) -> None:
        raise TypeError

    terminal = Terminal(20, 5)
    terminal.feed(b"kept\r\n")
    assert terminal.end == 2
    monkeypatch.setattr(terminal._emulator, name, broken)
    terminal.feed(b"x")
    terminal.resize(30, 6)
    assert texts(terminal)[0] == "kept"
    terminal.feed(b"goes on")
    assert texts(terminal)[-1].endswith("goes on")
    assert (terminal.columns, terminal.rows) == (30, 6)


def test_without_the_real_emulator_there_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cligym_tui.terminal.board", None)
    terminal = Terminal(20, 5)
    assert terminal.plain
    terminal.feed(numbered(10))
    moment = terminal.save()
    assert texts(terminal)[-2:] == ["line 9", ""]
    monkeypatch.undo()
    other = Terminal(20, 5)
    other.load(moment)
    assert other.plain
    assert texts(other) == texts(terminal)


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("name", CORPUS)
def test_nothing_hostile_harms(name: str, lines: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if lines:
        monkeypatch.setattr(module, "emulator", LineEmulator)
    terminal = Terminal(40, 10)
    data = CORPUS[name][:100_000]
    for piece in cut(data + b"\x18\x1b[m\x1b(B\r\nthe end", len(name)):
        terminal.feed(piece)
    assert terminal.plain is lines, "the emulator was given up"
    assert "the end" in "".join(texts(terminal)[-2:]) or b"?1049h" in data
    for row in terminal.lines(terminal.first, terminal.end):
        assert not {unicodedata.category(char) for char in row.text} & {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
    assert terminal.replies().count(b"\x1b") < 10


@pytest.mark.parametrize("lines", [False, True])
def test_everything_hostile_in_any_size(lines: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if lines:
        monkeypatch.setattr(module, "emulator", LineEmulator)
    dice = random.Random(5)
    terminal = Terminal(3, 2)
    data = b"".join(data[:5000] for data in CORPUS.values())
    for number, piece in enumerate(cut(data, 5, 500)):
        terminal.feed(piece)
        if number % 20 == 0:
            terminal.resize(dice.choice((1, 2, 3, 80, 120)), dice.choice((1, 2, 24, 40)))
            assert terminal.end > terminal.first
    assert terminal.plain is lines


def test_history_is_bounded_by_bytes() -> None:
    history = History(kept=1 << 20)
    row = Row("x" * 80)
    for _ in range(100):
        history.add([row] * 700)
    assert history.end == 70_000
    assert len(history) * row.size <= (1 << 20) + BLOCK * row.size
    assert history[history.dropped] == history[history.end - 1] == row
    for number in (history.dropped - 1, history.end, -1):
        with pytest.raises(IndexError):
            history[number]
    assert len(list(history.rows(0, 10**9))) == len(history)


def test_a_row_says_how_large_it_is() -> None:
    rows = [Row("x" * 100 + str(number)) for number in range(1000)]
    assert sum(sys.getsizeof(row) + sys.getsizeof(row.text) for row in rows) <= sum(row.size for row in rows)


def test_pieces_are_small_and_lose_nothing() -> None:
    backlog = Backlog()
    data = everything()
    backlog.add(data)
    pieces = []
    while backlog:
        piece = backlog.next()
        assert isinstance(piece, bytes)
        pieces.append(piece)
    assert b"".join(pieces) == data
    assert all(piece for piece in pieces)
    assert max(map(len, pieces)) <= LARGEST
    assert max(piece.count(b"\x1b") + piece.count(b"\n") for piece in pieces) <= 16


def drained(backlog: Backlog) -> bytes:
    data = b""
    while backlog:
        piece = backlog.next()
        assert isinstance(piece, bytes)
        data += piece
    return data


def test_sizes_wait_their_turn() -> None:
    terminal = Terminal(20, 5)
    terminal.waiting.add(b"x" * 20 + b"\r\n")
    terminal.waiting.resize(10, 5)
    terminal.waiting.add(b"y" * 10)
    while terminal.waiting:
        terminal.draw_some()
    assert texts(terminal) == ["x" * 10, "x" * 10, "y" * 10]
    terminal.waiting.resize(30, 5)
    terminal.waiting.add(b"z" * (9 << 20))
    terminal.draw_some()
    assert terminal.columns == 30, "a size is not skipped"


def test_what_waits_too_long_is_not_drawn() -> None:
    backlog = Backlog(most=10_000)
    for number in range(100):
        backlog.add(b"%03d" % number * 100)
    data = drained(backlog)
    assert data.startswith(b"\x18\x1b[!p\r\n[")
    assert b"bytes not shown]" in data
    assert data.endswith(b"099" * 100)
    assert len(data) <= 10_100
