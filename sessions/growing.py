"""A mapping of strings that grows by versions: each version is immutable, yet adding to the newest is cheap.

A suite of 5,000 tests reports one by one, and the fold makes a new state for each. Copying a dictionary every
time would cost a minute per session; here all versions share one list of reports and each remembers how many
of them are its own. Adding to any but the newest version copies first, so no version ever changes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence


class Growing(Mapping[str, str]):
    """An immutable mapping; `put` gives the next version. A key put twice keeps its place, not its value.

    Versions may be read from any thread, but only one thread at a time may `put`.
    """

    __slots__ = ("_index", "_keys", "_length", "_values")

    def __init__(self) -> None:
        self._keys: Sequence[str] = []
        self._values: Sequence[str] = []
        self._length = 0
        self._index: dict[str, str] | None = None

    def put(self, key: str, value: str) -> Growing:
        """The mapping with one more entry."""
        after = Growing.__new__(Growing)
        keys, values = self._keys, self._values
        if len(keys) != self._length or not isinstance(keys, list) or not isinstance(values, list):
            keys, values = list(keys[: self._length]), list(values[: self._length])
        # Ids and outcomes recur at every step of a session: interned, a hundred steps hold one copy.
        values.append(sys.intern(value))
        keys.append(sys.intern(key))
        after._keys, after._values, after._length, after._index = keys, values, self._length + 1, None
        return after

    def settled(self) -> Growing:
        """The same mapping, in a form that is cheap to keep: nothing more is likely to come.

        Python's collector walks through every list there is, and a day's lists took it longer than a key
        may wait; it does not walk through tuples of strings.
        """
        after = Growing.__new__(Growing)
        after._keys, after._values = tuple(self._keys[: self._length]), tuple(self._values[: self._length])
        after._length, after._index = self._length, None
        return after

    def __getitem__(self, key: str) -> str:
        return self._entries()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries())

    def __len__(self) -> int:
        return len(self._entries())

    def __repr__(self) -> str:
        return f"Growing({self._entries()!r})"

    def __reduce__(self) -> tuple[object, tuple[dict[str, str]]]:
        return _grown, (self._entries(),)

    def _entries(self) -> dict[str, str]:
        # Built when somebody looks: most versions live for one event and are never looked at.
        if self._index is None:
            self._index = dict(zip(self._keys[: self._length], self._values[: self._length], strict=True))
        return self._index


def _grown(entries: dict[str, str]) -> Growing:
    result = Growing()
    for key, value in entries.items():
        result = result.put(key, value)
    return result
