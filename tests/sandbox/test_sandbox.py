"""A container of ours: what it may do, what goes in and out, and that none is left behind."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tarfile
import time

import pytest

from engine.errors import EngineError
from engine.sandbox import images, tools
from engine.sandbox.client import Engine
from engine.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.docker


async def test_a_command_beside_the_shell(sandbox: Sandbox) -> None:
    ran = await sandbox.exec(["/bin/sh", "-c", "echo out; echo err >&2; exit 5"])
    assert (ran.exit_code, ran.stdout, ran.stderr, ran.timed_out) == (5, b"out\n", b"err\n", False)
    ran = await sandbox.exec(
        ["/bin/sh", "-c", 'cat; pwd; id -u; echo "$A"'],
        stdin=b"in\n",
        user="65534:0",
        cwd="/etc",
        env={"A": "b c"},
    )
    assert ran.stdout == b"in\n/etc\n65534\nb c\n"


@pytest.mark.parametrize(
    ("argv", "code"), [(["/nonexistent"], 126), (["nonexistent"], 126), (["/etc/passwd"], 126)]
)
async def test_a_command_that_cannot_run_has_the_code_that_says_so(sandbox: Sandbox, argv, code) -> None:
    assert (await sandbox.exec(argv)).exit_code in (code, 127)


async def test_output_is_kept_to_its_end_and_followed_as_it_comes(sandbox: Sandbox) -> None:
    chunks: list[int] = []
    ran = await sandbox.exec(
        ["/bin/sh", "-c", "head -c 50000000 /dev/zero; echo end"],
        keep=1000,
        on_output=lambda data: chunks.append(len(data)),
    )
    assert len(ran.stdout) == 1000
    assert ran.stdout.endswith(b"\0end\n")
    assert sum(chunks) == 50_000_004


async def test_a_command_past_its_time_ends_with_all_it_started(sandbox: Sandbox) -> None:
    before = await sandbox.processes()
    ran = await sandbox.exec(["/bin/sh", "-c", "trap '' TERM; setsid sleep 100 & sleep 100"], timeout=2)
    assert (ran.exit_code, ran.timed_out) == (137, True)
    assert ran.seconds < 50
    assert set((await sandbox.processes()).split()) <= set(before.split())


async def test_a_cancelled_command_ends_with_all_it_started(sandbox: Sandbox) -> None:
    before = set((await sandbox.processes()).split())
    begun = asyncio.Event()
    running = asyncio.create_task(
        sandbox.exec(
            ["/bin/sh", "-c", "setsid sleep 100 & echo begun; sleep 100"],
            on_output=lambda data: begun.set(),
        )
    )
    await begun.wait()
    started = set((await sandbox.processes()).split()) - before
    assert len(started) >= 2
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert started.isdisjoint((await sandbox.processes()).split())


async def test_files_go_in_and_come_out(sandbox: Sandbox) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("naïve ☃/f")
        info.size, info.uid, info.mode = 3, 7, 0o640
        tar.addfile(info, io.BytesIO(b"abc"))
    await sandbox.put(buffer.getvalue(), "/tmp")
    assert await sandbox.read_file("/tmp/naïve ☃/f") == b"abc"
    assert (await sandbox.exec(["stat", "-c", "%u %a", "/tmp/naïve ☃/f"])).stdout == b"7 640\n"
    for path in ("/nonexistent", "/tmp"):
        with pytest.raises(EngineError):
            await sandbox.read_file(path)
    with pytest.raises(EngineError):
        await sandbox.put(buffer.getvalue(), "/nonexistent")


async def test_what_it_may_not_do(sandbox: Sandbox) -> None:
    for command in (
        "mount -t tmpfs x /mnt",
        "mknod /tmp/n b 7 0",
        "chroot / true",
        "unshare -n true",
        "chattr +i /etc/passwd",
        "dmesg",
        "date -s 2001-01-01",
        "hostname other",
        "echo 1 >/proc/sys/kernel/panic",
        "ls /var/run/docker.sock",
    ):
        assert (await sandbox.exec(["/bin/bash", "-c", command])).exit_code != 0, command
    ran = await sandbox.exec(["/bin/bash", "-c", "cat /sys/class/net/*/address; cat /proc/net/route | wc -l"])
    assert ran.stdout == b"00:00:00:00:00:00\n1\n", "loopback alone"


async def test_what_it_may_do(sandbox: Sandbox) -> None:
    for command in (
        "chown 1000:1000 /etc/passwd",
        "su nobody -s /bin/sh -c true",
        "chmod 000 / && ls / && chmod 755 /",
        "setpriv --reuid=1 --regid=1 --clear-groups true",
        "su nobody -s /bin/sh -c 'sleep 100' & sleep 0.2; pkill -u nobody",
        "ln -s a /b && rm /b",
    ):
        assert (await sandbox.exec(["/bin/bash", "-c", command])).exit_code == 0, command


async def test_the_credentials_of_this_machine_stay_here(sandbox: Sandbox, monkeypatch) -> None:
    said = (await sandbox.exec(["/bin/sh", "-c", "env; cat /proc/1/environ"])).stdout
    for name in ("ANTHROPIC", "DOCKER", "PIP_", "CLIGYM"):
        assert name.encode() not in said


async def test_a_commit_can_be_started_again(sandbox: Sandbox, engine: Engine) -> None:
    await sandbox.exec(["/bin/sh", "-c", "echo kept >/kept"])
    image = await sandbox.commit()
    async with await Sandbox.start(engine, image) as again:
        assert await again.read_file("/kept") == b"kept\n"
    await images.remove(engine, image)
    assert not await images.exists(engine, image)


async def test_an_image_that_is_not_there(engine: Engine) -> None:
    with pytest.raises(EngineError, match="nonexistent"):
        await Sandbox.start(engine, "nonexistent:latest")


async def test_a_start_that_fails_leaves_no_container(engine: Engine, base_image: str, monkeypatch) -> None:
    made = []
    create = engine.docker.containers.create

    async def created(config):
        made.append(await create(config))
        return made[-1]

    monkeypatch.setattr(engine.docker.containers, "create", created)
    monkeypatch.setattr("engine.sandbox.sandbox.CONTROL", [f"{tools.MOUNT}/nonexistent"])
    with pytest.raises(EngineError):
        await Sandbox.start(engine, base_image)
    assert made
    assert not await engine.docker.containers.list(all=True, filters={"id": [made[-1].id]})


OWNER = """
import asyncio, sys
from engine.sandbox.client import connect
from engine.sandbox.netns import Namespaces
from engine.sandbox.sandbox import Sandbox
from engine.sandbox.shell import Shell
async def main():
    _, image, how = sys.argv
    async with connect() as engine:
        if how == "alone":
            sandbox = await Sandbox.start(engine, image)
        else:
            namespace = await Namespaces(engine, image, ready=0).lease()
            sandbox = await Sandbox.join(engine, image, namespace.control, home="/")
        shell = Shell(sandbox)
        await shell.open()
        print(sandbox.id, flush=True)
        await shell.run("trap '' HUP; setsid sleep 1000 & sleep 1000", timeout=1000)
asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["alone", "joined"])
async def test_a_killed_process_leaves_no_container_running(
    engine: Engine, base_image: str, how: str
) -> None:
    argv = [sys.executable, "-c", OWNER, base_image, how]
    owner = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    assert owner.stdout is not None
    ident = (await owner.stdout.readline()).decode().strip()
    owner.kill()
    await owner.wait()
    deadline = time.monotonic() + 60
    # A joined one stays, stopped, until garbage is collected: it could be started again.
    while await engine.docker.containers.list(all=how == "alone", filters={"id": [ident]}):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    if how == "joined":
        await engine.docker.containers.container(ident).delete()


async def test_the_tools_are_made_once_and_again_when_they_are_cut_short(
    engine: Engine, base_image, monkeypatch
) -> None:
    filled = []
    fill = tools._fill

    async def counted(*args):
        filled.append(args)
        await fill(*args)

    contents = {**tools._contents(), "made-for-a-test": os.urandom(8)}
    monkeypatch.setattr(tools, "_contents", lambda: contents)
    monkeypatch.setattr(tools, "_fill", counted)
    name = await tools.ensure(engine, base_image)
    try:
        assert len(filled) == 1
        engine.tools = ""
        assert await tools.ensure(engine, base_image) == name
        assert len(filled) == 1
        await (await engine.docker.volumes.get(f"{name}-whole")).delete()
        engine.tools = ""
        await tools.ensure(engine, base_image)
        assert len(filled) == 2
        async with await Sandbox.start(engine, base_image) as sandbox:
            ran = await sandbox.exec([tools.BUSYBOX, "cat", f"{tools.MOUNT}/made-for-a-test"])
            assert ran.stdout == contents["made-for-a-test"]
    finally:
        for each in (name, f"{name}-whole"):
            await (await engine.docker.volumes.get(each)).delete()


def test_only_a_static_busybox_will_do(tmp_path, monkeypatch) -> None:
    assert tools.is_static(tools.busybox_path())
    assert not tools.is_static(tmp_path.joinpath("x").__class__(sys.executable))
    text = tmp_path / "busybox"
    text.write_text("#!/bin/sh\n")
    for named in (text, tmp_path / "none", sys.executable):
        monkeypatch.setenv("CLIGYM_BUSYBOX", str(named))
        with pytest.raises(EngineError) as caught:
            tools.busybox_path()
        assert "apt-get install busybox-static" in caught.value.hint
