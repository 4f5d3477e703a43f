"""What a step changed, read two ways, however it was changed."""

from __future__ import annotations

import os
import tempfile
import uuid
from dataclasses import dataclass

import pytest

from engine.errors import DiskFull
from engine.gold.model import Gold
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.delta import Entry, Layer
from engine.sandbox.difference import difference
from engine.sandbox.layers import layer
from engine.sandbox.manifest import export, managed, manifest, tree
from engine.sandbox.readers import HostReader, SavedReader, reader
from engine.sandbox.sandbox import Sandbox
from engine.sandbox.snapshots import Snapshot, Snapshots, between

pytestmark = pytest.mark.docker


@dataclass
class Line:
    """A sandbox of the gold image whose steps are snapshotted and checked against the image itself."""

    engine: Engine
    gold: Gold
    tree: dict[str, Entry]
    sandbox: Sandbox
    snapshots: Snapshots
    base: Snapshot
    last: Snapshot
    session: str

    async def images(self) -> int:
        """How many images its steps have left."""
        mine = {"label": [f"cligym.session={self.session}"]}
        return len(await self.engine.docker.images.list(all=True, filters=mine))

    async def step(self, script: str) -> Layer | None:
        ran = await self.sandbox.exec(["/bin/bash", "-ec", script])
        assert ran.exit_code == 0, ran.stderr
        return await self.take()

    async def take(self) -> Layer | None:
        taken = await self.snapshots.take(self.sandbox, self.base, self.last)
        if taken is None:
            return None
        self.last = taken
        return taken.layer


@pytest.fixture
async def line(request, engine: Engine, gold: Gold, gold_tree):
    """Reads layers the best way there is; asked for with `saved`, the way that works everywhere."""
    assert HostReader.possible(engine) or os.geteuid() != 0, "root on the engine's machine reads its layers"
    read = SavedReader(engine) if getattr(request, "param", "") == "saved" else reader(engine)
    base, session = Snapshot(gold.image), f"snapshots-{uuid.uuid4()}"
    async with await Sandbox.start(engine, gold.image, session=session) as sandbox:
        snapshots = Snapshots(engine, gold.image, gold_tree, read)
        await snapshots.begin(sandbox)
        yield Line(engine, gold, gold_tree, sandbox, snapshots, base, base, session)


NASTY = {
    "files": (
        "echo x >>/app/tiny/__init__.py",
        "echo x >/app/new; mkdir -p /app/a/b/c; ln -s /nowhere /app/a/link",
        "rm /app/tiny/settings.ini; rm -r /usr/share/vim",
        "cd /app; ln pyproject.toml one; ln one two; echo x >three; ln three four; ln tiny/__init__.py five",
        "truncate -s 50M /app/sparse; truncate -s 3 /app/pyproject.toml",
        "mkfifo /app/fifo; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"/app/sock\")'",
    ),
    "directories": (
        "rm -r /app/tiny; mkdir /app/tiny; echo new >/app/tiny/settings.ini",
        "rm -r /app/tests; echo x >/app/tests",
        "rm /app/pyproject.toml; mkdir -p /app/pyproject.toml/d; echo x >/app/pyproject.toml/d/f",
        "mv /opt/venv/include /opt/moved; ln -s ../moved /opt/venv/include",
        "rm /bin; mkdir /bin; cp /usr/bin/bash /usr/bin/sh /bin/",
        "mv /opt/venv/lib/python3*/site-packages/pluggy /opt/venv/p; mv /etc/alternatives /etc/a",
        "cp -a /etc/skel /tmp/s; rm -r /etc/skel; cp -a /tmp/s /etc/skel",
    ),
    "attributes": (
        "chmod 000 /app; chmod 4755 /usr/bin/env; chown 7:8 /etc/passwd; chown -h 9:9 /bin; chmod +t /opt",
        "cd /etc; touch -r shells /tmp/r; sed -i s/bash/hsab/ shells; touch -r /tmp/r shells; rm /tmp/r",
        "touch -d 2001-01-01 /etc/issue; touch -d 1960-06-06 /etc/group; touch -d 2261-01-01 /etc/fstab",
        "touch -h -d 2001-01-01 /bin",
    ),
    "names": (
        "cd /app; touch 'a b' $'new\\nline' 'naïve ☃' $'\\xff\\xfe' -- -rf 'quo\"te' \"it's\" $'\\e[31m'",
        "cd /app; mkdir $'d\\n\\xff'; touch $'d\\n\\xff/x'; rm -- -rf; touch .wh.x",
        "p=/app; for i in $(seq 30); do p=$p/$(printf %0100d $i); done; mkdir -p $p; echo x >$p/f",
        "mkdir /app/huge; cd /app/huge; seq 1500 | xargs touch",
    ),
    "places": (
        "echo 1 >>/etc/hosts; echo x >/etc/hostname; echo x >/dev/x; echo y >/dev/shm/y; echo z >/app/z",
        "echo x >/run/x; echo y >/tmp/y; echo z >/var/tmp/z",
    ),
}
"""Shell scripts by what they are nasty to."""


