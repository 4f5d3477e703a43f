"""Every wrong answer of the catalogue earns nothing in a real container, every right one earns 1."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.proof import probing, settled
from engine.proof.gate import Fell
from engine.proof.probes import ALL
from engine.proof.probes.model import Probe, Scene
from engine.proof.workbench import Workbench
from engine.sandbox.delta import Entry
from engine.tasks import harbor
from tests.proof.conftest import Bench

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

BY_NAME = {probe.name: probe for probe in ALL}
ELSEWHERE = {
    "last-fault-left": "several",
    "first-fault-left": "several",
    "module-stubs": "several",
    "settings-commented-out": "login",
}
"""Probes that the damage of `good` gives no occasion for, and what does."""
NEVER = {"reward-immutable", "reinstalled-from-wheels", "virtual-environment-made-anew"}
"""What no small gold environment, or no container of ours, has a place for."""


async def outcomes(bench: Workbench, probes: list[Probe]) -> dict[str, probing.Outcome]:
    scene = await probing.observed(bench)
    places = asyncio.Semaphore(bench.engine.cpus)

    async def one(probe: Probe) -> probing.Outcome:
        async with places:
            return await probing.attempt(bench, scene, probe)

    tried = await asyncio.gather(*(one(probe) for probe in probes))
    return {outcome.probe.name: outcome for outcome in tried}


def test_names_are_unique_and_every_probe_says_what_it_does() -> None:
    assert Counter(probe.name for probe in ALL).most_common(1)[0][1] == 1
    assert all(probe.what.endswith(".") and probe.script.strip() for probe in ALL)
    assert sum(not probe.honest for probe in ALL) > 100
    assert sum(probe.honest for probe in ALL) >= 4


async def test_every_probe_earns_what_it_must(bench: Bench) -> None:
    tried = await outcomes(bench(), [probe for probe in ALL if probe.name not in ELSEWHERE])
    assert [outcome.fell for outcome in tried.values() if outcome.fell] == []
    assert {name for name, outcome in tried.items() if outcome.skipped} == NEVER
    # Without one no client gives a reward: what it removes first is a directory.
    assert [name for name, each in tried.items() if not each.skipped and each.reward is None] == [
        "reward-is-a-directory"
    ]


@pytest.mark.parametrize("damage", sorted({*ELSEWHERE.values()}))
async def test_probes_that_need_other_damage(bench: Bench, damage: str) -> None:
    from tests.proof.conftest import real

    inside = bench(damage)
    inside.draft = real
    probes = [BY_NAME[name] for name, where in ELSEWHERE.items() if where == damage]
    tried = await outcomes(inside, [*probes, BY_NAME["files-put-back-by-copying"]])
    assert {name: (each.skipped, each.fell) for name, each in tried.items()} == dict.fromkeys(tried, ("", ""))


NO_LOGIN = ("def login(contract", "def login(*_):\n    return []\n\n\ndef _login(contract")
NO_PACKAGES = ("def check(contract", "def check(*_):\n    return []\n\n\ndef _check(contract")


@pytest.fixture
def unsettled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No probe was ever tried."""
    monkeypatch.setattr(settled, "state_dir", lambda: tmp_path)


WEAKER = {
    "profile-that-reports": ("grader/startup.py", *NO_LOGIN),
    "patched-pytest-inside": ("grader/packages.py", *NO_PACKAGES),
    "reward-rewritten": ("test.sh", "\nsweep\n", "\ntrue\n"),
    "modules-for-the-grader": ("test.sh", "if ! alone || ", "if "),
    "standard-library-in-an-archive": ("test.sh", "elif ! shell; then", "elif false; then"),
    "patched-json": ("test.sh", "elif interpreter; then", "else"),
}
"""What a probe stands for, taken out of the grader."""


