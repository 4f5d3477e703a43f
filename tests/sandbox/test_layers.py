"""Trees, layers over them, and what lies between two trees."""

from __future__ import annotations

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from engine.sandbox.delta import Entry, Layer
from engine.sandbox.layers import against, from_tar, layer, overlaid, path_of
from engine.sandbox.snapshots import between

NAMES = st.sampled_from("abc")
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
ENTRIES = st.sampled_from(
    [
        Entry("dir", 0o755),
        Entry("dir", 0o700),
        Entry("file", 0o644, digest="1"),
        Entry("file", 0o644, digest="2"),
        Entry("symlink", 0o777, target="x"),
    ]
)


@st.composite
def trees(draw) -> dict[str, Entry]:
    """A filesystem: whatever lies in something lies in a directory."""
    found: dict[str, Entry] = {}
    for path, entry in sorted(draw(st.dictionaries(PATHS, ENTRIES, max_size=14)).items()):
        directory = path.rpartition("/")[0]
        if not directory or (directory in found and found[directory].what == "dir"):
            found[path] = entry
    return found


@given(trees(), trees())
def test_a_delta_makes_one_tree_of_the_other(tree: dict[str, Entry], now: dict[str, Entry]) -> None:
    delta = against(tree, now, times=True)
    assert overlaid(tree, delta) == now
    for path, entry in delta.items():
        assert tree.get(path) != entry
        if entry is None:
            assert path in tree
            assert not any(
                other != path and path.startswith(other + "/") and delta[other] is None for other in delta
            )
    assert (delta == {}) == (tree == now)
    assert bool(between(tree, {}, delta)) == (tree != now)


@given(trees(), trees(), trees())
def test_layers_over_layers_end_at_the_last_tree(gold, middle, last) -> None:
    raw: list[Layer] = [against(gold, middle), against(middle, last)]
    now = gold
    for upper in raw:
        now = overlaid(now, layer(upper.items(), now))
    assert now == last


def test_an_opaque_directory_hides_what_is_below() -> None:
    directory, file, new = (
        Entry("dir", 0o755),
        Entry("file", 0o644, digest="1"),
        Entry("file", 0o644, digest="2"),
    )
    tree = {"/d": directory, "/d/a": file, "/d/s": directory, "/d/s/b": file, "/dd": file}
    raw = [("/d/", None), ("/d", directory), ("/d/new", new)]
    assert overlaid(tree, layer(raw, tree)) == {"/d": directory, "/d/new": new, "/dd": file}
    assert overlaid(tree, layer(reversed(raw), tree)) == {"/d": directory, "/d/new": new, "/dd": file}


def test_names_of_tars_become_paths() -> None:
    for name, path in (
        ("./a/b", "/a/b"),
        ("a/b/", "/a/b"),
        (".", "/"),
        ("./", "/"),
        ("/a", "/a"),
        (".a", "/.a"),
        ("..a", "/..a"),
    ):
        assert path_of(name) == path


def test_marks_of_removal_are_read_and_hard_links_are_the_files_they_are() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind, link in (
            ("d", tarfile.DIRTYPE, ""),
            ("d/.wh..wh..opq", tarfile.REGTYPE, ""),
            ("d/.wh.gone", tarfile.REGTYPE, ""),
            ("d/f", tarfile.REGTYPE, ""),
            ("d/l", tarfile.LNKTYPE, "d/f"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, link, 0o600
            tar.addfile(info)
    buffer.seek(0)
    raw = dict(from_tar(buffer))
    assert raw["/d/"] is None
    assert raw["/d/gone"] is None
    assert raw["/d/f"] == raw["/d/l"]
    assert list(raw) == ["/d", "/d/", "/d/gone", "/d/f", "/d/l"]