@pytest.mark.parametrize("scripts", NASTY.values(), ids=NASTY)
async def test_the_delta_is_what_the_image_differs_in(line: Line, scripts: tuple[str, ...]) -> None:
    for script in scripts:
        await line.step(script)
    delta = line.last.layer
    assert len(delta) >= len(scripts)
    assert not [path for path in delta if managed(path) or "cligym" in path]
    assert await exported(line) == applied(line.tree, delta)
    assert await difference(line.engine, line.last.image, line.gold.image, line.tree) == delta


async def exported(line: Line) -> dict[str, Entry]:
    """The whole filesystem as the engine itself tells it."""
    with tempfile.TemporaryFile() as spool:
        await export(line.engine, line.last.image, spool)
        return tree(spool)


async def test_a_filesystem_is_what_the_engine_exports(line: Line) -> None:
    for scripts in NASTY.values():
        ran = await line.sandbox.exec(["/bin/bash", "-c", "; ".join(scripts)])
        assert ran.exit_code == 0, ran.stderr
    assert await line.take()
    assert HostReader.possible(line.engine), "this test needs root on the engine's machine"
    assert await manifest(line.engine, line.last.image) == await exported(line)


def applied(tree: dict[str, Entry], delta: Layer) -> dict[str, Entry]:
    """The plainest way to do what a delta says."""
    result = dict(tree)
    for path, entry in delta.items():
        if entry is None or entry.what != "dir":
            result = {other: kept for other, kept in result.items() if not other.startswith(path + "/")}
            result.pop(path, None)
    return result | {path: entry for path, entry in delta.items() if entry is not None}


async def test_both_readers_see_the_same_in_a_layer(line: Line) -> None:
    assert HostReader.possible(line.engine), "this test needs root on the engine's machine"
    for scripts in NASTY.values():
        ran = await line.sandbox.exec(["/bin/bash", "-c", "; ".join(scripts)])
        assert ran.exit_code == 0, ran.stderr
    assert await line.take()
    host, saved = [
        layer((await other.above(line.last.image, 1))[0], line.tree)
        for other in (HostReader(line.engine), SavedReader(line.engine))
    ]
    assert len(host) > 1500
    assert host == saved


async def test_a_capability_is_carried(line: Line) -> None:
    if not HostReader.possible(line.engine):
        pytest.fail("this test needs root on the engine's machine")
    await line.sandbox.exec(["/bin/sh", "-c", "cp /usr/bin/dir /usr/bin/able"])
    known = await line.engine.api(f"containers/{line.sandbox.id}/json")
    capability = bytes.fromhex("0100000200200000000000000000000000000000")
    os.setxattr(known["GraphDriver"]["Data"]["UpperDir"] + "/usr/bin/able", "security.capability", capability)
    delta = await line.take()
    assert delta is not None
    entry = delta["/usr/bin/able"]
    assert entry
    assert entry.xattrs == {"security.capability": capability}
    assert (await exported(line))["/usr/bin/able"] == entry


