"""The suite on images that are healthy, damaged, or made to be a nuisance."""

from __future__ import annotations

import asyncio
import io
import resource
import tarfile
from collections.abc import Awaitable, Callable, Mapping

import msgspec
import pytest

from engine.errors import EngineError
from engine.gold.model import Gold
from engine.sandbox import tools
from engine.sandbox.client import Engine
from engine.sandbox.container import Limits
from engine.sandbox.control import SandboxLost
from engine.sandbox.netns import Namespaces
from engine.sandbox.sandbox import Sandbox
from engine.suite.report import COMPLETE, DIED, TIMEOUT, UNSTARTABLE, Report, TestResult
from engine.suite.run import Suite, put_off

pytestmark = pytest.mark.docker

Variant = Callable[..., Awaitable[str]]


@pytest.fixture
async def variant(engine: Engine, gold: Gold) -> Variant:
    """Makes images from gold by other files in `/app` and a shell command (by the static shell)."""

    async def make(files: Mapping[str, str] | None = None, command: str = "") -> str:
        async with await Sandbox.start(engine, gold.image) as sandbox:
            if files:
                buffer = io.BytesIO()
                with tarfile.open(fileobj=buffer, mode="w") as tar:
                    for name, text in files.items():
                        info = tarfile.TarInfo(name)
                        info.size, info.uid = len(text.encode()), 1000
                        tar.addfile(info, io.BytesIO(text.encode()))
                await sandbox.put(buffer.getvalue(), "/app")
            if command:
                ran = await sandbox.exec([tools.BUSYBOX, "sh", "-c", command])
                assert ran.exit_code == 0, ran.stderr
            return await sandbox.commit()

    return make


def only(gold: Gold, *args: str, timeout: float = 60, **env: str):
    return msgspec.structs.replace(gold.test, args=args, timeout=timeout, env=env)


async def test_every_test_of_a_healthy_image_passes(engine: Engine, gold: Gold) -> None:
    told: list[TestResult] = []
    report = await Suite(engine, gold.test).run(gold.image, on_result=told.append)
    assert (report.status, report.detail, report.exit_code, report.errors) == (COMPLETE, "", 0, ())
    assert tuple(report.results) == gold.baseline
    assert told == list(report.results.values())
    assert not report.broken(gold.baseline)
    assert "8 passed" in report.tail


async def test_what_is_printed_last_is_there_however_much_came_before(
    engine, gold: Gold, variant: Variant
) -> None:
    text = """
import atexit, os
def words():
    for _ in range(64):
        os.write(2, b"words " * 174763)
    os.write(2, b"the last")
atexit.register(words)
"""
    image = await variant({"conftest.py": text})
    for _ in range(3):
        report = await Suite(engine, gold.test).run(image)
        assert (report.status, report.tail[-8:]) == (COMPLETE, "the last")


async def test_results_come_while_the_suite_runs(engine: Engine, gold: Gold, variant: Variant) -> None:
    image = await variant(
        {"tests/test_slow.py": "import time\ndef test_a(): pass\ndef test_b(): time.sleep(3)\n"}
    )
    loop = asyncio.get_running_loop()
    first: asyncio.Future[float] = loop.create_future()

    def told(result: TestResult) -> None:
        if not first.done():
            first.set_result(loop.time())

    await Suite(engine, only(gold, "tests/test_slow.py")).run(image, on_result=told)
    assert loop.time() - await first > 1


async def test_it_runs_as_the_user_in_a_login_shell_without_network(
    engine, gold: Gold, variant: Variant
) -> None:
    test = """
import os, socket, pytest
def test_user(): assert (os.getuid(), os.environ["HOME"], os.environ["USER"]) == (1000, "/home/dev", "dev")
def test_profile(): assert os.environ["FROM_PROFILE"] == "yes"
def test_nothing_of_ours(): assert not [n for n in os.environ if n.startswith(("CLIGYM", "DOCKER"))]
def test_cwd(): assert os.getcwd() == "/app"
def test_network():
    with pytest.raises(OSError): socket.create_connection(("1.1.1.1", 53), timeout=2)
def test_loopback():
    server = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(server.getsockname()).close()
    server.close()
def test_stdin(): assert os.read(0, 1) == b""
"""
    image = await variant({"tests/test_here.py": test}, "echo 'export FROM_PROFILE=yes' >/etc/profile.d/x.sh")
    async with asyncio.timeout(60):
        report = await Suite(engine, only(gold, "tests/test_here.py")).run(image)
    assert [each for each in report.results.values() if each.outcome != "passed"] == []
    assert len(report.results) == 7


