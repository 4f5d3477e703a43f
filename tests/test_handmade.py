import asyncio
from pathlib import Path

import pytest

from engine.handmade import script
from engine.sandbox.delta import Entry
from engine.sandbox.snapshots import between
from sessions.events import Change


async def test_what_hands_did_is_done_again_by_the_script(tmp_path: Path) -> None:
    root = str(tmp_path)
    (tmp_path / "edited").write_text("old\n")
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "x").write_text("x")
    (tmp_path / "was-file").write_text("x")
    content = {
        f"{root}/edited": b"it's new: $HOME `id` \\n %s\nno end of line",
        f"{root}/sub/binary": bytes(range(256)),
    }
    tree = {
        f"{root}/edited": Entry("file", 0o644, size=4, digest="a"),
        f"{root}/gone": Entry("dir", 0o755),
        f"{root}/gone/x": Entry("file", 0o644, size=1, digest="b"),
        f"{root}/was-file": Entry("file", 0o644, size=1, digest="c"),
    }
    after = {
        f"{root}/edited": Entry("file", 0o600, size=40, digest="d"),
        f"{root}/gone": None,
        f"{root}/was-file": Entry("dir", 0o700),
        f"{root}/sub": Entry("dir", 0o755),
        f"{root}/sub/binary": Entry("file", 0o755, size=256, digest="e"),
        f"{root}/sub/link": Entry("symlink", 0o777, target="../edited"),
    }
    changes: tuple[Change, ...] = between(tree, {}, after)

    async def read(path: str) -> bytes:
        return content[path]

    async def earlier(path: str) -> bytes:
        return Path(path).read_bytes()

    text = await script(tree, {}, after, changes, read, earlier)
    process = await asyncio.create_subprocess_exec("bash", "-c", text)
    assert await process.wait() == 0
    assert (tmp_path / "edited").read_bytes() == content[f"{root}/edited"]
    assert (tmp_path / "edited").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "gone").exists()
    assert (tmp_path / "was-file").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "sub" / "binary").read_bytes() == bytes(range(256))
    assert (tmp_path / "sub" / "binary").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "sub" / "link").readlink() == Path("../edited")


@pytest.mark.parametrize("hole", [None, Entry("symlink", 0o777, target="elsewhere")])
async def test_a_directory_that_is_put_back_comes_with_its_files(tmp_path: Path, hole: Entry | None) -> None:
    root = str(tmp_path)
    tree = {
        f"{root}/lib": Entry("dir", 0o755),
        f"{root}/lib/sub": Entry("dir", 0o755),
        f"{root}/lib/sub/one": Entry("file", 0o644, size=3, digest="a"),
        f"{root}/lib/two": Entry("file", 0o755, size=3, digest="a"),
        f"{root}/liberty": Entry("file", 0o644, digest="b"),
    }
    before = {
        f"{root}/lib": hole,
        f"{root}/away": Entry("dir", 0o755),
        f"{root}/away/two": Entry("file", 0o755, size=3, digest="a"),
    }
    after = {f"{root}/lib/two": None}
    (tmp_path / "away").mkdir()
    if hole is not None:
        (tmp_path / "lib").symlink_to("elsewhere")

    async def read(path: str) -> bytes:
        assert path == f"{root}/lib/sub/one"
        return b"one"

    changes = between(tree, before, after)
    assert [change.path.removeprefix(root) for change in changes if change.kind != "removed"] == [
        "/lib",
        "/lib/sub",
        "/lib/sub/one",
    ]
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", await script(tree, before, after, changes, read, read)
    )
    assert await process.wait() == 0
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == [
        "lib",
        "lib/sub",
        "lib/sub/one",
    ]
    assert (tmp_path / "lib/sub/one").read_bytes() == b"one"


async def test_nothing_is_removed_through_a_link_that_took_a_directory_s_place(tmp_path: Path) -> None:
    root = str(tmp_path)
    for name in ("dir/child", "dir/sub/deep", "kept/child", "kept/sub/deep"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    tree = {f"{root}/{name}": Entry("dir", 0o755) for name in ("dir", "dir/sub", "kept", "kept/sub")}
    before = {
        f"{root}/dir/child": Entry("file", 0o644, size=1, digest="a"),
        f"{root}/dir/sub/deep": Entry("file", 0o644, size=1, digest="a"),
    }
    after = {f"{root}/dir": Entry("symlink", 0o777, target="kept")}

    async def read(_: str) -> bytes:
        raise AssertionError("no file was changed")

    text = await script(tree, before, after, between(tree, before, after), read, read)
    process = await asyncio.create_subprocess_exec("bash", "-c", text)
    assert await process.wait() == 0
    assert (tmp_path / "dir").readlink() == Path("kept")
    assert (tmp_path / "kept/child").exists() and (tmp_path / "kept/sub/deep").exists()


@pytest.mark.parametrize(
    ("also", "edits"), [("/etc/motd", True), ("/usr/bin/sed", False), ("/usr/lib/libacl.so.1", False)]
)
async def test_an_edited_text_is_edited_again_while_sed_is_whole(
    tmp_path: Path, also: str, edits: bool
) -> None:
    path = f"{tmp_path}/setup.conf"
    old = "".join(f"key{number} = {number}\n" for number in range(40))
    new = old.replace("key3 = 3\n", "key3 = nothing\n")
    tree = {path: Entry("file", 0o644, size=len(old), digest="a"), also: Entry("file", 0o644, digest="b")}
    before = {also: Entry("file", 0o600, digest="c")}
    after = {**before, path: Entry("file", 0o644, size=len(new), digest="d")}
    Path(path).write_text(old)

    async def read(_: str) -> bytes:
        return new.encode()

    async def earlier(_: str) -> bytes:
        return old.encode()

    text = await script(tree, before, after, between(tree, before, after), read, earlier)
    assert text.startswith("sed -i '4c" if edits else "printf")
    process = await asyncio.create_subprocess_exec("bash", "-c", text)
    assert await process.wait() == 0
    assert Path(path).read_text() == new
