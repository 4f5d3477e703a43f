"""What counts as garbage, decided from listings; and on a real engine, what a killed process leaves."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import gc
from engine.gold.model import Gold
from engine.sandbox import images, tools
from engine.sandbox.client import Engine
from engine.sandbox.sandbox import Sandbox
from sessions.library import Library
from sessions.lock import SessionLock

ROOT = Path(__file__).parents[1]
NOW = 1_795_000_000.0
OWNERS = gc.Owners(
    token=lambda token: token == "alive", session=lambda session: session == "held", host="here"
)


def labels(owner: str = "dead", purpose: str = "branch", **more: str) -> dict[str, str]:
    return {"cligym": purpose, "cligym.session": "s1", "cligym.owner": owner, **more}


def container(ident: str, marks: dict[str, str] | None, image: str = "gold", **more: Any) -> dict[str, Any]:
    mounts = [{"Type": "volume", "Name": "cligym-tools-1"}]
    return {"Id": ident, "Labels": marks, "ImageID": image, "Created": 0, "Mounts": mounts, **more}


def image(
    ident: str, marks: dict[str, str] | None, parent: str = "gold", *, tag: str = "", size: int = 0
) -> dict[str, Any]:
    tags = [tag] if tag else ["<none>:<none>"]
    return {"Id": ident, "Labels": marks, "ParentId": parent, "RepoTags": tags, "Size": size}


GOLD = image("gold", None, "", tag="cligym-gold/x:1", size=1000)


def found(
    *, containers: Any = (), images: Any = (), volumes: Any = (), tools: str = "cligym-tools-9"
) -> list[str]:
    listing = gc.Listing(tuple(containers), (GOLD, *images), tuple(volumes), tools)
    return [item.id for item in gc.garbage(listing, OWNERS, NOW)]


def test_a_container_goes_when_nobody_owns_it() -> None:
    assert found(containers=[container("a", labels()), container("b", labels("alive"))]) == ["a"]


def test_a_session_that_somebody_holds_owns_its_things() -> None:
    assert found(containers=[container("a", labels() | {"cligym.session": "held"})]) == []


def test_what_another_machine_made_is_left_alone() -> None:
    assert found(containers=[container("a", labels(**{"cligym.host": "there"}))]) == []
    assert found(containers=[container("a", labels(**{"cligym.host": "here"}))]) == ["a"]


@pytest.mark.parametrize("marks", [None, {}, {"other": "x"}, {"cligymnasium": "x", "cligym.owner": "dead"}])
def test_what_has_not_our_label_is_never_touched(marks: dict[str, str] | None) -> None:
    volume = {"Name": "cligym-tools-1", "Labels": marks, "CreatedAt": "2020-01-01T00:00:00Z"}
    assert found(containers=[container("a", marks)], images=[image("b", marks)], volumes=[volume]) == []


def test_a_container_that_only_inherited_our_label_is_somebody_s() -> None:
    assert found(containers=[container("a", labels(), Mounts=[{"Type": "bind"}])]) == []


def test_one_without_an_owner_goes_when_it_is_old() -> None:
    marks = {"cligym": "tools"}
    assert found(containers=[container("a", marks, Created=NOW - 5)]) == []
    assert found(containers=[container("a", marks, Created=NOW - 5000)]) == ["a"]


def test_images_go_youngest_generation_first() -> None:
    made = [image("a", labels()), image("b", labels(), "a"), image("c", labels(), "b")]
    assert found(images=made) == ["c", "b", "a"]


def test_named_images_stay_whatever_their_labels() -> None:
    assert (
        found(images=[image("a", labels(), tag="cligym-gold/y:1"), image("b", labels(), tag="mine:latest")])
        == []
    )


def test_an_image_somebody_builds_on_ours_is_somebody_s() -> None:
    marked = image("marked", labels(), "", tag="cligym-gold/z:1")
    assert found(
        images=[marked, image("step", labels(), "marked"), image("ours", labels(purpose="proof"), "marked")]
    ) == ["ours"]


def test_a_build_on_gold_that_was_cut_short_goes_after_a_day() -> None:
    steps = [image("a", None) | {"Created": NOW - 90000}, image("b", {}, "a") | {"Created": NOW - 90000}]
    assert found(images=steps) == ["b", "a"]
    assert found(images=[steps[0], image("b", {}, "a") | {"Created": NOW - 60}]) == []
    assert found(images=[*steps, image("c", {}, "b", tag="task:1")]) == []
    other = image("other", None, "", tag="debian:12")
    assert found(images=[other, image("a", None, "other") | {"Created": NOW - 90000}]) == []


def test_what_others_stand_on_stays() -> None:
    dead, living = image("a", labels()), image("b", labels("alive"), "a")
    assert found(images=[dead, living]) == []
    assert found(images=[dead, image("theirs", None, "a", tag="mine:1")]) == []
    assert found(images=[dead], containers=[container("c", None, image="a")]) == []
    assert found(images=[dead], containers=[container("c", labels(), image="a")]) == ["c", "a"]


def test_nameless_ancestors_go_along_unless_they_are_a_living_owner_s() -> None:
    def prune(above: dict[str, Any]) -> bool:
        listing = gc.Listing((), (GOLD, above, image("b", labels(), above["Id"])))
        return gc.garbage(listing, OWNERS, NOW)[0].prune

    assert prune(image("a", None))
    assert not prune(image("a", labels("alive")))


def test_sizes_are_an_image_s_own() -> None:
    listing = gc.Listing((), (GOLD, image("a", labels(), size=1005), image("b", labels(), "a", size=1012)))
    assert [(item.id, item.size) for item in gc.garbage(listing, OWNERS, NOW)] == [("b", 7), ("a", 5)]


def test_a_listing_that_turns_in_circles_ends() -> None:
    assert found(images=[image("a", labels(), "b"), image("b", labels(), "a")]) != ["x"]


def test_volumes_of_earlier_versions_go_when_nothing_uses_them() -> None:
    def volume(name: str, age: float) -> dict[str, Any]:
        at = datetime.fromtimestamp(NOW - age, UTC).isoformat().replace("+00:00", "Z")
        return {"Name": name, "Labels": {"cligym": "tools"}, "CreatedAt": at}

    old = [volume("cligym-tools-1", 100_000), volume("cligym-tools-1-whole", 100_000)]
    others = [volume("cligym-tools-2-whole", 1e6), volume("cligym-tools-2", 60), volume("x", 1e6)]
    current = [volume("cligym-tools-9", 1e6), volume("cligym-tools-9-whole", 1e6)]
    # The mark goes first: a volume without it is filled again, a mark without a volume is believed.
    assert found(volumes=[*old, *others, *current]) == ["cligym-tools-1-whole", "cligym-tools-1"]
    assert found(volumes=old, containers=[container("a", labels("alive"))]) == []


def test_unfinished_directories_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIGYM_STATE", str(tmp_path))
    library = Library()
    with library.create() as held:
        for name in (
            "golds/.new-1",
            "golds/.old-1/gold",
            "golds/.old-2/gold",
            "golds/kept",
            "sessions/begun",
            "sessions/new",
            "repairs/done",
            "repairs/cut-off",
            "repairs/at-work",
        ):
            (tmp_path / name).mkdir(parents=True)
        (tmp_path / "golds/.old-1/gold/gold.json").write_text(json.dumps({"name": "lost"}))
        (tmp_path / "golds/.old-2/gold/gold.json").write_text(json.dumps({"name": "kept"}))
        (tmp_path / "golds/kept/gold.json").write_text("{}")
        (tmp_path / "repairs/cut-off/sessions.json").write_text("{}")
        at_work = SessionLock(tmp_path / "repairs/at-work")
        for path in tmp_path.glob("*/*"):
            if path.name != "new":
                os.utime(path, (time.time() - 5000,) * 2)
        left = sorted(Path(item.id).name for item in gc._unfinished(library, time.time()))
        at_work.release()
        assert left == [".new-1", ".old-2", "begun", "done"]
        assert held.directory.exists()


VICTIM = """
import asyncio, sys, time
from engine.sandbox.client import connect
from engine.sandbox.container import Limits, configuration, created, host_config
from engine.sandbox.manifest import export
from engine.sandbox.reading import reading
from engine.sandbox.sandbox import Sandbox

