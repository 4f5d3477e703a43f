r"""One event as one line of JSON and back: the only place that knows what a record looks like.

Strings from containers may hold surrogate escapes (bytes that were no UTF-8); JSON cannot. They are written
as the six characters `\udcXX`, here and nowhere else.
"""

from __future__ import annotations

import typing

import msgspec

from sessions import events
from sessions.events import Event, Unknown


class _Envelope(msgspec.Struct):
    """What every record has, whatever its tag."""

    t: str
    seq: int
    at: float = 0.0


TAGS: typing.Final[frozenset[str]] = frozenset(
    str(member.__struct_config__.tag) for member in typing.get_args(events.Any)
)
"""The tags this version knows."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(events.Any)
_envelope = msgspec.json.Decoder(_Envelope)


def encode(event: Event) -> bytes:
    """One line of JSON, without the line's end. An `Unknown` is written as it was read."""
    if isinstance(event, Unknown):
        return event.line
    try:
        return _encoder.encode(event)
    except UnicodeEncodeError:
        return _encoder.encode(_clean(msgspec.to_builtins(event, str_keys=True)))


def decode(line: bytes) -> Event:
    """The event of one line; of an unknown tag, an `Unknown` that keeps the line.

    Raises:
        ValueError: when the line is no record; the message says what is wrong with it.
    """
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError:
        envelope = _envelope.decode(line)
        if envelope.t in TAGS:
            raise
        return Unknown(seq=envelope.seq, at=envelope.at, original=envelope.t, line=line.rstrip(b"\n"))


def text(value: str) -> str:
    """The string as it will be read back: surrogates become backslash escapes."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _clean(value: typing.Any) -> typing.Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    return value
