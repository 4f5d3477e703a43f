"""Headless runs on the small gold environment: in this process, and as a person starts them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from engine import auto
from engine.auto import Order
from engine.faults.probe import probe
from engine.gold import cache, store
from engine.gold.model import Gold
from engine.sandbox.client import Endpoint, connect
from engine.sandbox.delta import Entry
from engine.sandbox.manifest import pack
from engine.suite.run import Suite
from sessions import events
from sessions.library import Library
from tests import conftest as small

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def probed(
    endpoint: Endpoint, gold: Gold, gold_tree: dict[str, Entry], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A state directory with the small gold environment in it, as a build would have kept it."""
    state = tmp_path_factory.mktemp("state")

    async def learn() -> bytes:
        async with connect(endpoint) as engine:
            return msgspec.msgpack.encode(await probe(engine, gold, Suite(engine, gold.test)))

    facts, tree = asyncio.run(learn()), pack(gold_tree)
    kept = replace(gold, facts=cache.digest(facts), manifest=cache.digest(tree))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIGYM_STATE", str(state))
        store.save(kept, {"Dockerfile": small.DOCKERFILE.encode()}, (facts, tree))
    return state


@pytest.fixture
def home(probed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory, for this process and those it starts."""
    monkeypatch.setenv("CLIGYM_STATE", str(probed))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return probed


@dataclass
class Made:
    """A finished run."""

    result: events.Result
    told: list[events.Event] = field(default_factory=list)

    def of(self, kind: type) -> list[Any]:
        """What it was told of one kind."""
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def commands(self) -> dict[str, list[str]]:
        """What was typed, by branch."""
        typed: dict[str, list[str]] = {}
        for event in self.of(events.StepProposed):
            typed.setdefault(event.branch, []).append(event.command)
        return typed


async def make(out: Path, **order: Any) -> Made:
    """A run in this process."""
    told: list[events.Event] = []
    return Made(await auto.run(Order(gold="tiny", out=out, **order), told.append, asyncio.Event()), told)


@dataclass
class Run:
    """A run in a process of its own, read line by line."""

    process: subprocess.Popen[str]
    lines: list[dict[str, Any]] = field(default_factory=list)

    def until(self, tag: str, **fields: object) -> dict[str, Any]:
        """The next event of this kind."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
            if self.lines[-1]["t"] == tag and all(self.lines[-1].get(key) == fields[key] for key in fields):
                return self.lines[-1]
        raise AssertionError(f"no {tag}: {self.lines[-1:]} {self.process.communicate()[1]}")

    def end(self, number: int = 0) -> tuple[int, str]:
        """Exit code and standard error, after sending a signal."""
        if number:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=190)
        self.lines += [json.loads(line) for line in out.splitlines()]
        return self.process.returncode, err

    @property
    def result(self) -> dict[str, Any]:
        """The last line, which has to be the result."""
        assert self.lines[-1]["t"] == "result", self.lines[-1]
        return self.lines[-1]


Start = Callable[..., Run]


@pytest.fixture
def start(home: Path, tmp_path: Path) -> Iterator[Start]:
    """Start `cligym-tui --auto tiny --format jsonl` with these words, and `first` before it."""
    started: list[Run] = []

    def begin(*words: str, gold: str = "tiny", first: str = "", **environment: str) -> Run:
        code = f"{small.SHORT_PROOFS}\n{first}\nfrom cligym_tui.cli import main\nmain()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, "--auto", gold, "--format", "jsonl", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**os.environ, **environment},
        )
        started.append(Run(process))
        return started[-1]

    yield begin
    for run in started:
        run.process.kill()
        run.process.communicate()


def session_of(out: Path) -> str:
    """The session that works for `out`."""
    mark: str = json.loads((out / ".cligym/tiny/session.json").read_bytes())["session"]
    return mark


def journal_of(out: Path) -> Path:
    """Its journal."""
    return Library().journal_path(session_of(out))


def containers(endpoint: Endpoint, session: str, *, running: bool = False) -> list[str]:
    """What there is of a session, or what of it runs, by purpose."""

    async def listed() -> list[str]:
        async with connect(endpoint) as engine:
            every = await engine.api(f"containers/json?all={int(not running)}")
        return [one["Labels"]["cligym"] for one in every if one["Labels"].get("cligym.session") == session]

    return asyncio.run(listed())


def emptied(endpoint: Endpoint, session: str, seconds: float = 60) -> None:
    """Wait until nothing of a session runs any more."""
    began = time.monotonic()
    while left := containers(endpoint, session, running=True):
        assert time.monotonic() - began < seconds, left
        time.sleep(0.2)
