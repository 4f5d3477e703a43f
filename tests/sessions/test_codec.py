"""Every event survives its line of JSON; so do events nobody knows yet and bytes that are no text."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import codec
from sessions import events as ev

PLAIN = st.text(max_size=10)
WILD = st.text(st.characters(), max_size=10)
SURROGATES = st.text(st.characters(categories=["Cs"]) | st.sampled_from("ab\\\n\0"), min_size=1, max_size=5)


@given(data=st.data())
def test_every_kind_of_event_comes_back_as_it_was(any_event, data):
    event = data.draw(any_event(PLAIN))
    line = codec.encode(event)
    assert b"\n" not in line
    assert codec.decode(line) == event


@given(data=st.data())
def test_no_string_is_too_wild_to_be_written(any_event, data):
    event = data.draw(any_event(WILD | SURROGATES))
    line = codec.encode(event)
    again = codec.decode(line)
    assert type(again) is type(event)
    assert codec.encode(again) == line


def test_surrogates_become_backslash_escapes_wherever_they_are():
    event = ev.GateEnded(
        branch="b\udcff", step=1, gate="g", held=True, reason="", seconds=0, evidence={"\udc80": ["\ud800x"]}
    )
    again = codec.decode(codec.encode(event))
    assert isinstance(again, ev.GateEnded)
    assert again.branch == r"b\udcff"
    assert again.evidence == {r"\udc80": [r"\ud800x"]}
    assert codec.text("caf\udce9") == r"caf\udce9"


def test_bytes_beside_surrogates_survive():
    change = ev.SnapshotTaken(
        branch="b", step=1, image="i", changes=(ev.Change(path="/a\udce9", kind="added"),), changed=1
    )
    again = codec.decode(codec.encode(change))
    assert isinstance(again, ev.SnapshotTaken)
    assert again.changes[0].path == r"/a\udce9"
    output = ev.ShellOutput(branch="b\udc80", data=bytes(range(256)))
    decoded = codec.decode(codec.encode(output))
    assert isinstance(decoded, ev.ShellOutput)
    assert decoded.data == bytes(range(256))


def test_an_unknown_tag_keeps_its_line():
    line = b'{"t":"weather.changed","seq":7,"at":1.5,"to":["rain",{"mm":3}]}'
    event = codec.decode(line + b"\n")
    assert event == ev.Unknown(seq=7, at=1.5, original="weather.changed", line=line)
    assert codec.encode(event) == line


def test_an_unknown_field_of_a_known_event_is_no_obstacle():
    event = codec.decode(b'{"t":"remark","seq":1,"text":"x","colour":"red"}')
    assert event == ev.Remark(seq=1, text="x")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"[]",
        b'{"t":"remark","seq":1',
        b'{"t":"remark","seq":1}',
        b'{"t":"remark","seq":"1","text":"x"}',
        b'{"t":"new.tag"}',
        b'{"seq":1}',
        b'{"t":"remark","seq":1,"text":"\xff"}',
        b"\0\0\0",
    ],
)
def test_what_is_no_record_is_a_value_error(line):
    with pytest.raises(ValueError, match=r"."):
        codec.decode(line)


def test_the_tags_are_those_of_the_events():
    assert "session.started" in codec.TAGS
    assert "unknown" not in codec.TAGS
    assert msgspec.json.decode(codec.encode(ev.Remark(text="")))["t"] in codec.TAGS
