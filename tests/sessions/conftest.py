"""Events of every kind, for tests that say something about all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgspec
import pytest
from hypothesis import strategies as st

from sessions import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS: tuple[type[ev.Event], ...] = tuple(kind for kind in get_args(ev.Any) if kind is not ev.Result)
Events = st.SearchStrategy[ev.Event]


def _values(kind: msgspec.inspect.Type, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    match kind:
        case msgspec.inspect.StrType():
            return texts
        case msgspec.inspect.BytesType():
            return st.binary(max_size=20)
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.IntType():
            return st.integers(0, 2**63 - 1)
        case msgspec.inspect.FloatType():
            return st.floats(0, 1e9)
        case msgspec.inspect.NoneType():
            return st.none()
        case msgspec.inspect.UnionType():
            return st.one_of([_values(one, texts) for one in kind.types])
        case msgspec.inspect.VarTupleType():
            return st.lists(_values(kind.item_type, texts), max_size=3).map(tuple)
        case msgspec.inspect.TupleType():
            return st.tuples(*[_values(one, texts) for one in kind.item_types])
        case msgspec.inspect.StructType():
            return _structs(kind.cls, texts, {})
        case msgspec.inspect.DictType():
            leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts
            nested = st.recursive(leaves, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
            return st.dictionaries(texts, nested, max_size=2)
    raise AssertionError(kind)


def _structs(
    cls: type, texts: st.SearchStrategy[str], pools: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Any]:
    info = msgspec.inspect.type_info(cls)
    assert isinstance(info, msgspec.inspect.StructType)
    fields = {field.name: pools.get(field.name, _values(field.type, texts)) for field in info.fields}
    return st.builds(cls, **fields)


@pytest.fixture(scope="session")
def any_event() -> Callable[..., Events]:
    """An event of any kind a journal takes, with texts from a strategy; `pools` fixes fields by name."""

    def make(texts: st.SearchStrategy[str], **pools: st.SearchStrategy[Any]) -> Events:
        return st.one_of([_structs(kind, texts, pools) for kind in KINDS])

    return make


@pytest.fixture
def remark() -> Callable[[str], ev.Remark]:
    return lambda text: ev.Remark(text=text)
