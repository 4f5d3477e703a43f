"""What the tests that need Docker stand on. Without an engine they fail: nothing here skips."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import aiodocker
import pytest
from hypothesis import HealthCheck, settings

from engine.errors import CligymError
from engine.gold.model import Gold, Recipe, TestCommand
from engine.proof import trivial
from engine.proof.probes import repairs
from engine.sandbox import images
from engine.sandbox.client import Endpoint, Engine, connect, resolve
from engine.sandbox.delta import Entry
from engine.sandbox.manifest import manifest
from sessions.owner import owner_token

BASE = "cligym-base:latest"

SHORT_PROOFS = """
from engine.proof import graded, probing, rebuild, trivial
from engine.proof.probes import repairs
from engine.sandbox import netns
netns.READY = 1
probing.ALL, rebuild.REPEATS, graded.ORACLE_REPEATS = repairs.PROBES[:1], 1, 1
trivial.kinds = lambda test, kinds=trivial.kinds: kinds(test)[1:2]
"""
"""For programs in which proofs are not the point: every gate, but fewer builds and answers that are tried.

Nor is how soon a container stands in sessions as short as these.
"""


# How long an example takes says something about the machine, and nothing about the code.
settings.register_profile(
    "busy", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")

# Whoever runs this under nohup wants to keep the tests, and not that those of hanging up fail.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that may take long come first: begun last, they would keep one worker busy, the others idle."""
    longest: dict[Path, float] = {}
    for item in items:
        marker = item.get_closest_marker("timeout")
        longest[item.path] = max(longest.get(item.path, 0), marker.args[0] if marker else 0)
    items.sort(key=lambda item: -longest[item.path])


@pytest.fixture(autouse=True)
def short_proofs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for what runs in this process, unless a test is marked to be of the repeats themselves."""
    monkeypatch.setattr("engine.sandbox.netns.READY", 1)
    monkeypatch.setattr("engine.proof.probing.ALL", repairs.PROBES[:1])
    if not request.node.get_closest_marker("whole_proofs"):
        monkeypatch.setattr("engine.proof.rebuild.REPEATS", 1)
        monkeypatch.setattr("engine.proof.graded.ORACLE_REPEATS", 1)
        monkeypatch.setattr("engine.proof.trivial.kinds", lambda test, kinds=trivial.kinds: kinds(test)[1:2])


PROJECT = {
    "pyproject.toml": '[project]\nname = "tiny"\nversion = "1.0"\n',
    "tiny/__init__.py": "def double(n):\n    return 2 * n\n",
    "tiny/settings.ini": "[tiny]\nlevel = 7\n",
    "tests/test_numbers.py": """
import pytest
from tiny import double

@pytest.mark.parametrize("n", [0, 1, "a b"])
def test_double(n):
    assert double(n) == n + n

def test_sum():
    assert sum(range(5)) == 10
""",
    "tests/test_files.py": """
import configparser, json, pathlib, sqlite3

def test_settings():
    parser = configparser.ConfigParser()
    parser.read(pathlib.Path(__file__).parent.parent / "tiny" / "settings.ini")
    assert parser["tiny"]["level"] == "7"

def test_json():
    assert json.loads('{"a": 1}') == {"a": 1}

def test_sqlite():
    assert sqlite3.connect(":memory:").execute("select 1").fetchone() == (1,)

def test_temporary(tmp_path):
    (tmp_path / "x").write_text("y")
    assert (tmp_path / "x").read_text() == "y"
