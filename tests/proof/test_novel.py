"""Two tasks of the same damage and the same failing tests are one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import commit
from engine.exploration import Exploration
from engine.proof.fingerprint import (
    damage,
    fingerprint,
    nearest,
    read,
    signatures,
    twin,
)
from engine.proof.gate import Fell
from engine.proof.novel import Novel
from engine.sandbox.delta import Entry
from engine.suite.report import COMPLETE, Report, TestResult
from engine.tasks import export
from engine.tasks.model import Task
from sessions import events
from sessions.journal import Journal
from sessions.journal import read as read_journal
from sessions.minhash import minhash, resemblance
from tests.proof.conftest import Bench

FILE = Entry("file", 0o644, size=1, digest="aa")
SITE = "/opt/venv/lib/python3.11/site-packages"


@pytest.mark.parametrize(
    ("path", "was", "now", "told"),
    [
        (f"{SITE}/click/core.py", FILE, None, f"removed {SITE}/click"),
        (f"{SITE}/click-8.1.dist-info/RECORD", None, FILE, f"added {SITE}/click"),
        (f"{SITE}/six.py", FILE, Entry("file", 0o644, size=1, digest="bb"), f"changed {SITE}/six"),
        ("/usr/lib/libz.so.1.13", FILE, Entry("file", 0, size=1, digest="aa"), "mode /usr/lib/libz.so.#.#"),
        ("/etc/hosts.deny", FILE, Entry("file", 0o644, 7, size=1, digest="aa"), "owner /etc/hosts.deny"),
    ],
)  # fmt: skip
def test_classes_of_damage(path: str, was: Entry | None, now: Entry | None, told: str) -> None:
    assert damage(path, was, now) == told


def test_errors_are_the_same_when_only_names_and_numbers_differ() -> None:
    def report(*messages: str) -> Report:
        return Report(
            COMPLETE, "", {str(at): TestResult(str(at), "failed", 0, m) for at, m in enumerate(messages)}
        )

    one = report("OSError: [Errno 13] '/tmp/a'\n at x", "OSError: [Errno 2] '/b'", "")
    assert signatures(one, ["0", "1", "2"]) == ("OSError: [Errno #] ''",)
    assert signatures(Report("unstartable", "", {}), ["0"]) == ("unstartable",)


@given(st.lists(st.text("abcdefgh", min_size=1), min_size=3, max_size=40))
def test_a_text_resembles_itself_and_what_is_close_to_it(words: list[str]) -> None:
    text = " ".join(words)
    assert resemblance(minhash(text), minhash(text.upper())) == 1
    assert resemblance(minhash(text), minhash(" ".join(f"{word}z" for word in words))) == 0


def test_resemblance_is_about_the_share_of_what_is_common() -> None:
    words = [f"w{number}" for number in range(400)]
    half = resemblance(minhash(" ".join(words)), minhash(" ".join(words[:266] + words[:133][::-1])))
    assert 0.3 < half < 0.75


def lines(**varied: object) -> list[Mapping[str, object]]:
    print_ = fingerprint({}, {"/etc/x": FILE}, ["a", "b"], Report(COMPLETE, "", {}), "it is broken again")
    return [{"id": "other"}, {"id": "bad", "fingerprint": {"damage": 3}},
            {"id": "known", "fingerprint": {**msgspec.to_builtins(print_), **varied}}]  # fmt: skip


def test_a_twin_has_both_in_common() -> None:
    mine = read(lines()[2])
    assert mine
    assert twin(mine, lines(words=(), errors=())) == "known"
    assert twin(mine, lines(failing="0")) == twin(mine, lines(damage=("removed /etc/x",))) == ""
    assert nearest(mine, lines()) == (1.0, "known")
    assert nearest(mine, []) == (0.0, "")


@pytest.mark.docker
async def test_the_same_again_falls_before_its_gate_and_where_it_would_be_written(
    bench: Bench, drafted: Task, tmp_path: Path
) -> None:
    inside = bench()
    held = await Novel(inside, tmp_path).check()
    assert held.evidence["compared"] == 0
    task = msgspec.structs.replace(drafted, notes=inside.notes)
    export.write(tmp_path, task)
    with pytest.raises(Fell, match=f"^novel: {task.id} has the same damage and the same failing tests$"):
        await Novel(bench(), tmp_path).check()
    other = bench(delta={"/etc/other": FILE})
    held = await Novel(other, tmp_path).check()
    assert held.evidence["nearest"] == task.id
    with Journal(tmp_path / "events.jsonl") as journal:
        exploration = Exploration(inside.engine, task.gold, inside.tree, journal, "proofs")
        assert commit.publish(exploration, task, tmp_path) is None
        await exploration.end()
    fell = [
        event for event in read_journal(tmp_path / "events.jsonl") if isinstance(event, events.CandidateFell)
    ]
    assert [event.gate for event in fell] == ["novel"]
