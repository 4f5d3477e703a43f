"""A task proven again from its directory alone, and what is said of one that was altered."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine import commit
from engine.check import check
from engine.proof.gate import Verdict
from engine.proof.probes import repairs
from engine.proof.probing import Probes
from engine.sandbox.client import Engine
from engine.tasks import export, exported, output
from engine.tasks.model import Task

pytestmark = pytest.mark.docker


async def checked(engine: Engine, directory: Path) -> dict[str, Verdict]:
    told: list[Verdict] = []
    verdicts = await check(engine, exported.read(directory), told.append)
    assert told == verdicts
    return {verdict.gate: verdict for verdict in verdicts}


@pytest.mark.timeout(300)
async def test_a_task_holds_again_and_an_altered_one_falls_where_it_was_altered(
    engine: Engine, drafted: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The catalogue has tests of its own.
    monkeypatch.setattr(commit, "Probes", partial(Probes, catalogue=repairs.PROBES[:1]))
    out = output.prepare(tmp_path)
    directory = export.write(out, drafted)
    verdicts = await checked(engine, out / "terminal-bench" / drafted.id)
    assert [name for name, verdict in verdicts.items() if not verdict.held] == []
    assert list(verdicts)[:2] == ["files", "gold"]
    assert {"rebuild", "contract", "statement", "nop", "oracle"} <= set(verdicts)
    assert verdicts["oracle"].evidence["formats"] == ["terminal-bench", "harbor"]

    # The damage is gone from the Dockerfile, and the contract asks for one test less.
    dockerfile = directory / "environment/Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("chown root:", "chown dev:"))
    contract = directory / "tests/contract.json"
    contract.write_text(contract.read_text().replace("test_sum", "test_sun"))
    verdicts = await checked(engine, directory)
    assert set(verdicts["files"].evidence["files"]) == {"environment/Dockerfile", "tests/contract.json"}
    fell = [name for name, verdict in verdicts.items() if not verdict.held]
    assert {"files", "rebuild", "contract", "nop"} <= set(fell)
    assert verdicts["gold"].held
    assert verdicts["statement"].held


async def test_without_its_gold_image_nothing_is_claimed(
    engine: Engine, drafted: Task, tmp_path: Path
) -> None:
    gold = replace(drafted.gold, image="sha256:" + "1" * 64, tag="cligym-gold/nowhere:111111111111")
    directory = export.write(output.prepare(tmp_path), replace(drafted, gold=gold))
    verdicts = await checked(engine, directory)
    assert {name: verdict.held for name, verdict in verdicts.items()} == {"files": True, "gold": False}
    assert "not here, nor beside the task" in verdicts["gold"].reason
