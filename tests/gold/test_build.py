"""Gold environments made of real directories, on a real engine."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engine.errors import GoldError, UsageError
from engine.gold import large, store
from engine.gold.build import build
from engine.gold.model import Gold
from engine.sandbox import images
from engine.sandbox.client import Engine
from engine.sandbox.sandbox import Sandbox
from tests.gold.conftest import THREE, forget

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

Project = Callable[[str, Mapping[str, str]], Path]

FLAT = {
    "pyproject.toml": "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n",
    "setup.py": "from setuptools import Extension, setup\n"
    "setup(name='Flat_Ext', version='0.1', packages=['flat'], install_requires=['idna'],\n"
    "      ext_modules=[Extension('flat._fast', ['flat/_fast.c'])])\n",
    "flat/__init__.py": "from flat._fast import seven\n",
    "flat/_fast.c": """
#include <Python.h>
static PyObject *seven(PyObject *s, PyObject *a) { return PyLong_FromLong(7); }
static PyMethodDef methods[] = {{"seven", seven, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_fast", 0, -1, methods};
PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&module); }
""",
    "pytest.ini": "[pytest]\naddopts = --strict-markers --cov=flat\n",
    "tests/test_flat.py": THREE
    + """
import os, subprocess, pytest

def test_extension():
    import flat, idna
    assert flat.seven() == 7 and flat.__file__ == "/app/flat/__init__.py"

def test_package_of_the_distribution():
    assert subprocess.run(["bc"], input=b"1+1\\n", capture_output=True).stdout == b"2\\n"

def test_fixture(mocker):
    assert mocker

def test_user():
    assert os.getuid() == 1000 and os.environ["LEVEL"] == "3" and os.path.exists("/srv/made")

def test_network():
    import socket
    socket.create_connection(("192.0.2.1", 80), timeout=1)
""",
    "gold.toml": 'apt = ["bc"]\nrun = ["id -un >/srv/made"]\n\n[env]\nLEVEL = "3"\n',
    ".pytest_cache/README": "stale",
}


def quiet(line: str) -> None:
    assert "\n" not in line


async def made(engine: Engine, source: Path | str, **options: object) -> Gold:
    return await build(engine, str(source), progress=quiet, **options)


async def nameless(engine: Engine) -> set[str]:
    """Images that have no name and that nothing was made from."""
    listed = await engine.docker.images.list(filters={"dangling": ["true"]})
    return {image["Id"] for image in listed}


async def test_a_project_with_everything(engine: Engine, base_image: str, project: Project) -> None:
    """One build for all that needs an image of a real project: compiler, packages, repair, what is in it."""
    gold = await made(engine, project("flat", FLAT))
    try:
        assert (gold.name, gold.project, gold.version) == ("flat-ext", "flat-ext", "0.1")
        assert [test.rpartition("::")[2] for test in gold.baseline] == [
            *("test_a", "test_b", "test_c", "test_extension", "test_package_of_the_distribution"),
            *("test_fixture", "test_user"),
        ]
        assert list(gold.quarantined) == ["tests/test_flat.py::test_network"]
        assert "unreachable" in gold.quarantined["tests/test_flat.py::test_network"]
        assert gold.tag == f"cligym-gold/flat-ext:{gold.image.removeprefix('sha256:')[:12]}"
        assert gold.recipe.apt == ("bc",)
        assert "pytest-mock" in gold.recipe.pip
        assert {"flat-ext", "idna", "pytest", "pytest-cov", "pytest-mock"} <= gold.versions.keys()
        assert gold.pip_check == ""
        assert gold == store.load("flat-ext")
        assert large.facts(gold)
        _clean_image(large.tree(gold))
        await _inside(engine, gold)
        said: list[str] = []
        again = await build(engine, str(project("flat", FLAT)), progress=said.append)
        assert again.image == gold.image
        assert "the image is there from an earlier build" in said
        assert not [line for line in said if line.startswith(("building", "fetching"))]
    finally:
        await forget(engine, gold)
    assert not await images.exists(engine, gold.tag)


def _clean_image(tree: Mapping[str, object]) -> None:
    """No trace of building, of the host, or of where the packages came from."""
    own = [path for path in tree if path.startswith("/app/")]
    assert not [path for path in own if "__pycache__" in path or ".pytest_cache" in path]
    assert "/usr/bin/bc" in tree
    absent = (
        *("/usr/bin/gcc", "/build", "/delta", "/tmp/debs", "/tmp/wheels", "/tmp/marker", "/root/.cache"),
        *("/etc/pip.conf", "/root/.config", "/var/log/apt/term.log", "/etc/apt/apt.conf.d/99host"),
        *("/usr/sbin/policy-rc.d", "/etc/passwd-"),
    )
    assert not [path for path in absent if path in tree]
    lists = [path for path in tree if path.startswith(("/var/lib/apt/lists/", "/tmp/"))]
    assert set(lists) <= {"/var/lib/apt/lists/lock", "/var/lib/apt/lists/partial"}
    assert not [
        path for path in tree if path.endswith(("direct_url.json", ".whl")) and path.startswith("/opt")
    ]


async def _inside(engine: Engine, gold: Gold) -> None:
    """What a person finds who logs in."""
    script = r"""
