"""Reading and recovery: a torn tail at any byte costs one record, any other damage is refused by offset."""

from __future__ import annotations

import msgspec
import pytest

from sessions import codec, errors
from sessions import events as ev
from sessions.journal import Journal, read, recover


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


@pytest.fixture
def whole(path):
    """Bytes of a journal with three records; the file itself is there too."""
    with Journal(path) as writer:
        writer.append(ev.Remark(text="käse\n"))
        writer.append(ev.ShellOutput(branch="b", data=b"\n\x00\xff"))
        writer.append(ev.Remark(text=""))
    return path.read_bytes()


def lines(data):
    return data.splitlines(keepends=True)


def test_a_tail_torn_at_any_byte_is_set_aside_and_nothing_is_lost(path, whole):
    events = list(read(path))
    sidecar = path.with_name("events.jsonl.torn")
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        sidecar.unlink(missing_ok=True)
        complete = max(whole[:cut].count(b"\n") - 1, 0)
        kept = b"".join(lines(whole)[: whole[:cut].count(b"\n")])
        assert list(read(path)) == events[:complete], "the reader changes nothing"
        assert path.read_bytes() == whole[:cut]
        found = recover(path)
        assert (found.seq, found.size, found.torn) == (complete, len(kept), cut - len(kept))
        assert path.read_bytes() == kept
        if found.torn:
            assert kept + sidecar.read_bytes() == whole[:cut] + b"\n"
        else:
            assert not sidecar.exists()
        assert recover(path).torn == 0
        with Journal(path) as writer:
            writer.append(ev.Remark(text="next"))
        assert [event.seq for event in read(path)] == list(range(1, complete + 2))


def test_several_tears_stay_apart(path, whole):
    for tail in (b'{"t":"rem', b"\0\0"):
        path.write_bytes(whole + tail)
        recover(path)
    assert path.with_name("events.jsonl.torn").read_bytes() == b'{"t":"rem\n\0\0\n'


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("bad", [b"garbage\n", b"\n", b"\0\0\n", b'{"t":"remark","seq":1}\n', b"[1]\n"])
def test_damage_inside_is_refused_by_name_and_offset_and_left_alone(path, whole, number, bad):
    records = lines(whole)
    records[number] = bad
    path.write_bytes(b"".join(records))
    offset = sum(len(line) for line in records[:number])
    for attempt in (lambda: list(read(path)), lambda: recover(path), lambda: Journal(path)):
        with pytest.raises(errors.JournalCorrupt) as caught:
            attempt()
        assert caught.value.offset == offset
        assert str(path) in str(caught.value)
        assert f"byte {offset}" in str(caught.value)
    assert path.read_bytes() == b"".join(records)
    assert not path.with_name("events.jsonl.torn").exists()


def test_events_before_the_damage_are_read(path, whole):
    records = lines(whole)
    path.write_bytes(b"".join([*records[:2], b"garbage\n"]))
    reader = read(path)
    assert next(reader).seq == 1
    with pytest.raises(errors.JournalCorrupt):
        next(reader)


def test_a_gap_and_a_repetition_are_damage(path, whole):
    head, one, two, three = lines(whole)
    for records in ([head, one, three], [head, one, one, two], [head, two], [head, two, one]):
        path.write_bytes(b"".join(records))
        with pytest.raises(errors.JournalCorrupt, match="follows"):
            list(read(path))


def test_an_unknown_tag_survives_and_counts(path, whole):
    line = b'{"t":"weather.changed","seq":4,"at":2.0,"to":"rain"}'
    path.write_bytes(whole + line + b"\n")
    *_, last = read(path)
    assert last == ev.Unknown(seq=4, at=2.0, original="weather.changed", line=line)
    with Journal(path) as writer:
        assert writer.append(ev.Remark(text="")).seq == 5
    assert line + b"\n" in path.read_bytes()
    assert codec.encode(last) == line


def test_a_newer_format_is_refused_and_says_so(path):
    path.write_bytes(b'{"v":2,"app":"cligym-tui"}\n{"t":"remark","seq":1,"text":""}\n')
    for attempt in (lambda: list(read(path)), lambda: recover(path), lambda: Journal(path)):
        with pytest.raises(errors.JournalNewer, match="version 2") as caught:
            attempt()
        assert "upgrade" in caught.value.hint


@pytest.mark.parametrize("head", [b"hello\n", b"hello", b"{}\n", b'{"v":"1"}\n', b'{"v":0}\n', b"x" * 10_000])
def test_a_file_that_is_no_journal_is_refused_and_left_alone(path, head):
    path.write_bytes(head)
    with pytest.raises(errors.JournalCorrupt) as caught:
        Journal(path)
    assert caught.value.offset == 0
    assert path.read_bytes() == head


def test_a_header_may_say_more(path):
    path.write_bytes(b'{"v":1,"app":"cligym-tui","more":true}\n{"t":"remark","seq":1,"text":""}\n')
    assert len(list(read(path))) == 1


def test_an_empty_file_is_a_journal_that_did_not_begin(path):
    path.touch()
    assert list(read(path)) == []
    with Journal(path) as writer:
        writer.append(ev.Remark(text=""))
    assert msgspec.json.decode(lines(path.read_bytes())[0])["v"] == ev.FORMAT_VERSION