class Spool:
    def write(self, data):
        print(*self.said, flush=True)
        time.sleep(60)

async def main(image, session):
    async with connect() as engine:
        sandbox = await Sandbox.start(engine, image, session=session)
        first = await sandbox.commit()
        host = host_config(network="none", binds=(), limits=Limits())
        made = await created(engine, {**configuration(first, ["true"], "suite", session), "HostConfig": host})
        spool = Spool()
        spool.said = sandbox.id, made.id, first
        async with reading(engine, first, session):
            await export(engine, first, spool)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.docker
async def test_what_a_killed_process_leaves_is_found_and_removed(engine: Engine, gold: Gold) -> None:
    session = f"gc-{secrets.token_hex(4)}"
    victim = subprocess.Popen(  # noqa: ASYNC220 - it is to be killed, and nothing else runs meanwhile
        [sys.executable, "-c", VICTIM, gold.image, session],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert victim.stdout is not None
        running, created, snapshot = victim.stdout.readline().split()

        of_it = {"all": "true", "filters": json.dumps({"ancestor": [snapshot]})}
        pinning = {each["Id"] for each in await engine.api("containers/json", params=of_it)}
        assert len(pinning) == 3, "one was created, one reads and one exports"

        async def ours() -> tuple[gc.Item, ...]:
            found = await gc.find(engine)
            return tuple(item for item in found if item.session == session or item.id in pinning)

        assert await ours() == (), "its owner lives"
    finally:
        victim.kill()
        victim.communicate()
    async with await Sandbox.start(engine, gold.image, session=session) as mine:
        items = await ours()
        assert {item.id for item in items if item.kind == gc.CONTAINER} >= pinning | {created}
        assert ("image", snapshot) in {(item.kind, item.id) for item in items}
        swept = await gc.remove(engine, items)
        assert mine.id not in {item.id for item in swept.removed}
        assert (await mine.exec(["/bin/true"])).exit_code == 0
    assert swept.kept == ()
    assert await ours() == ()
    assert not await images.exists(engine, snapshot)
    assert await images.exists(engine, gold.image)
    left = {each["Id"] for each in await engine.api("containers/json", params={"all": "true"})}
    assert not {running, created, *pinning} & left
    assert (await gc.remove(engine, items)).kept == (), "a second time is no error"


@pytest.mark.docker
async def test_what_is_in_use_by_now_is_kept(engine: Engine, gold: Gold) -> None:
    async with await Sandbox.start(engine, gold.image) as sandbox:
        await sandbox.exec(["touch", "/x"])
        snapshot = await sandbox.commit()
        try:
            async with await Sandbox.start(engine, snapshot):
                swept = await gc.remove(engine, (gc.Item(kind=gc.IMAGE, id=snapshot),))
                assert swept.removed == ()
                assert "being used" in swept.kept[0][1]
        finally:
            await images.remove(engine, snapshot)


@pytest.mark.docker
async def test_the_volume_in_use_is_known_by_its_name(engine: Engine, base_image: str) -> None:
    assert gc.current_tools() == await tools.ensure(engine, base_image)