""",
}
"""A project of eight tests, two files of them, that feel a little of the environment."""

BASELINE = (
    "tests/test_files.py::test_settings",
    "tests/test_files.py::test_json",
    "tests/test_files.py::test_sqlite",
    "tests/test_files.py::test_temporary",
    "tests/test_numbers.py::test_double[0]",
    "tests/test_numbers.py::test_double[1]",
    "tests/test_numbers.py::test_double[a b]",
    "tests/test_numbers.py::test_sum",
)

DOCKERFILE = """
FROM {base}
COPY wheels /tmp/wheels
RUN useradd -m -u 1000 -s /bin/bash dev \\
 && python3 -m venv /opt/venv && /opt/venv/bin/pip install -q --no-index --find-links /tmp/wheels pytest \\
 && rm -r /tmp/wheels && echo 'PATH=/opt/venv/bin:$PATH' >/etc/profile.d/venv.sh
ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY --chown=1000:1000 app /app
WORKDIR /app
RUN chown dev:dev /app && runuser -u dev -- python -m pytest -q -p no:cacheprovider
"""


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """Where the engine is; at the end of the session, nothing of this process may be left on it."""
    try:
        found = resolve()
        asyncio.run(_answers(found))
    except CligymError as error:
        pytest.fail(f"these tests need a Docker Engine: {error} ({error.hint})", pytrace=False)
    yield found
    left = asyncio.run(_clear(found))
    assert not left, f"containers left behind by the tests: {left}"


async def _answers(endpoint: Endpoint) -> None:
    async with connect(endpoint):
        pass


MINE = {"label": [f"cligym.owner={owner_token()}"]}


async def _clear(endpoint: Endpoint) -> list[str]:
    """Remove what this process made and did not remove; the containers among it. Snapshots may stay."""
    left = await _containers(endpoint, patience=30.0)
    async with connect(endpoint) as engine:
        for image in await engine.docker.images.list(all=True, filters=MINE):
            await images.remove(engine, image["Id"])
    return left


async def _containers(endpoint: Endpoint, patience: float = 0.0) -> list[str]:
    """Remove the containers of this process that are there after `patience` seconds; which they were."""
    deadline = time.monotonic() + patience
    async with connect(endpoint) as engine:
        while found := await engine.docker.containers.list(all=True, filters=MINE):
            if time.monotonic() >= deadline:
                break
            await asyncio.sleep(0.1)
        for container in found:
            with contextlib.suppress(aiodocker.DockerError):  # on its way out by itself
                await container.delete(force=True)
        return [f"{container['Labels']['cligym']} {container.id[:12]}" for container in found]


@pytest.fixture
def clear_containers(endpoint: Endpoint) -> Callable[[], Awaitable[list[str]]]:
    """For tests that take the means of cleaning up away from what they test."""
    return lambda: _containers(endpoint)


@pytest.fixture
async def engine(endpoint: Endpoint) -> AsyncIterator[Engine]:
    """A connected engine."""
    async with connect(endpoint) as connected:
        yield connected


@pytest.fixture(scope="session")
def base_image(endpoint: Endpoint) -> str:
    """The image gold environments start from."""

    async def there() -> bool:
        async with connect(endpoint) as engine:
            return await images.exists(engine, BASE)

    if not asyncio.run(there()):
        pytest.fail(f"the engine has no image {BASE}: run scripts/setup", pytrace=False)
    return BASE


@pytest.fixture(scope="session")
def gold(endpoint: Endpoint, base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Gold:
    """A small gold environment; its image is built once and found by its name later."""
    # Of workers that begin together each would build it, and its name would be the last one's.
    with open(Path(tempfile.gettempdir()) / f"cligym-tests-{os.getuid()}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return asyncio.run(_gold(endpoint, tmp_path_factory.mktemp("wheels")))


@pytest.fixture(scope="session")
def gold_tree(endpoint: Endpoint, gold: Gold) -> dict[str, Entry]:
    """The whole filesystem of the gold image."""

    async def read() -> dict[str, Entry]:
        async with connect(endpoint) as engine:
            return await manifest(engine, gold.image)

    return asyncio.run(read())


async def _gold(endpoint: Endpoint, wheels: Path) -> Gold:
    async with connect(endpoint) as engine:
        base = await images.inspect(engine, BASE)
        assert base is not None
        what = repr((base["Id"], DOCKERFILE, sorted(PROJECT.items())))
        tag = f"cligym-test/tiny:{hashlib.sha256(what.encode()).hexdigest()[:12]}"
        known = await images.inspect(engine, tag)
        image = known["Id"] if known else await images.build(engine, _context(wheels, base["Id"]), tag=tag)
    return Gold(
        name="tiny",
        source="tiny",
        project="tiny",
        version="1.0",
        image=image,
        tag=tag,
        recipe=Recipe(),
        test=TestCommand(timeout=60),
        baseline=BASELINE,
    )


def _context(wheels: Path, base: str) -> bytes:
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
        pip = ["python3", "-m", "pip"]
    subprocess.run([*pip, "download", "-q", "-d", os.fspath(wheels), "pytest"], check=True)
    files = {f"app/{name}": text.encode() for name, text in PROJECT.items()}
    files |= {f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels.iterdir()}
    files["Dockerfile"] = DOCKERFILE.replace("{base}", base).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
