import json
from pathlib import Path

import pytest

from engine import doctor
from engine.gold import store
from engine.sandbox.client import Endpoint, Engine
from tests.cli.conftest import Run
from tests.cli.test_gold import a_gold


def test_without_an_engine_it_fails_and_says_what_to_do(cli: Run, nowhere: dict[str, str]) -> None:
    done = cli("doctor", **nowhere)
    assert (done.returncode, done.stderr) == (3, "")
    lines = done.stdout.splitlines()
    failed = next(n for n, line in enumerate(lines) if line.startswith("✘ fail  engine"))
    assert "/nonexistent/docker.sock" in lines[failed]
    assert "start Docker" in lines[failed + 1]
    answer = json.loads(cli("doctor", "--json", **nowhere).stdout)
    assert answer["healthy"] is False
    assert {check["status"] for check in answer["checks"]} <= {"ok", "warn", "fail"}


def test_an_address_that_is_none(cli: Run) -> None:
    done = cli("doctor", DOCKER_HOST="nonsense")
    assert done.returncode == 3
    assert "✘ fail  engine" in done.stdout


def test_a_state_directory_that_cannot_be(cli: Run, nowhere: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = cli("doctor", **nowhere, CLIGYM_STATE=str(tmp_path / "file" / "state"))
    assert done.returncode == 3
    assert "✘ fail  state" in done.stdout
    assert "CLIGYM_STATE" in done.stdout


def test_a_busybox_that_needs_a_loader_is_none(cli: Run, nowhere: dict[str, str]) -> None:
    done = cli("doctor", **nowhere, CLIGYM_BUSYBOX="/bin/sh")
    assert "✘ fail  busybox" in done.stdout
    assert "busybox-static" in done.stdout


@pytest.mark.docker
@pytest.mark.usefixtures("base_image")
def test_a_machine_that_is_ready(cli: Run, endpoint: Endpoint) -> None:
    done = cli("doctor", "--json", DOCKER_HOST=endpoint.host)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["healthy"] is True
    names = [check["name"] for check in answer["checks"]]
    assert names[:4] == ["python", "busybox", "state", "state disk"]
    assert {"engine", "storage", "layers", "limits", "machine", "base image", "golds", "garbage"} <= set(
        names
    )


@pytest.mark.docker
@pytest.mark.usefixtures("state")
async def test_gold_environments_without_their_image_are_named(engine: Engine) -> None:
    store.save(a_gold("lost"), {})
    check = await doctor._golds(engine)
    assert check.status == doctor.WARN
    assert "lost" in check.found


@pytest.mark.parametrize(("free", "status"), [(1 << 20, "fail"), (2 << 30, "warn"), (9 << 30, "ok")])
def test_little_room_is_a_warning_and_none_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, status: str
) -> None:
    class Usage:
        def __init__(self) -> None:
            self.free = free

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage())
    check = doctor._disk("disk", tmp_path, "free some")
    assert check.status == status
    assert bool(check.advice) == (status != "ok")


def test_slow_storage_and_missing_limits_are_warnings() -> None:
    engine = Engine(
        docker=None, endpoint=Endpoint("unix:///x", "test"), storage="vfs", cpus=1, memory=1 << 30
    )
    assert doctor._storage(engine).status == doctor.WARN
    assert doctor._machine(engine).status == doctor.WARN
    assert doctor._layers(engine).status == doctor.WARN
    assert doctor._limits({"CgroupVersion": "2", "MemoryLimit": False}).status == doctor.WARN
    assert doctor._limits({"CgroupVersion": "2", "MemoryLimit": True}).status == doctor.OK