NOTHING = (
    "ls -lR /app; cat /etc/passwd; find / -xdev >/dev/null",
    "chmod 600 /etc/passwd; chmod 644 /etc/passwd",
    "echo x >/app/x; rm /app/x",
    "mv /app/tiny /app/t; mv /app/t /app/tiny",
    "echo x >/dev/shm/x; echo x >>/etc/hosts; echo x >/dev/x",
    "cp -a /etc/passwd /tmp/p; cat /tmp/p >/etc/passwd; touch -r /tmp/p /etc/passwd; rm /tmp/p",
    "touch -h -d 2001-01-01 /bin; touch -d 2001-01-01 /app",
    "touch -a /etc/passwd",
)


@pytest.mark.parametrize("line", ["best", "saved"], indirect=True)
async def test_nothing_changed_is_no_snapshot_and_leaves_no_image(line: Line) -> None:
    few = NOTHING if isinstance(line.snapshots.reader, HostReader) else NOTHING[:1]  # a save takes seconds
    for script in few:
        assert await line.step(script) is None, script
        assert await line.images() == 0, script
    assert await line.step("echo x >/app/kept") is not None
    assert await line.step(NOTHING[2]) is None
    assert await line.images() == 1
    assert await line.step("rm /app/kept") == {}, "back at gold is a change too"
    assert await line.take() is None
    assert await line.images() == 2


@pytest.mark.parametrize("line", ["best", "saved"], indirect=True)
async def test_a_change_is_found_again_when_nothing_came_of_it(line: Line, monkeypatch) -> None:
    async def fails(*given: object, **more: object) -> str:
        raise DiskFull("no room")

    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, "commit", fails)
        with pytest.raises(DiskFull):
            await line.step("echo x >/app/x")
    gold_at = line.last
    assert set(await line.take() or ()) == {"/app/x"}
    line.last = gold_at  # what was to be done with it has failed
    assert set(await line.take() or ()) == {"/app/x"}
    assert await line.take() is None


async def test_steps_add_up_and_forks_start_from_them(line: Line) -> None:
    first = await line.step(
        "echo a >/app/a; rm -r /app/tiny; echo file >/app/tiny; mkdir /app/d; echo e >/app/d/e"
    )
    assert first is not None
    assert set(first) == {"/app/a", "/app/tiny", "/app/d", "/app/d/e"}
    middle = line.last
    second = await line.step("echo b >/app/b; rm /app/a")
    assert second is not None
    assert [(change.path, change.kind) for change in between(line.tree, first, second)] == [
        ("/app/a", "removed"),
        ("/app/b", "added"),
    ]
    async with await Sandbox.start(line.engine, middle.image) as fork:
        await line.snapshots.begin(fork)
        line.sandbox, line.base, line.last = fork, middle, middle
        assert await line.take() is None
        # A directory over what the step before had made a file: gold's files below it stay gone.
        third = await line.step("rm /app/tiny; mkdir /app/tiny; rm -r /app/d; mkdir /app/d; echo f >/app/d/f")
        assert third is not None
        assert third["/app/tiny/__init__.py"] is None
        assert "/app/d/e" not in third
        assert await exported(line) == applied(line.tree, third)
        assert await difference(line.engine, line.last.image, line.gold.image, line.tree) == third
        back = await line.step("cd /app; rm -r d a; ls -la; rmdir tiny")
        assert back is not None
        assert set(back) == {"/app/tiny"}


async def test_a_snapshot_outlives_what_was_made_from_it(engine: Engine, gold: Gold, gold_tree) -> None:
    snapshots, gold_at = Snapshots(engine, gold.image, gold_tree, reader(engine)), Snapshot(gold.image)
    async with await Sandbox.start(engine, gold.image) as first:
        await first.exec(["/bin/sh", "-c", "echo x >/app/x"])
        parent = await snapshots.take(first, gold_at, gold_at)
        assert parent
        async with await Sandbox.start(engine, parent.image) as second:
            await second.exec(["/bin/sh", "-c", "echo x >/app/y"])
            child = await snapshots.take(second, parent, parent)
            assert child
    await images.remove(engine, child.image, parents=False)
    assert await images.exists(engine, parent.image)
