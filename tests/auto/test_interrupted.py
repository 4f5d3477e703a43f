"""Runs that are stopped, killed, starved, or left without an engine lose nothing and leave nothing."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from pathlib import Path

import pytest

from engine import gc
from engine.sandbox.client import Endpoint, connect
from engine.tasks import output
from sessions import events
from sessions.journal import read
from sessions.state import State, fold
from tests.auto.conftest import Start, containers, emptied, journal_of, session_of

pytestmark = pytest.mark.docker

KILLED_BEFORE_A_WORD_OF_IT = """
import os
from engine.tasks import output
output.append = lambda *_: os.kill(os.getpid(), 9)
"""
"""What this process does when a task's directory is there: before the index and the journal know of it."""

NO_ROOM = """
import errno
from engine.tasks import output
written = output.put
def put(path, data, mode):
    if path.name == 'proof.json':
        raise OSError(errno.ENOSPC, 'No space left on device')
    written(path, data, mode)
output.put = put
"""


def state_of(out: Path) -> State:
    return fold(read(journal_of(out)))


def steps_of(task: Path) -> set[str]:
    proof = json.loads((task / "proof.json").read_bytes())
    return {f"{step['operator']}:{step['target']}" for step in proof["steps"]}


def collected(endpoint: Endpoint, session: str) -> list[gc.Item]:
    """What a collection removes of a session."""

    async def collect() -> list[gc.Item]:
        async with connect(endpoint) as engine:
            mine = tuple(item for item in await gc.find(engine) if item.session == session)
            swept = await gc.remove(engine, mine)
            assert not swept.kept
            assert not [item for item in await gc.find(engine) if item.session == session]
        return list(mine)

    return asyncio.run(collect())


@pytest.mark.timeout(400)
def test_killed_again_and_again_no_task_is_lost_and_none_is_made_twice(
    endpoint: Endpoint, start: Start, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ("--out", str(out), "--seed", "5")

    run = start(*words, "--workers", "2")
    run.until("suite.started")
    assert run.end(signal.SIGKILL)[0] == -9
    session = session_of(out)
    emptied(endpoint, session)

    run = start(*words)
    assert run.until("session.started")["session"] == session
    assert run.until("session.resumed")["abandoned"]
    run.until("gate.started", gate="rebuild")
    time.sleep(0.4)
    assert run.end(signal.SIGKILL)[0] == -9
    emptied(endpoint, session)

    run = start(*words, first=NO_ROOM)
    code, err = run.end()
    assert code == run.result["exit_code"] == 1
    assert err.splitlines()[0] == f"error: no room left in {out}"
    assert "free space" in err
    assert not [*(out / "harbor").iterdir(), *(out / ".partial").iterdir()]
    assert state_of(out).outcome == "failed"
    assert not containers(endpoint, session, running=True)

    run = start(*words, first=KILLED_BEFORE_A_WORD_OF_IT)
    assert run.end()[0] == -9
    (first,) = (out / "harbor").iterdir()
    assert not output.index(out)
    assert not state_of(out).tasks
    emptied(endpoint, session)

    run = start(*words)
    assert run.end() == (0, "")
    assert run.result["tasks"] == [str(first)]
    assert "branch.opened" not in {line["t"] for line in run.lines}
    assert [task.id for task in state_of(out).tasks] == [first.name]
    assert [line["id"] for line in output.index(out)] == [first.name]

    run = start(*words, "--tasks", "2")
    assert run.end() == (0, "")
    (second,) = {*(out / "harbor").iterdir()} - {first}
    assert run.result["tasks"] == [str(first), str(second)]
    assert len(output.index(out)) == 2
    assert not steps_of(first) & steps_of(second)
    state = state_of(out)
    assert [task.id for task in state.tasks] == [first.name, second.name]
    assert (state.session, state.resumed, state.outcome) == (session, 5, "goal")
    assert not containers(endpoint, session, running=True)

    # The snapshots stay for whoever wants to look at them, until they are collected.
    assert "image" in {item.kind for item in collected(endpoint, session)}
    assert not containers(endpoint, session)


@pytest.mark.timeout(200)
def test_stopped_it_can_be_taken_up_and_meanwhile_nobody_else_gets_in(
    endpoint: Endpoint, start: Start, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run = start("--out", str(out))
    run.until("snapshot.taken")

    other = start("--out", str(out), "--seed", "2")
    code, err = other.end()
    assert code == other.result["exit_code"] == 2
    assert f"{out} is in use by process {run.process.pid}" in err
    assert "--out" in err.splitlines()[1]

    code, _ = run.end(signal.SIGINT)
    assert code == run.result["exit_code"] == 130
    assert run.result["outcome"] == "interrupted"
    session = session_of(out)
    assert not containers(endpoint, session)
    assert isinstance(list(read(journal_of(out)))[-1], events.SessionEnded)

    run = start("--out", str(out), "--max-minutes", "0.01")
    code, err = run.end()
    assert code == run.result["exit_code"] == 5
    assert run.result["outcome"] == "limit"
    assert err == "error: 0.01 minutes are over\n"
    assert session_of(out) == session
    assert not containers(endpoint, session)
    assert state_of(out).outcome == "limit"
    collected(endpoint, session)


class Relay:
    """Stands between a run and the engine; when it dies, the run sees what it would see of the engine."""

    def __init__(self, engine: str, path: Path) -> None:
        self.engine, self.path = engine, path
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(self.engine)
        self._writers += [writer, up_writer]
        await asyncio.gather(self._copy(reader, up_writer), self._copy(up_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:
            writer.close()

    async def die(self) -> None:
        """End every connection, and answer nobody any more."""
        self._server.close()
        self.path.unlink()
        for writer in self._writers:
            writer.transport.abort()

    async def __aexit__(self, *_: object) -> None:
        self._server.close()


@pytest.mark.parametrize("at", ["command.started", "suite.started"])
def test_an_engine_that_dies_is_told_and_what_there_was_is_kept(
    endpoint: Endpoint, start: Start, tmp_path: Path, at: str
) -> None:
    out, path = tmp_path / "out", tmp_path / "engine.sock"

    async def lived() -> tuple[int, str]:
        async with Relay(endpoint.socket, path) as relay:
            run = start("--out", str(out), "--workers", "2", DOCKER_HOST=f"unix://{path}")
            await asyncio.to_thread(run.until, at)
            await relay.die()
            ended = await asyncio.to_thread(run.end)
        assert run.result["exit_code"] == 3
        assert run.result["outcome"] == "failed"
        return ended

    code, err = asyncio.run(lived())
    assert code == 3
    assert "the Docker Engine does not answer" in err
    assert "Traceback" not in err
    assert len(err.splitlines()) == 2
    state = state_of(out)
    assert state.outcome == "failed"
    assert "does not answer" in state.detail
    assert not any(branch.open for branch in state.branches.values())
    emptied(endpoint, state.session)
    collected(endpoint, state.session)
    assert not containers(endpoint, state.session)
