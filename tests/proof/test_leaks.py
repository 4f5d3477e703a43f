"""What an inversion leaves beside its damage is cleared away; what tells all the same makes it fall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from engine.inversion import Line
from engine.proof import times
from engine.proof.gate import Fell
from engine.proof.leaks import Leaks, telling, versioned
from engine.proof.minimal import Minimal
from engine.proof.rebuild import Rebuild
from engine.proof.replay import replay
from engine.proof.tidy import Tidy
from engine.proof.traces import traces
from engine.sandbox import images
from engine.sandbox.delta import Entry
from engine.sandbox.sandbox import Sandbox
from engine.sandbox.tools import archive
from engine.tasks import harbor
from engine.tasks.model import Task
from tests.conftest import BASELINE
from tests.proof.conftest import PARSER, Bench

FILE, OTHER = Entry("file", 0o644, size=10, digest="aa"), Entry("file", 0o644, size=20, digest="bb")
DIRECTORY = Entry("dir", 0o755)
TREE = {
    "/etc/passwd-": FILE,
    "/etc/thing.conf": FILE,
    "/lib/mod.py": FILE,
    "/lib/__pycache__/mod.cpython-311.pyc": FILE,
    "/lib/__pycache__/mod.cpython-311.opt-1.pyc": FILE,
    "/lib/__pycache__/model.cpython-311.pyc": FILE,
    "/lib/old.pyc": FILE,
    "/lib/old.py": FILE,
    "/root": DIRECTORY,
    "/var/cache/apt/pkgcache.bin": FILE,
    "/var/log": DIRECTORY,
    "/var/log/dpkg.log": FILE,
    "/var/log/faillog": FILE,
}


@pytest.mark.parametrize(
    ("delta", "removed", "shortened"),
    [
        pytest.param({"/root/.bash_history": FILE}, ["/root/.bash_history"], {}, id="history"),
        pytest.param({"/etc/thing.conf~": FILE, "/etc/.thing.conf.swp": FILE},
                     ["/etc/.thing.conf.swp", "/etc/thing.conf~"], {}, id="editor"),
        pytest.param({"/etc/passwd-": OTHER}, ["/etc/passwd-"], {}, id="a backup of the system's"),
        pytest.param({"/lib.orig": DIRECTORY, "/lib.orig/mod.bak": FILE}, ["/lib.orig"], {}, id="a tree"),
        pytest.param({"/root/.cache": DIRECTORY, "/root/.cache/pip": DIRECTORY, "/home/x/.cache/pip/y": FILE},
                     ["/home/x/.cache/pip/y", "/root/.cache"], {}, id="caches"),
        pytest.param({"/var/cache/apt/pkgcache.bin": OTHER}, ["/var/cache/apt/pkgcache.bin"], {}, id="apt"),
        pytest.param({"/var/log/dpkg.log": OTHER, "/var/log/new.log": FILE}, ["/var/log/new.log"],
                     {"/var/log/dpkg.log": 10}, id="logs"),
        pytest.param({"/var/log/faillog": Entry("file", 0o644, size=5, digest="cc")},
                     ["/var/log/faillog"], {}, id="a log that was rewritten"),
        pytest.param({"/lib/mod.py": OTHER}, ["/lib/__pycache__/mod.cpython-311.opt-1.pyc",
                     "/lib/__pycache__/mod.cpython-311.pyc"], {}, id="bytecode of what was changed"),
        pytest.param({"/lib/old.py": None}, ["/lib/old.pyc"], {}, id="bytecode of what is gone"),
        pytest.param({"/lib/mod.py": Entry("file", 0, size=10, digest="aa")}, [], {}, id="a mode is damage"),
        pytest.param({"/etc/passwd-": Entry("file", 0, size=10, digest="aa")}, [], {}, id="also of a backup"),
        pytest.param({"/var/log": Entry("dir", 0)}, [], {}, id="also of the logs' directory"),
        pytest.param({"/var/log/dpkg.log": None, "/etc/passwd-": None}, [], {}, id="what is gone is gone"),
        pytest.param({"/etc/thing.conf": OTHER, "/etc/bold": FILE}, [], {}, id="damage"),
    ],
)  # fmt: skip
def test_traces_are_told_from_damage(
    delta: Mapping[str, Entry | None], removed: list[str], shortened: dict[str, int]
) -> None:
    found = traces(TREE, delta)
    assert list(found.remove) == removed
    assert found.shorten == shortened


@pytest.mark.docker
async def test_a_mess_is_cleared_up_and_the_same_tests_fail(bench: Bench) -> None:
    inside = bench("messy")
    await Minimal(inside, apply=False).check()
    with pytest.raises(Fell, match=r"^leaks: .* was left behind$") as caught:
        await Leaks(inside).check()
    assert f"{PARSER}.bak was left behind" in str(caught.value.evidence["found"])
    held = await Tidy(inside).check()
    assert {"/root/.bash_history", f"{PARSER}.bak"} < set(held.evidence["removed"])
    assert held.evidence["shortened"] == ["/var/log/faillog"]
    assert held.evidence["times_left"] == []
    await Rebuild(inside).check()
    assert inside.f2p == BASELINE
    held = await Leaks(inside).check()
    assert held.evidence["late"] == []
    # Its bytecode went with it. Of another size than gold's, its time can be gold's own.
    gone = [path for path, entry in inside.delta.items() if entry is None]
    assert gone and all("/__pycache__/configparser.cpython" in path for path in gone)
    assert set(inside.delta) == {PARSER, *gone}
    now = inside.delta[PARSER]
    assert now and now.mtime == inside.tree[PARSER].mtime
    assert [line.step for line in inside.lines] == [1, 2, 0, 0]
    await inside.close()


@pytest.mark.docker
async def test_times_that_are_the_damage_stay(bench: Bench) -> None:
    inside = bench("late")
    held = await Tidy(inside).check()
    assert held.evidence["times_left"] == ["/etc/profile.d/when.sh", "/etc/stamp"]
    await Rebuild(inside).check()
    await inside.close()
    # The session's snapshot outlives the proof: it can be forked from, and be put forward again.
    assert await images.exists(inside.engine, inside.candidate.image)
    left = [*inside.made, *inside.replayed]
    assert not any([await images.exists(inside.engine, image) for image in left])


@pytest.mark.docker
async def test_a_trace_that_holds_the_damage_together_makes_it_fall(bench: Bench) -> None:
    inside = bench("kept")
    with pytest.raises(
        Fell, match=r"^tidy: /etc/kept\.bak tells what was done, and is not to be cleared away"
    ):
        await Tidy(inside).check()
    await inside.close()


@pytest.mark.docker
async def test_what_is_written_later_than_gold_is_seen(bench: Bench) -> None:
    inside = bench()
    since = await times.made_at(inside)
    image = await replay(inside, [Line("touch /etc/a; ln -s x /etc/b; touch -d 2001-01-01 /etc/c", "/")])
    async with await Sandbox.start(inside.engine, image, purpose="proof") as sandbox:
        found = await times.later(sandbox, since)
    assert {"/etc/a", "/etc/b", "/etc/c"} & found == {"/etc/a", "/etc/b"}
    await inside.close()


IMAGES = {
    "ENV REPAIR=chmod": "the image has another Env than gold",
    "LABEL broken=sqlite": "the image has another broken than gold",
    "RUN echo 'chown root: /tmp/pytest-of-dev' >/etc/notes": "/etc/notes holds what was typed",
    "RUN echo /dev/.cligym-command >/etc/notes": "/etc/notes holds what was typed, or a word of ours",
}


@pytest.mark.docker
@pytest.mark.parametrize("line", IMAGES)
async def test_what_an_image_tells(bench: Bench, line: str) -> None:
    inside = bench(delta={"/etc/notes": FILE})
    text = f"FROM {inside.candidate.gold.tag}\n{line}\n"
    inside.rebuilt = await images.build(
        inside.engine, archive({"Dockerfile": text.encode()}), labels={"cligym": "proof"}
    )
    inside.made.append(inside.rebuilt)
    inside.delta = {"/etc/notes": FILE} if "notes" in line else {}
    with pytest.raises(Fell) as caught:
        await Leaks(inside).check()
    assert IMAGES[line] in str(caught.value)
    await inside.close()


def test_a_repository_that_has_the_original() -> None:
    tree = {"/srv/x/.git": DIRECTORY, "/srv/x/.git/HEAD": FILE, "/srv/x/a/b": FILE, "/srv/y": FILE}
    assert list(versioned(tree, {"/srv/x/a/b": OTHER, "/srv/y": None})) == [
        "/srv/x/a/b lies in a repository that has the original"
    ]
    assert list(versioned(tree, {"/srv/x/.git/HEAD": OTHER})) == ["/srv/x/.git/HEAD is part of a repository"]
    assert list(versioned(tree, {"/srv/y": None})) == []


def test_names_that_tell(drafted: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    library = {"/opt/venv/lib/python3.11/site-packages/terminal/__init__.py": None}
    assert list(telling(drafted, {})) == []
    # Every task has that tag.
    assert list(telling(drafted, library)) == []
    plain = harbor.config

    def tagged(task: Task) -> dict[str, Any]:
        made = plain(task)
        made["metadata"]["tags"] += [f"broken-{family}" for family in task.families]
        return made

    monkeypatch.setattr(harbor, "config", tagged)
    loader = {"/opt/venv/lib/python3.11/site-packages/broken/__init__.py": None}
    assert drafted.families
    assert list(telling(drafted, library)) == []
    assert list(telling(drafted, loader)) == [f"broken-{drafted.families[0]} stands in the title or the tags"]
    monkeypatch.undo()
    assert list(telling(replace(drafted, id="tiny-permissions"), {})) == [
        "the id tiny-permissions says more than the project's name"
    ]