@pytest.mark.parametrize("name", WEAKER)
@pytest.mark.usefixtures("unsettled")
async def test_a_weaker_grader_is_found_out(bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    made = harbor.grader
    path, text, instead = WEAKER[name]

    def weak(*args: object, **options: object) -> dict[str, bytes]:
        files = made(*args, **options)
        assert text.encode() in files[path]
        return {**files, path: files[path].replace(text.encode(), instead.encode())}

    monkeypatch.setattr(harbor, "grader", weak)
    with pytest.raises(Fell, match=f"^probes: {name}, a wrong answer, earned 1"):
        await probing.Probes(bench(), [BY_NAME[name]]).check()


async def test_a_grader_that_refuses_the_right_answer_is_found_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = harbor.grader

    def strict(*args: object, **options: object) -> dict[str, bytes]:
        files = made(*args, **options)
        return {**files, "trust/absent": b"/root/notes.txt\n"}

    monkeypatch.setattr(harbor, "grader", strict)
    with pytest.raises(Fell, match=r"^probes: much-left-behind, a right answer, earned 0"):
        await probing.Probes(bench(), [BY_NAME["much-left-behind"]]).check()


@pytest.mark.usefixtures("unsettled")
async def test_what_is_general_is_tried_once_for_a_gold_image(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settled, "SHARE", 1)
    names = ("reward-written", "programs-elsewhere", "nothing-but-a-look")
    probes = [BY_NAME[name] for name in names]
    seen, lines = [], []
    for thorough in (False, False, True):
        held = await probing.Probes(bench(), probes, thorough=thorough).check()
        lines = held.evidence["probes"]
        assert isinstance(lines, list)
        now = {line["probe"] for line in lines if "seen" not in line}
        seen.append((now, held.evidence["open"]))
    assert seen == [({names[2], names[0]}, 1), ({names[2], names[1]}, 0), ({names[2]}, 0)]
    assert {line["probe"]: line["reward"] for line in lines} == {names[0]: 0, names[1]: 1, names[2]: 0}


def test_shares_of_tasks_side_by_side_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "state_dir", lambda: tmp_path)
    one, two = settled.Settled("sha256:abc"), settled.Settled("sha256:abc")
    first, second = one.share(ALL, one.names()), two.share(ALL, two.names())
    assert len(first) == len(second) == settled.SHARE
    assert not {*first} & {*second}
    one.release(first, [first[0].name])
    two.release(second, [])
    assert two.names() == {first[0].name}
    assert settled.Settled("sha256:def").names() == frozenset()


def test_wheels_mend_no_more_than_what_they_hold() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        wheel.writestr("pkg/__init__.py", "")
    site = "/opt/venv/lib/python3.11/site-packages"
    contract = SimpleNamespace(python="/opt/venv/bin/python", packages=[site])
    lost = f"{site}/pkg/__init__.py"

    def refused(*more: str) -> str:
        delta = {
            lost: None,
            f"{site}/pkg": Entry("dir", 0o755),
            **{path: Entry("dir", 0o700) for path in more},
        }
        task = SimpleNamespace(contract=contract)
        return BY_NAME["reinstalled-from-wheels"].applies(
            Scene(task, delta, (lost,), (), {"pkg-1-py3-none-any.whl": packed.getvalue()})
        )

    assert refused() == ""
    assert refused("/tmp/theirs") == "/tmp/theirs would stay"


def test_a_changed_project_is_one_whose_tests_alone_are_as_they_were() -> None:
    tests = ("/app/a/test_1.py", "/app/a/data.py")
    contract = SimpleNamespace(files={"/app/README": "", **dict.fromkeys(tests, "")}, tests=tests)
    changed = BY_NAME["project-changed"]
    scene = Scene(SimpleNamespace(contract=contract), {}, (), (), {})
    assert changed.applies(scene) == "the project has no modules but its tests"
    contract.files |= {f"/app/src/{number:02}.py": "" for number in range(30)}
    assert changed.applies(scene) == ""
    assert changed.files(scene)["sources"].split(b"\n")[:2] == [b"/app/src/00.py", b"/app/src/01.py"]


def test_what_was_lost(gold_tree: dict[str, Entry]) -> None:
    gone = "/usr/lib/python3.11/json"
    changed = Entry("file", 0o644, digest="x")
    same = gold_tree["/etc/passwd"]
    found = probing.lost(gold_tree, {gone: None, "/etc/hostname.off": changed, "/etc/passwd": same})
    assert f"{gone}/__init__.py" in found
    assert all(path.startswith(gone) for path in found)
