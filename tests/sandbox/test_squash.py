"""Forks of forks of forks: as many as one likes, with the same files."""

from __future__ import annotations

import pytest

from engine.errors import EngineError
from engine.gold.model import Gold
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.delta import Entry
from engine.sandbox.difference import difference
from engine.sandbox.manifest import manifest
from engine.sandbox.readers import reader
from engine.sandbox.sandbox import Sandbox
from engine.sandbox.snapshots import Snapshot, Snapshots
from engine.sandbox.squash import squash
from engine.suite.run import Suite

pytestmark = pytest.mark.docker

LAYERS = (
    "cd /app; echo x >added; chmod 600 tiny/settings.ini; rm -r /usr/share/vim; ln pyproject.toml linked",
    "cd /app; rm added; rm -r /opt/venv/include; echo file >/opt/venv/include; chown 1000:1000 /opt",
    "cd /app; rm /opt/venv/include; mkdir -p /opt/venv/include/d; ln -s nowhere dangling; cp -l linked two",
    "cd /app; mkdir -m 1777 ☃; touch $'☃/\\n\\xff'; rm -r tests; mkdir tests; echo x >tests/test_x.py",
    "chmod 4755 /usr/bin/env; mkfifo /app/f; touch -d 2001-01-01 /app/linked; ln /app/two /app/three",
)


async def test_a_squashed_image_has_the_same_files_and_settings(
    engine: Engine, gold: Gold, gold_tree
) -> None:
    image = gold.image
    for script in LAYERS:
        async with await Sandbox.start(engine, image, session="squash") as sandbox:
            await sandbox.exec(["/bin/bash", "-c", script])
            image = await sandbox.commit(changes=["ENV SQUASHED=yes"])
    squashed = await squash(engine, image, gold.image, gold_tree)
    below = await images.layers(engine, gold.image)
    assert len(await images.layers(engine, image)) == len(below) + len(LAYERS)
    assert (await images.layers(engine, squashed))[:-1] == below
    was, now = await manifest(engine, image), await manifest(engine, squashed)
    assert now == was
    assert await difference(engine, squashed, gold.image, gold_tree) == await difference(
        engine, image, gold.image, gold_tree
    )
    before, after = await images.inspect(engine, image), await images.inspect(engine, squashed)
    assert before
    assert after
    settings = [
        {name: value for name, value in known["Config"].items() if value} for known in (before, after)
    ]
    assert settings[0] == settings[1]
    assert "SQUASHED=yes" in settings[1]["Env"]
    said = []
    for each in (image, squashed):
        async with await Sandbox.start(engine, each) as sandbox:
            look = "cd /app; stat -c '%U:%G %a %n' . * /home/dev /opt; stat -c %i two three | uniq | wc -l"
            said.append((await sandbox.exec(["/bin/bash", "-c", look])).stdout.decode().splitlines())
            assert await sandbox.commit() != each, "and it can be built upon"
    assert said[0] == said[1]
    assert said[1][-1] == "1", "what was one file under two names is one file still"


async def test_forks_stay_below_the_limit(engine: Engine, gold: Gold, gold_tree: dict[str, Entry]) -> None:
    below = len(await images.layers(engine, gold.image))
    snapshots = Snapshots(engine, gold.image, gold_tree, reader(engine), depth=below + 3)
    at, depths = Snapshot(gold.image), []
    for turn in range(6):
        async with await Sandbox.start(engine, at.image, session="squash-forks") as sandbox:
            await snapshots.begin(sandbox)
            await sandbox.exec(["/bin/sh", "-c", f"echo {turn} >/app/f{turn}; rm -f /app/f{turn - 2}"])
            taken = await snapshots.take(sandbox, at, at)
            assert taken
            assert await snapshots.take(sandbox, at, taken) is None
            await sandbox.exec(["/bin/sh", "-c", f"echo more >>/app/f{turn}"])
            later = await snapshots.take(sandbox, at, taken)
            assert later
            at = later
        depths.append(len(await images.layers(engine, at.image)) - below)
    assert depths == [1, 2, 1, 2, 1, 2]
    assert set(at.layer) == {"/app/f4", "/app/f5"}
    assert await difference(engine, at.image, gold.image, gold_tree) == at.layer
    report = await Suite(engine, gold.test).run(at.image)
    assert not report.broken(gold.baseline)


async def test_an_image_that_is_gone_is_an_error(
    engine: Engine, gold: Gold, gold_tree: dict[str, Entry]
) -> None:
    with pytest.raises(EngineError):
        await squash(engine, "sha256:" + "0" * 64, gold.image, gold_tree)
