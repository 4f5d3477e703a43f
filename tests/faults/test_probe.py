"""The probe and some faults on a real gold image."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from engine.errors import GoldError
from engine.faults.catalogue import faults
from engine.faults.facts import Facts
from engine.faults.probe import probe
from engine.gold.model import Gold
from engine.sandbox import images
from engine.sandbox.client import Endpoint, Engine, connect
from engine.sandbox.sandbox import Sandbox
from engine.suite.run import Suite

pytestmark = pytest.mark.docker

FILES, NUMBERS = "tests/test_files.py::", "tests/test_numbers.py::"


@pytest.fixture(scope="module")
def lenient(gold: Gold) -> Gold:
    """The gold environment with a suite that goes on when one file cannot be collected."""
    test = msgspec.structs.replace(gold.test, args=("--continue-on-collection-errors",))
    return msgspec.structs.replace(gold, test=test)


@pytest.fixture(scope="module")
def facts(endpoint: Endpoint, lenient: Gold) -> Facts:
    async def look() -> Facts:
        async with connect(endpoint) as engine:
            return await probe(engine, lenient, Suite(engine, lenient.test))

    return asyncio.run(look())


def test_what_the_image_is_made_of(facts: Facts) -> None:
    image = facts.image
    assert (image.python.executable, image.python.prefix) == ("/opt/venv/bin/python", "/opt/venv")
    assert image.python.real.startswith("/usr/bin/python3.")
    assert image.system.distro == "debian"
    assert (image.system.user.name, image.system.user.uid) == ("dev", 1000)
    assert "/etc/profile.d/venv.sh" in image.system.profile
    assert {"pip", "pytest", "pluggy"} <= {found.name for found in image.distributions}
    assert "pluggy" in facts.harness
    assert {"libc.so.6", "libtinfo.so.6"} <= facts.core
    assert image.files["/etc/localtime"].what == "symlink"


def test_what_the_tests_feel(facts: Facts) -> None:
    sqlite = next(path for path in facts.uses.libraries if "libsqlite3" in path)
    assert facts.tests_mapping(sqlite) < facts.everything
    assert facts.tests_mapping(sqlite) >= {FILES + "test_sqlite"}
    assert facts.tests_touching("/tmp/pytest-of-dev") == {FILES + "test_temporary"}
    assert facts.tests_importing("pytest") == facts.everything
    assert not [fault for fault in faults(facts) if "/app" in fault.command.split("&&")[0].split()]


def test_facts_are_kept_and_read_back(facts: Facts) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=Facts) == facts


CASES = {
    "libraries-link-dangling:libsqlite3.so.0": {FILES + "test_sqlite"},
    "permissions-scratch-owner:/tmp/pytest-of-dev": {FILES + "test_temporary"},
    "interpreter-extension-missing:_sqlite3": {FILES + "test_sqlite"},
    "environment-python-home:PYTHONHOME=/usr/local": None,
}


@pytest.mark.parametrize("key", CASES)
async def test_a_fault_breaks_what_feels_it_and_its_recovery_mends_it(
    engine: Engine, lenient: Gold, facts: Facts, key: str
) -> None:
    fault = next(fault for fault in faults(facts) if fault.key == key)
    suite = Suite(engine, lenient.test)
    async with await Sandbox.start(engine, lenient.image) as sandbox:

        async def broken(command: str) -> frozenset[str]:
            ran = await sandbox.exec(["/bin/bash", "-c", command], cwd="/app")
            assert ran.exit_code == 0, ran.stderr
            image = await sandbox.commit()
            try:
                return (await suite.run(image)).broken(lenient.baseline)
            finally:
                await images.remove(engine, image)

        assert (await sandbox.exec(["/bin/bash", "-lc", fault.look])).exit_code in (0, 2)
        expected = CASES[key]
        assert await broken(fault.command) >= (facts.everything if expected is None else frozenset(expected))
        if fault.revert == "command":
            assert await broken(fault.recovery) == frozenset()


async def test_an_interpreter_that_does_not_start_is_said(engine: Engine, gold: Gold) -> None:
    async with await Sandbox.start(engine, gold.image) as sandbox:
        await sandbox.exec(["/bin/rm", "/usr/lib/python3.11/json/__init__.py"])
        image = await sandbox.commit()
    try:
        with pytest.raises(GoldError, match=r"tiny could not be probed: .*json"):
            await probe(
                engine, msgspec.structs.replace(gold, image=image, baseline=()), Suite(engine, gold.test)
            )
    finally:
        await images.remove(engine, image)