import glob, hashlib, json, os, pathlib, struct, subprocess
def stale(path):
    source = pathlib.Path(path).parent.parent / (pathlib.Path(path).name.split(".cpython")[0] + ".py")
    flags, mtime = struct.unpack("<II", open(path, "rb").read(12)[4:])
    return flags != 0 or mtime != int(source.stat().st_mtime)
shell = lambda *words: subprocess.run(words, capture_output=True, text=True).stdout.strip()
compiled = glob.glob("/opt/venv/lib/**/*.pyc", recursive=True)
print(json.dumps({
    "root": shell("bash", "-lc", "command -v python"),
    "dev": shell("runuser", "-u", "dev", "--", "bash", "-lc", "command -v pytest; id -u; cd; pwd"),
    "owner": sorted({os.stat(p).st_uid for p in ["/app", *glob.glob("/app/**", recursive=True)]}),
    "compiled": len(compiled),
    "stale": [path for path in compiled if stale(path)][:3],
    "authorities": hashlib.sha256(open("/etc/ssl/certs/ca-certificates.crt", "rb").read()).hexdigest(),
    "made": open("/srv/made").read().strip(),
    "dpkg": shell("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "bc"),
    "audit": shell("dpkg", "--audit"),
}))
"""
    async with await Sandbox.start(engine, gold.image) as sandbox:
        ran = await sandbox.exec(["/opt/venv/bin/python", "-c", script])
        base = await Sandbox.start(engine, gold.base_image)
        async with base:
            authorities = await base.exec(["sha256sum", "/etc/ssl/certs/ca-certificates.crt"])
    seen = json.loads(ran.stdout)
    assert seen.pop("compiled") > 500
    assert seen == {
        "root": "/opt/venv/bin/python",
        "dev": "/opt/venv/bin/pytest\n1000\n/home/dev",
        "owner": [1000],
        "stale": [],
        "authorities": authorities.stdout.split()[0].decode(),
        "made": "root",
        "dpkg": "ii",
        "audit": "",
    }


async def test_a_project_without_any_metadata(engine: Engine, base_image: str, project: Project) -> None:
    """Its tests hang, kill the run, print a gigabyte and are no valid Python: the rest is a baseline."""
    files = {
        "module.py": "VALUE = 1\n",
        "tests/test_good.py": "import module\n" + THREE,
        "tests/test_bad.py": "def test_x(:\n    pass\n",
        "tests/test_wild.py": """
import os, time

def test_hangs():
    time.sleep(3600)

def test_floods():
    for _ in range(1024):
        os.write(1, b"x" * (1 << 20))

def test_dies():
    os.kill(os.getpid(), 9)

def test_after():
    pass
""",
        "gold.toml": "timeout = 20\n",
    }
    gold = await made(engine, project("No Metadata", files), name="wild")
    try:
        assert len(gold.baseline) >= 4
        assert "tests/test_wild.py::test_after" in gold.baseline
        assert gold.quarantined["tests/test_wild.py::test_hangs"].startswith("hangs")
        assert gold.quarantined["tests/test_wild.py::test_dies"] == "ends the whole run"
        assert "SyntaxError" in gold.quarantined["tests/test_bad.py"]
        assert "--deselect=tests/test_wild.py::test_hangs" in gold.test.args
    finally:
        await forget(engine, gold)


async def test_a_project_whose_tests_fail_leaves_nothing(
    engine: Engine, base_image: str, project: Project, state: Path
) -> None:
    files = {
        "setup.py": "from setuptools import setup\nsetup(name='sick')\n",
        "tests/test_a.py": THREE.replace("1", "0"),
    }
    with pytest.raises(GoldError, match="only 2 of its tests pass") as caught:
        await made(engine, project("sick", files))
    assert "gold.toml" in caught.value.hint
    assert store.names() == ()
    left = await engine.docker.images.list(filters={"reference": ["cligym-gold/sick"]})
    assert left == []


GOOD = {"tests/test_a.py": THREE}
TOO_NEW = "[project]\nname = 'p'\nversion = '1'\nrequires-python = '>=3.99'\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.py": ""}, "has no tests"),
        ({**GOOD, "setup.py": "import nope\n"}, "building the project failed: .*nope"),
        ({**GOOD, "pyproject.toml": TOO_NEW}, "needs Python >=3.99"),
        ({**GOOD, "gold.toml": 'pip = ["no-such-thing-xyz"]\n'}, "no-such-thing-xyz"),
        ({**GOOD, "gold.toml": 'apt = ["no-such-thing-xyz"]\n'}, "no-such-thing-xyz"),
        ({**GOOD, "gold.toml": 'run = ["echo oh >&2; false"]\n'}, "building the image failed: oh"),
        ({**GOOD, "gold.toml": 'user = "nobody2"\n'}, "do not start"),
    ],
)
async def test_what_cannot_be_built_is_one_line(
    engine: Engine, base_image: str, project: Project, files: dict[str, str], said: str
) -> None:
    with pytest.raises(Exception, match=said) as caught:
        await made(engine, project("p", files))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert store.names() == ()


async def test_wrong_words_are_told_before_anything_is_done(engine: Engine, project: Project) -> None:
    good = project("good", {"tests/test_a.py": THREE})
    for source, options in [
        ("", {}),
        (str(good / "gone"), {}),
        ("name-only", {}),
        ("git+https://host/x.git", {}),
        (str(good / "tests" / "test_a.py"), {}),
        (str(good), {"name": "A/b"}),
        (str(good), {"recipe_path": good / "gone.toml"}),
        (str(project("other", {"tests/test_a.py": THREE, "gold.toml": 'base = "no/such:image"\n'})), {}),
    ]:
        with pytest.raises(UsageError) as caught:
            await made(engine, source, **options)
        assert caught.value.hint


@pytest.mark.parametrize("at", ["building the image, step 4", "running the tests", "fetching wheels"])
async def test_cancelling_leaves_nothing(engine: Engine, base_image: str, project: Project, at: str) -> None:
    marked = THREE + f"MARK = {time.time()!r}\n"

    def stop(line: str) -> None:
        if line.startswith(at):
            task.cancel()

    before = await nameless(engine)
    task = asyncio.create_task(build(engine, str(project("cut", {"tests/test_a.py": marked})), progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.names() == ()
    left = await nameless(engine) - before
    assert not [ident for ident in left if await _is_a_builds(engine, ident)]


async def _is_a_builds(engine: Engine, ident: str) -> bool:
    """Whether an image is of a gold build: others may work on the same engine at the same time."""
    known = await images.inspect(engine, ident)
    return bool(known) and "/tmp/wheels" in str(known["ContainerConfig"].get("Cmd"))
