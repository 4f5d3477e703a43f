from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from engine.errors import GoldError, OutputError, UsageError
from engine.gold import cache, store
from engine.gold.model import Gold, Recipe, TestCommand
from sessions.blobs import Blobs
from sessions.errors import StorageFull

GOLD = Gold(
    name="tiny",
    source="tiny==1",
    project="tiny",
    version="1",
    image="sha256:" + "0" * 64,
    tag="cligym-gold/tiny:000000000000",
    recipe=Recipe(pip=("pytest",)),
    test=TestCommand(args=("tests",)),
    baseline=("tests/test_a.py::test[\\n é]",),
    quarantined={"tests/test_b.py::test": "unstable: passed, failed"},
)


@pytest.mark.parametrize("name", ["a", "python-dotenv", "sqlite_utils-3.38", "a__b", "0", "x" * 64])
def test_good_names(name: str) -> None:
    assert store.valid_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "../a",
        "a..b",
        "a b",
        "A",
        "é",
        "-a",
        "a-",
        "a\n",
        "a\0b",
        "___",
        "x" * 65,
        "x" * 300,
    ],
)
def test_names_that_cannot_be(name: str) -> None:
    for call in (store.valid_name, store.load, store.remove, store.context):
        with pytest.raises(UsageError) as caught:
            call(name)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200
        assert caught.value.hint


@pytest.mark.parametrize("text", ["Flask_SQLAlchemy", "..", "a" * 300, "", "é", "zope.interface", "--"])
def test_suggestions_are_names(text: str) -> None:
    assert store.valid_name(store.suggested_name(text))


def test_what_is_kept_is_found_again(state: Path) -> None:
    path = store.save(GOLD, {"Dockerfile": b"FROM x\n", "wheels/a.whl": b"w"}, (b"facts",))
    assert path == state / "golds" / "tiny"
    assert store.load("tiny") == GOLD
    assert store.listed() == (GOLD,)
    assert (store.context("tiny") / "wheels" / "a.whl").read_bytes() == b"w"
    assert store.read_files(store.context("tiny")) == {"Dockerfile": b"FROM x\n", "wheels/a.whl": b"w"}
    assert store.blobs("tiny").get(cache.digest(b"facts")) == b"facts"
    assert "pytest" in (path / "gold.toml").read_text()


def test_a_later_one_takes_the_place_of_an_earlier(state: Path) -> None:
    store.save(GOLD, {"Dockerfile": b"1", "old": b""})
    store.save(msgspec.structs.replace(GOLD, version="2"), {"Dockerfile": b"2"})
    assert store.load("tiny").version == "2"
    assert store.read_files(store.context("tiny")) == {"Dockerfile": b"2"}
    assert os.listdir(state / "golds") == ["tiny"]


def test_an_unknown_one_lists_those_there_are() -> None:
    with pytest.raises(store.GoldUnknown) as caught:
        store.load("other")
    assert "gold build" in caught.value.hint
    store.save(GOLD, {})
    with pytest.raises(store.GoldUnknown, match="'other'") as caught:
        store.load("other")
    assert "tiny" in caught.value.hint


def test_a_damaged_record_is_told_and_hides_no_other(state: Path) -> None:
    store.save(GOLD, {})
    store.save(msgspec.structs.replace(GOLD, name="whole"), {})
    (state / "golds" / "tiny" / "gold.json").write_text('{"name": 3}')
    with pytest.raises(GoldError, match=r"gold\.json cannot be read"):
        store.load("tiny")
    assert [gold.name for gold in store.listed()] == ["whole"]
    assert store.remove("tiny") is None
    assert store.names() == ("whole",)


def test_removal() -> None:
    store.save(GOLD, {"Dockerfile": b""})
    assert store.remove("tiny") == GOLD
    assert store.names() == ()
    with pytest.raises(store.GoldUnknown):
        store.remove("tiny")


def test_no_place_to_keep_it_is_a_line(state: Path) -> None:
    state.write_text("a file")
    with pytest.raises(OutputError, match="cannot write") as caught:
        store.save(GOLD, {})
    assert caught.value.hint


def test_an_earlier_one_is_put_back_where_the_later_cannot_be(tmp_path: Path) -> None:
    target = tmp_path / "gold"
    target.mkdir()
    (target / "kept").touch()
    with pytest.raises(FileNotFoundError):
        store._swap(tmp_path / "gone", target)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["gold", "gold/kept"]


def test_a_failed_save_leaves_the_earlier_one(state: Path) -> None:
    store.save(GOLD, {"Dockerfile": b"1"})
    with pytest.raises(OutputError):
        store.save(GOLD, {"Dockerfile": b"2", "Dockerfile/x": b""})
    assert store.read_files(store.context("tiny")) == {"Dockerfile": b"1"}
    assert os.listdir(state / "golds") == ["tiny"]


def test_a_failed_save_of_what_is_large_leaves_nothing(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(blobs: Blobs, data: bytes) -> str:
        raise StorageFull(blobs.root)

    monkeypatch.setattr(Blobs, "put", full)
    with pytest.raises(StorageFull):
        store.save(GOLD, {"Dockerfile": b"1"}, (b"facts",))
    assert os.listdir(state / "golds") == []