async def test_a_run_leaves_nothing_in_the_image(engine: Engine, gold: Gold, variant: Variant) -> None:
    image = await variant({"tests/test_x.py": "def test_x(): open('/app/left', 'x').close()\n"})
    suite = Suite(engine, only(gold, "tests/test_x.py"))
    for _ in range(2):
        assert (await suite.run(image)).outcome("tests/test_x.py::test_x") == "passed"


@pytest.mark.parametrize(
    "damage",
    [
        "rm /opt/venv/bin/python*",
        "rm /bin/bash",
        "rm /lib64/ld-linux-x86-64.so.2",
        ": >/lib/x86_64-linux-gnu/libc.so.6",
        "rm /usr/bin/setpriv",
        "chmod 000 /usr/bin",
        "rm -rf /opt/venv/lib/python3*/site-packages/_pytest",
        "rm -rf /usr/lib/python3*/json /usr/lib/python3*/os.py",
        "sed -i /^dev:/d /etc/passwd",
        "rm -rf /app",
        "rm -rf /usr",
        "echo 'exit 0' >/etc/profile.d/x.sh",
        "echo 'exec true' >/etc/profile",
        "rm /opt/venv/bin/python; ln -s /bin/true /opt/venv/bin/python",
    ],
)
async def test_a_suite_that_cannot_start_says_so(
    engine: Engine, gold: Gold, variant: Variant, damage: str
) -> None:
    report = await Suite(engine, gold.test).run(await variant(command=damage))
    assert report.status == UNSTARTABLE
    assert report.detail
    assert report.broken(gold.baseline) == set(gold.baseline), "never an empty pass"
    assert "\n" not in report.detail


@pytest.mark.parametrize(
    "ending",
    [
        "os._exit(0)",
        "os.kill(os.getpid(), 9)",
        "os.killpg(0, 9)",
        "ctypes.string_at(0)",
        "x = [bytearray(10**8) for _ in range(99)]",
    ],
)
async def test_a_suite_that_dies_says_during_which_test(
    engine, gold: Gold, variant: Variant, ending: str
) -> None:
    text = f"import ctypes, os\ndef test_a(): pass\ndef test_b(): {ending}\ndef test_c(): pass\n"
    image = await variant({"tests/test_d.py": text})
    report = await Suite(engine, only(gold, "tests/test_d.py"), limits=Limits(memory=400 << 20)).run(image)
    assert report.status == DIED
    assert "tests/test_d.py::test_b" in report.detail
    assert report.outcome("tests/test_d.py::test_a") == "passed"
    assert report.outcome("tests/test_d.py::test_b") == report.outcome("tests/test_d.py::test_c") == "missing"


async def test_a_suite_past_its_time_is_cut_short(engine: Engine, gold: Gold, variant: Variant) -> None:
    text = """
import signal, subprocess, time
def test_a(): pass
def test_b():
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(each, signal.SIG_IGN)
    subprocess.Popen(["setsid", "sleep", "1000"])
    time.sleep(1000)
"""
    image = await variant({"tests/test_t.py": text})
    report = await Suite(engine, only(gold, "tests/test_t.py", timeout=10)).run(image)
    assert (report.status, report.exit_code) == (TIMEOUT, None)
    assert "tests/test_t.py::test_b" in report.detail
    assert report.seconds < 50
    assert report.outcome("tests/test_t.py::test_a") == "passed"


