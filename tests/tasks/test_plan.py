"""How a delta is undone, worked out on filesystems written by hand."""

from __future__ import annotations

import io
import tarfile

import pytest

from engine.sandbox.delta import Entry
from engine.tasks.goldfiles import TOGETHER, archive, requests
from engine.tasks.solution import plan, solution

DIR = Entry("dir", 0o755)
FILE = Entry("file", 0o644, size=3, digest="abc", mtime=100)
LINK = Entry("symlink", 0o777, target="b")

TREE = {
    "/opt": DIR,
    "/opt/a": FILE,
    "/opt/b": FILE,
    "/opt/l": LINK,
    "/opt/d": DIR,
    "/opt/d/x": FILE,
    "/opt/d/e": DIR,
    "/opt/d/e/y": FILE,
    "/usr": DIR,
    "/usr/bin": DIR,
    "/usr/bin/tar": FILE,
}


def changed(entry: Entry, **values: object) -> Entry:
    return Entry(**{**{name: getattr(entry, name) for name in entry.__struct_fields__}, **values})


@pytest.mark.parametrize(
    ("delta", "remove", "restore", "metadata"),
    [
        ({"/opt/new": FILE}, ["/opt/new"], [], []),
        ({"/opt/n": DIR, "/opt/n/x": FILE}, ["/opt/n"], [], []),
        ({"/opt/a": changed(FILE, digest="xyz")}, [], ["/opt/a"], []),
        ({"/opt/a": changed(FILE, mtime=200)}, [], ["/opt/a"], []),
        ({"/opt/a": changed(FILE, mode=0o600)}, [], [], ["/opt/a"]),
        ({"/opt/a": changed(FILE, mode=0o600, mtime=7)}, [], ["/opt/a"], []),
        ({"/opt/d": changed(DIR, uid=7)}, [], [], ["/opt/d"]),
        ({"/opt/l": changed(LINK, target="c")}, [], ["/opt/l"], []),
        ({"/opt/a": None}, [], ["/opt/a"], []),
        ({"/opt/d": None}, [], ["/opt/d"], []),
        ({"/opt/d": FILE}, ["/opt/d"], ["/opt/d"], []),
        ({"/opt/d": LINK, "/opt/l": DIR, "/opt/l/z": FILE}, ["/opt/d", "/opt/l"], ["/opt/d", "/opt/l"], []),
        ({"/opt/a": DIR, "/opt/a/z": FILE}, ["/opt/a"], ["/opt/a"], []),
        ({"/opt/d/e": None, "/opt/d/x": FILE}, [], ["/opt/d/e"], []),
        ({"/opt/d/e": None, "/opt/d": changed(DIR, mode=0o700)}, [], ["/opt/d/e"], ["/opt/d"]),
        ({"/opt/a": FILE, "/opt/nothing": None}, [], [], []),
        ({"/": changed(DIR, mode=0o700)}, [], [], ["/"]),
    ],
)
def test_what_has_to_be_done(
    delta: dict[str, Entry | None], remove: list[str], restore: list[str], metadata: list[str]
) -> None:
    made = plan(TREE, delta)
    assert (list(made.remove), list(made.restore), list(made.metadata)) == (remove, restore, metadata)


def test_the_root_is_never_removed() -> None:
    assert "/" not in plan({}, {"/": DIR}).remove


@pytest.mark.parametrize(
    ("path", "static"),
    [
        ("/usr/bin/tar", True),
        ("/etc/ld.so.preload", True),
        ("/usr/lib/x86_64-linux-gnu/libacl.so.1", True),
        ("/opt/a", False),
        ("/usr/lib/python3.11/json/__init__.py", False),
        ("/usr/bin-not/x", False),
    ],
)
def test_static_tools_where_the_containers_own_are_hurt(path: str, static: bool) -> None:
    assert plan(TREE, {path: FILE}).static is static
    assert ("busybox" in solution(plan(TREE, {path: FILE}), b"")) is static


def test_lists_hold_any_name() -> None:
    made = solution(plan({}, {"/opt/a\nb \udcff": FILE}), b"")
    assert made["remove.list"] == b"/opt/a\nb \xff\0"


def test_modes_of_directories_are_given_in_full() -> None:
    made = solution(plan(TREE, {"/opt/d": changed(DIR, mode=0o2755)}), b"")
    assert made["metadata.list"].split(b"\0") == [b"00755", b"0:0", b"1", b"/opt/d", b""]


def test_attributes_come_back() -> None:
    capable = changed(FILE, xattrs={"security.capability": b"\x01\x02"})
    made = solution(plan({"/usr/bin/ping": capable}, {"/usr/bin/ping": FILE}), b"")
    assert made["attributes.list"].split(b"\0") == [b"/usr/bin/ping", b"security.capability", b"0102", b""]


def test_crowded_directories_are_fetched_at_once() -> None:
    crowd = {f"/opt/c/{number}": FILE for number in range(TOGETHER + 1)} | {"/opt/c": DIR}
    assert requests({**TREE, **crowd}, [path for path in crowd if path != "/opt/c"]) == ["/opt/c"]
    assert requests(TREE, ["/opt/a", "/opt/d"]) == ["/opt/a", "/opt/d"]


async def test_the_archive_holds_what_was_asked_for() -> None:
    async def get(path: str) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, kind, link in (
                ("d", tarfile.DIRTYPE, ""),
                ("d/x", tarfile.REGTYPE, ""),
                ("d/hard", tarfile.LNKTYPE, "d/x"),
                ("d/\udcff", tarfile.SYMTYPE, "x"),
            ):
                info = tarfile.TarInfo(name)
                info.type, info.linkname, info.uid, info.mode = kind, link, 1000, 0o640
                info.size = 3 if kind == tarfile.REGTYPE else 0
                tar.addfile(info, io.BytesIO(b"abc"))
        assert path == "/opt/d"
        return buffer.getvalue()

    data = await archive(get, {"/opt/d": DIR}, ["/opt/d"])
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as tar:
        found = {member.name: member for member in tar}
        assert sorted(found) == ["opt/d", "opt/d/hard", "opt/d/x", "opt/d/\udcff"]
        assert tar.extractfile("opt/d/hard").read() == b"abc"
        assert (found["opt/d/x"].uid, found["opt/d/x"].mode) == (1000, 0o640)
