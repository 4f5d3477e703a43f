"""Each gate holds for what is right, and falls for the reason it is there for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine import commit
from engine.errors import EngineError
from engine.exploration import Exploration
from engine.proof import grading
from engine.proof.gate import Candidate, Fell, Held, prove
from engine.proof.graded import Nop, Oracle
from engine.proof.protected import Protected
from engine.proof.rebuild import Rebuild
from engine.proof.told import Told
from engine.sandbox.client import Engine
from engine.sandbox.delta import Entry
from engine.sandbox.sandbox import Sandbox
from engine.suite.report import Report, TestResult
from engine.tasks import about, harbor
from engine.tasks.model import Task
from sessions import events
from sessions.journal import Journal, read
from tests.proof.conftest import SESSIONS, TAKEN, Bench

pytestmark = pytest.mark.docker

BROKEN = "tests/test_files.py::test_temporary"
OTHER = "tests/test_numbers.py::test_sum"


@pytest.mark.whole_proofs
async def test_a_good_candidate_holds_before_every_gate(
    engine: Engine, candidates: dict[str, Candidate], gold_tree: dict[str, Entry], tmp_path: Path
) -> None:
    good = candidates["script"]
    with Journal(tmp_path / "events.jsonl") as journal:
        exploration = Exploration(engine, good.gold, gold_tree, journal, "proofs")
        try:
            task = await commit.proven(exploration, good, seed=7, began=0.0)
        finally:
            await exploration.end()
    assert task is not None
    assert task.f2p == (BROKEN,)
    assert {*task.p2p, BROKEN} == set(good.gold.baseline)
    happened = list(read(tmp_path / "events.jsonl"))
    names = ["protected", "healthy", "minimal", "tidy", "rebuild"]
    names += ["leaks", "statement", "novel", "nop", "oracle", "probes", "trivial"]
    assert [event.gate for event in happened if isinstance(event, events.GateStarted)] == names
    ended = [event for event in happened if isinstance(event, events.GateEnded)]
    assert [(event.gate, event.held) for event in ended] == [(name, True) for name in names]
    evidence = {event.gate: event.evidence for event in ended}
    assert evidence["rebuild"]["outcomes"] == {"passed": 7, "error": 1}
    assert evidence["rebuild"]["builds"] == 3
    assert evidence["healthy"]["image"] == good.gold.image
    assert [gate.gate for gate in task.gates] == names
    proof = json.loads(harbor.render(task)["proof.json"][0])
    assert [step["command"] for step in proof["steps"]] == SESSIONS["script"]
    assert all(gate["held"] and gate["reason"] for gate in proof["gates"])


async def test_damage_to_the_sources_is_seen(bench: Bench) -> None:
    with pytest.raises(Fell, match=r"^protected: /app/tiny/__init__.py differs from gold$"):
        await Protected(bench("source")).check()


async def test_a_directory_that_went_takes_what_is_protected_along(bench: Bench, drafted: Task) -> None:
    recipe = replace(drafted.gold.recipe, protected=("/app/tests",))
    inside = bench("gone", gold=replace(drafted.gold, recipe=recipe))
    with pytest.raises(Fell, match=r"^protected: /app differs from gold$"):
        await Protected(inside).check()
    # Damage beside what is protected is none to it.
    assert await Protected(bench("source", gold=replace(drafted.gold, recipe=recipe))).check()


async def test_what_only_a_terminal_lets_happen_does_not_build(bench: Bench) -> None:
    gate = Rebuild(bench("terminal", rebuilt="none"))
    with pytest.raises(
        Fell, match=r"(?s)^rebuild: the Dockerfile does not build: .*returned a non-zero code: 1"
    ):
        await gate.check()
    assert gate.bench.rebuilt == "none"


async def test_what_came_of_a_variable_is_missing_in_the_rebuilt_image(bench: Bench) -> None:
    inside = bench("variable")
    with pytest.raises(Fell, match=r"rebuild: .* is not as the session left it, nor are 1 more") as caught:
        await Rebuild(inside).check()
    made, closed = caught.value.evidence["paths"]
    assert made == "/tmp/pytest-of-dev"
    assert closed.endswith(".so")
    await inside.close()


async def test_other_failures_than_the_session_s(bench: Bench, candidates: dict[str, Candidate]) -> None:
    seen = candidates["good"].report
    results = {BROKEN: TestResult(BROKEN, "passed"), OTHER: TestResult(OTHER, "failed")}
    inside = bench(report=Report(seen.status, "", {**seen.results, **results}))
    with pytest.raises(Fell, match="1 more and 1 fewer tests fail than in the session") as caught:
        await Rebuild(inside).check()
    assert caught.value.evidence == {"more": [BROKEN], "fewer": [OTHER]}
    await inside.close()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param(f"Somebody typed {TAKEN} here.", "statement: it names a command", id="command"),
        pytest.param("There is no {path} any more.", "statement: it names a damaged path", id="path"),
        pytest.param("", "statement: it has 1 words", id="short"),
    ],
)
async def test_an_instruction_that_gives_it_away(bench: Bench, drafted: Task, words: str, why: str) -> None:
    inside = bench()
    assert await Told(inside).check()
    told = words.format(path=next(iter(inside.candidate.delta)))
    text = f"{drafted.instruction}\n{told}\n" if words else "Broken.\n"
    with pytest.raises(Fell, match=why):
        await Told(bench(task=replace(drafted, instruction=text))).check()


@pytest.mark.parametrize(
    ("level", "words", "why"),
    [
        pytest.param("weak", "There is {path}.", r"\(weak hint\): it names a damaged path", id="weak path"),
        pytest.param("weak", f"Not {TAKEN} again!", r"\(weak hint\): it names a command", id="weak command"),
        pytest.param("strong", f"Not {TAKEN} again!", r"\(strong hint\): it names a command", id="command"),
        pytest.param("strong", "", r"\(strong hint\): it names no damaged place", id="no place"),
        pytest.param("strong", None, r"there is no strong", id="no hint"),
    ],
)
async def test_hints_that_tell_too_much_or_too_little(
    bench: Bench, drafted: Task, level: str, words: str | None, why: str
) -> None:
    told = (words or "").format(path=next(iter(bench().candidate.delta)))
    texts = {**drafted.hints, level: f"{drafted.hints[level] if words else drafted.instruction}\n{told}\n"}
    if words is None:
        del texts[level]
    with pytest.raises(Fell, match=why):
        await Told(bench(task=replace(drafted, hints=texts))).check()


def test_a_task_carries_its_hints(drafted: Task) -> None:
    levels = json.loads(harbor.render(drafted)["hints.json"][0])
    assert list(levels) == ["none", "weak", "strong"]
    assert levels["none"] == drafted.instruction
    assert about.metadata(drafted)["hints"] == list(levels)


async def test_a_task_that_is_solved_on_arrival(bench: Bench, drafted: Task) -> None:
    with pytest.raises(Fell, match=r"^nop: the untouched task earned 1"):
        await Nop(bench(rebuilt=drafted.gold.image)).check()


async def test_a_solution_that_repairs_half_of_it(bench: Bench, drafted: Task) -> None:
    half = {**drafted.solution, "metadata.list": b""}
    with pytest.raises(Fell, match=r"^oracle: the solution earned 0") as caught:
        await Oracle(bench(task=replace(drafted, solution=half))).check()
    assert "test_temporary" in str(caught.value.evidence["log"])


REWARDS = {
    "printf nan >$R": None,
    "printf -- -inf >$R": None,
    "printf 1e999 >$R": None,
    "printf 'one\\n' >$R": None,
    "printf '\\xff' >$R": None,
    "printf '1 1' >$R": None,
    "true": None,
    "mkdir $R": None,
    "mkfifo $R": None,
    "ln -s /dev/zero $R": None,
    ": >$R": None,
    "printf ' 1.0\\n' >$R": 1.0,
    "printf 0 >$R; exit 1": 0.0,
}


async def test_hostile_rewards_are_none(engine: Engine, drafted: Task) -> None:
    async with await Sandbox.start(engine, drafted.gold.image, purpose="proof") as sandbox:
        found = {}
        for how in REWARDS:
            script = f"R={grading.REWARD}; rm -rf $R; mkdir -p /logs/verifier; {how}"
            await sandbox.exec(["/bin/bash", "-c", script])
            found[how] = await grading._reward(sandbox)
    assert found == REWARDS


class Gate:
    """A gate that does what it is told."""

    def __init__(self, name: str, does: Exception | None = None) -> None:
        self.name, self.does = name, does

    async def check(self) -> Held:
        if self.does:
            raise self.does
        return Held("all is well")


async def test_the_first_fall_ends_the_proof() -> None:
    async def excuse(error: EngineError) -> None:
        """The candidate is at fault."""

    gates = [Gate("one"), Gate("two", Fell("two: no", {"n": 1})), Gate("three")]
    verdicts = await prove(gates, excuse)
    assert [(verdict.gate, verdict.held, verdict.reason) for verdict in verdicts] == [
        ("one", True, "all is well"),
        ("two", False, "two: no"),
    ]
    verdicts = await prove([Gate("one", EngineError("no container starts"))], excuse)
    assert [(verdict.held, verdict.reason) for verdict in verdicts] == [
        (False, "one: it could not be examined: no container starts")
    ]


async def test_a_failing_engine_is_no_fall() -> None:
    async def excuse(error: EngineError) -> None:
        raise error

    with pytest.raises(EngineError, match="gone"):
        await prove([Gate("one", EngineError("gone"))], excuse)