async def test_results_put_the_end_off_but_not_without_end() -> None:
    now = asyncio.get_running_loop().time()
    async with asyncio.timeout_at(now + 60) as limit:
        await asyncio.sleep(0)
        put_off(limit, 30, now + 600)
        assert limit.when() == now + 60
        put_off(limit, 300, now + 600)
        assert now + 300 <= (limit.when() or 0) < now + 360
        put_off(limit, 3000, now + 600)
        assert limit.when() == now + 600


async def test_what_a_test_leaves_running_does_not_hold_the_suite_up(
    engine, gold: Gold, variant: Variant
) -> None:
    text = "import subprocess\ndef test_a(): subprocess.Popen(['setsid', 'sleep', '1000'])\n"
    image = await variant({"tests/test_b.py": text})
    report = await Suite(engine, only(gold, "tests/test_b.py")).run(image)
    assert (report.status, report.outcome("tests/test_b.py::test_a")) == (COMPLETE, "passed")
    assert report.seconds < 20


async def test_floods_take_no_memory_of_ours(engine: Engine, gold: Gold, variant: Variant) -> None:
    text = """
import os
def pytest_sessionstart(session):
    for fd in (1, 2):
        for _ in range(512):
            os.write(fd, b"flood " * 174763)
"""
    image = await variant({"conftest.py": text})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = await Suite(engine, gold.test).run(image)
    assert not report.broken(gold.baseline)
    assert len(report.tail) <= 4096
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 << 10


async def test_a_test_that_prints_a_gigabyte_is_no_pass_of_the_others(
    engine, gold: Gold, variant: Variant
) -> None:
    text = "import os\ndef test_z():\n    for _ in range(1024): os.write(1, b'x' * (1 << 20))\n    assert 0\n"
    image = await variant({"tests/test_a.py": text})
    report = await Suite(engine, gold.test).run(image)
    assert report.outcome("tests/test_a.py::test_z") in ("failed", "missing")
    if report.status != COMPLETE:
        assert report.status == DIED
        assert report.broken(gold.baseline)


IDS = [
    "a[b]",
    "a]b[",
    "it's",
    'say "x"',
    "a b  c",
    "naïve ☃",
    "\U0001f40d",
    "::",
    "/",
    "\\",
    "$(id)",
    "-k",
    "{}",
    "%s",
    "\ud800",
]


async def test_ids_of_every_kind_survive(engine: Engine, gold: Gold, variant: Variant) -> None:
    mark = f"@pytest.mark.parametrize('x', {IDS!a}, ids=str)"
    text = f"import pytest\n{mark}\ndef test_i(x): assert x != '-k'\n"
    ini = "[pytest]\ndisable_test_id_escaping_and_forfeit_all_rights_to_community_support = true\n"
    for raw in (True, False):
        files = {"tests/test_ids.py": text, "pytest.ini": ini if raw else "[pytest]\n"}
        report = await Suite(engine, only(gold, "tests/test_ids.py")).run(await variant(files))
        assert report.status == COMPLETE
        assert len(report.results) == len(IDS)
        assert report.outcome("tests/test_ids.py::test_i[-k]") == "failed"
        # pytest itself cannot set such a test up: its own variable takes no lone surrogate.
        outcomes = [each.outcome for each in report.results.values()]
        assert outcomes == ["passed"] * 11 + ["failed"] + ["passed"] * 2 + ["error" if raw else "passed"]
        msgspec.json.encode(report)
    # One test of those can be asked for by its id again.
    again = only(gold, "tests/test_ids.py::test_i[a[b]]", "tests/test_ids.py::test_i[a b  c]")
    assert len((await Suite(engine, again).run(await variant(files))).results) == 2


