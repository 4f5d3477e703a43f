"""Where the engine is looked for, and what is said when it does not answer."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import pytest

from engine.errors import CligymError, EngineError, UsageError
from engine.sandbox import client
from engine.sandbox.client import Endpoint, connect, resolve


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch, tmp_path):
    for name in (
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "DOCKER_TLS_VERIFY",
        "DOCKER_CERT_PATH",
        "CLIGYM_ENGINE_HOME",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(client, "DEFAULT_SOCKET", str(tmp_path / "default.sock"))


def listening(path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    return server


def test_docker_host_comes_first(monkeypatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2375")
    assert resolve() == Endpoint("tcp://10.0.0.1:2375", "DOCKER_HOST")


def test_a_private_engine_is_found_when_no_other_is_there(tmp_path) -> None:
    private = tmp_path / "state" / "cligym" / "engine" / "docker.sock"
    assert resolve().origin == "default socket"
    with listening(private):
        assert resolve() == Endpoint(f"unix://{private}", "private engine")
        with listening(tmp_path / "default.sock"):
            assert resolve().origin == "default socket"


def test_a_context_is_read_as_docker_reads_it(tmp_path, monkeypatch) -> None:
    import hashlib

    meta = tmp_path / "docker" / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(
        json.dumps(
            {
                "Name": "far",
                "Metadata": {},
                "Endpoints": {"docker": {"Host": "unix:///far.sock", "SkipTLSVerify": False}},
            }
        )
    )
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"currentContext": "far"}))
    assert resolve() == Endpoint("unix:///far.sock", "context far")
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    with pytest.raises(UsageError, match="nowhere"):
        resolve()


async def refused(endpoint: Endpoint) -> CligymError:
    with pytest.raises(CligymError) as caught:
        async with connect(endpoint):
            pass
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value


async def test_nothing_listens(tmp_path) -> None:
    error = await refused(Endpoint(f"unix://{tmp_path}/none.sock", "default socket"))
    assert isinstance(error, EngineError)
    assert "No such file" in str(error)
    assert "scripts/setup" in error.hint
    stale = tmp_path / "stale.sock"
    listening(stale).close()
    assert "refused" in str(await refused(Endpoint(f"unix://{stale}", "default socket")))
    assert isinstance(await refused(Endpoint("tcp://127.0.0.1:1", "DOCKER_HOST")), EngineError)


async def test_an_address_that_is_none() -> None:
    assert isinstance(await refused(Endpoint("nonsense", "DOCKER_HOST")), UsageError)


async def test_permission_is_told_from_absence(tmp_path, monkeypatch) -> None:
    async def denied(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_unix_connection", denied)
    error = await refused(Endpoint(f"unix://{tmp_path}/x.sock", "default socket"))
    assert "permission" in str(error)
    assert "group" in error.hint


async def test_what_answers_is_no_engine(tmp_path) -> None:
    async def babble(reader, writer):
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        writer.close()

    server = await asyncio.start_unix_server(babble, tmp_path / "ssh.sock")
    async with server:
        assert isinstance(await refused(Endpoint(f"unix://{tmp_path}/ssh.sock", "DOCKER_HOST")), EngineError)


async def test_an_engine_that_never_answers(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(client, "FIRST_ANSWER", 0.5)
    with listening(tmp_path / "silent.sock"):
        began = time.monotonic()
        error = await refused(Endpoint(f"unix://{tmp_path}/silent.sock", "DOCKER_HOST"))
        assert time.monotonic() - began < 20
        assert "does not answer within" in str(error)