@pytest.mark.parametrize(
    ("files", "errors"),
    [
        ({"tests/test_numbers.py": "", "tests/test_files.py": ""}, 0),
        ({"tests/test_numbers.py": "import nonexistent", "tests/test_files.py": "def"}, 2),
        ({"conftest.py": "raise SystemExit(0)"}, 0),
        ({"conftest.py": "import pytest\npytest.exit('enough', returncode=0)"}, 0),
        ({"conftest.py": "def pytest_collection_modifyitems(items): items.clear()"}, 0),
        ({"conftest.py": "def pytest_runtestloop(): return True"}, 0),
        ({"conftest.py": "import os\ndef pytest_sessionstart(): os._exit(0)"}, 0),
        ({"pytest.ini": "[pytest]\naddopts = --collect-only"}, 0),
        ({"pytest.ini": "[pytest]\naddopts = --nonsense"}, 0),
    ],
)
async def test_a_run_without_tests_is_no_pass(
    engine, gold: Gold, variant: Variant, files, errors: int
) -> None:
    report: Report = await Suite(engine, gold.test).run(await variant(files))
    assert report.broken(gold.baseline) == set(gold.baseline)
    assert len(report.errors) >= errors


async def test_junk_on_the_results_descriptor_changes_nothing(
    engine: Engine, gold: Gold, variant: Variant
) -> None:
    text = r"""
import os
def test_junk():
    for fd in (3, 4, 5, 6, 7, 8, 9):
        for junk in (b"junk\n", b"\0\xff\n", b'{"k":"test"}\n', b"[" * 100000 + b"\n", b"no end"):
            try: os.write(fd, junk)
            except OSError: pass
def test_after(): pass
"""
    report = await Suite(engine, gold.test).run(await variant({"tests/test_junk.py": text}))
    assert report.status == COMPLETE
    assert not report.broken(
        [*gold.baseline, "tests/test_junk.py::test_junk", "tests/test_junk.py::test_after"]
    )


async def test_an_image_that_is_not_there_is_an_error(engine: Engine, gold: Gold) -> None:
    with pytest.raises(EngineError):
        await Suite(engine, gold.test).run("sha256:" + "0" * 64)


async def test_a_cancelled_run_leaves_no_container_and_frees_its_slot(
    engine: Engine, gold: Gold, variant: Variant
) -> None:
    image = await variant({"tests/test_t.py": "import time\ndef test_a(): time.sleep(1000)\n"})
    suite = Suite(engine, gold.test, session="cancelled-run")
    runs = [asyncio.create_task(suite.run(image)) for _ in range(2 * engine.cpus)]
    await asyncio.sleep(1.5)
    for run in runs:
        run.cancel()
    await asyncio.wait(runs)
    assert not await engine.docker.containers.list(
        all=True, filters={"label": ["cligym.session=cancelled-run"]}
    )
    assert (await suite.run(gold.image)).status == COMPLETE


async def test_namespaces_are_lent_and_taken_back(engine: Engine, gold: Gold) -> None:
    namespaces = Namespaces(engine, gold.image, "namespaces")
    suite = Suite(engine, gold.test, "namespaces", namespaces=namespaces)
    try:
        reports = await asyncio.gather(*(suite.run(gold.image) for _ in range(4)))
        assert [report.status for report in reports] == [COMPLETE] * 4
        await engine.settle()
        found = await engine.docker.containers.list(filters={"label": ["cligym.session=namespaces"]})
        assert len(found) <= namespaces.ready + 2
    finally:
        await namespaces.close()
    assert not await engine.docker.containers.list(all=True, filters={"label": ["cligym.session=namespaces"]})


async def test_a_container_removed_from_outside_is_no_result(
    engine: Engine, gold: Gold, variant: Variant
) -> None:
    image = await variant(
        {"tests/test_a.py": "import time\ndef test_a(): pass\ndef test_b(): time.sleep(1000)\n"}
    )
    begun = asyncio.Event()
    suite = Suite(engine, only(gold, "tests/test_a.py"), session="removed-run")
    running = asyncio.create_task(suite.run(image, on_result=lambda result: begun.set()))
    await begun.wait()
    for container in await engine.docker.containers.list(filters={"label": ["cligym.session=removed-run"]}):
        await container.delete(force=True)
    async with asyncio.timeout(30):
        with pytest.raises(SandboxLost):
            await running
