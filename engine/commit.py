"""From a candidate to a task: the gates in order, every verdict in the journal, then the directory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from msgspec.structs import replace

from engine import statement
from engine.exploration import Exploration
from engine.gold import store
from engine.hints import NONE, STRONG, WEAK, hints
from engine.inversion import dockerfile
from engine.proof import fingerprint
from engine.proof.alone import Alone
from engine.proof.gate import Candidate, Gate, Verdict, prove
from engine.proof.graded import Nop, Oracle
from engine.proof.healthy import Healthy
from engine.proof.leaks import Leaks
from engine.proof.minimal import Minimal
from engine.proof.novel import Novel
from engine.proof.probing import Probes
from engine.proof.protected import Protected
from engine.proof.rebuild import Rebuild
from engine.proof.tidy import Tidy
from engine.proof.told import Told, violations
from engine.proof.trivial import Trivial
from engine.proof.workbench import Workbench
from engine.sandbox.reading import reading
from engine.tasks import export, goldkept, output
from engine.tasks.alone import parts, standing
from engine.tasks.contract import contract
from engine.tasks.materials import private_tests, reference_solution
from engine.tasks.model import TakenStep, Task
from engine.tasks.names import task_id
from engine.writer import Writer
from sessions import events


def program_version() -> str:
    """This program's version, as installed."""
    try:
        return version("cligym-tui")
    except PackageNotFoundError:
        return "0"


def gates(
    bench: Workbench,
    *,
    minimise: bool = True,
    final: bool = False,
    alone: bool = False,
    out: Path | None = None,
    reject_trivial: bool = False,
) -> Sequence[Gate]:
    """What a candidate has to pass, in order; without those that change or compare it when it is `final`.

    With `alone`, its task stands on no gold image.
    """
    shaping: Sequence[Gate] = () if final else (Minimal(bench, apply=minimise), Tidy(bench))
    collected: Sequence[Gate] = () if final else (Novel(bench, out),)
    judged: Sequence[Gate] = () if final else (Trivial(bench, reject=reject_trivial),)
    return (
        Protected(bench),
        Healthy(bench),
        *shaping,
        Rebuild(bench),
        *((Alone(bench),) if alone else ()),
        Leaks(bench),
        Told(bench),
        *collected,
        Nop(bench),
        Oracle(bench),
        Probes(bench, thorough=final),
        *judged,
    )


async def proven(
    exploration: Exploration,
    candidate: Candidate,
    seed: int,
    began: float,
    *,
    minimise: bool = True,
    alone: bool = False,
    out: Path | None = None,
    reject_trivial: bool = False,
    writer: Writer | None = None,
) -> Task | None:
    """Send a candidate through the gates; the task it is when all hold, not yet written anywhere.

    `began` is the monotonic clock when work on it began. A fall is in the journal with its reason. With
    `minimise`, commands that no test felt are left out; with `alone`, the Dockerfile begins with what gold
    is made from; `out` is the collection that it shall be new to; with `reject_trivial`, what a blind repair
    solves is no task.

    Raises:
        EngineError: the engine fails, not only what is made of this candidate.
    """
    journal, branch, step = exploration.journal, candidate.branch, candidate.step

    async def draft(bench: Workbench) -> Task:
        task = await _draft(bench, exploration.session, seed, writer)
        return standing(task, parts(store.context(task.gold.name))) if alone else task

    bench = Workbench(
        exploration.engine,
        candidate,
        exploration.tree,
        exploration.suite,
        exploration.namespaces,
        draft,
        exploration.session,
    )

    def started(gate: str) -> None:
        journal.append(events.GateStarted(branch=branch, step=step, gate=gate))

    def ended(verdict: Verdict) -> None:
        journal.append(
            events.GateEnded(
                branch=branch,
                step=step,
                gate=verdict.gate,
                held=verdict.held,
                reason=verdict.reason,
                seconds=verdict.seconds,
                evidence=verdict.evidence,
            )
        )

    try:
        chosen = gates(bench, minimise=minimise, alone=alone, out=out, reject_trivial=reject_trivial)
        verdicts = await prove(chosen, exploration.excuse, started, ended)
        last = verdicts[-1]
        if not last.held:
            journal.append(events.CandidateFell(branch=branch, step=step, gate=last.gate, reason=last.reason))
            return None
        task = await bench.task()
    finally:
        await bench.close()
    seconds = time.monotonic() - began
    return replace(task, gates=tuple(verdicts), notes=bench.notes, seconds=seconds, created=time.time())


async def _draft(bench: Workbench, session: str, seed: int, writer: Writer | None = None) -> Task:
    candidate, tree = bench.candidate, bench.tree
    gold = candidate.gold
    pact = contract(tree, gold.test, gold.recipe.protected, bench.f2p, bench.p2p)
    async with reading(bench.engine, gold.image, session) as get:
        tests = await private_tests(get, tree, pact)
        solution = await reference_solution(get, tree, bench.delta)
    wording = f"{gold.image} {seed} {candidate.branch} {candidate.step}"

    def told(hint: str = "", opening: str = "") -> str:
        report = bench.reports[0]
        return statement.write(gold, report, bench.f2p, bench.delta, seed=wording, hint=hint, opening=opening)

    given = hints(tree, bench.delta, seed=wording)
    texts = {NONE: told(), **{level: told(hint) for level, hint in given.items()}}
    if writer is not None:
        words = await writer.words(candidate.branch, candidate.step, texts[NONE], given[WEAK], given[STRONG])
        if words is not None:
            opening, said = words.opening, {NONE: "", WEAK: words.weak, STRONG: words.strong}
            anew = {level: told(hint, opening) for level, hint in said.items()}
            if not violations(bench, anew):
                texts = anew
    return Task(
        id=task_id(gold.project, session, candidate.branch, candidate.step),
        gold=gold,
        instruction=texts.pop(NONE),
        hints=texts,
        dockerfile=dockerfile(gold.tag, bench.lines),
        contract=pact,
        tests=tests,
        solution=solution,
        families=bench.families,
        session=session,
        branch=candidate.branch,
        step=candidate.step,
        steps=_steps(bench),
        seed=seed,
        agent=candidate.agent,
        notes=bench.notes,
        version=program_version(),
        lines=bench.lines,
        delta=bench.delta,
        report=bench.reports[0],
    )


def _steps(bench: Workbench) -> tuple[TakenStep, ...]:
    candidate = bench.candidate
    faults = {fault.command: fault for fault in candidate.faults}
    taken = []
    for line in bench.lines:
        if not line.step:
            continue  # a gate's own, that clears up behind the others
        fault = faults.get(line.command)
        taken.append(
            TakenStep(
                step=line.step,
                command=line.command,
                origin=candidate.agent,
                operator=fault.operator if fault else "",
                target=fault.target if fault else "",
                family=fault.family if fault else "",
            )
        )
    return tuple(taken)


def publish(exploration: Exploration, task: Task, out: Path) -> Path | None:
    """Write a proven task, and once what rebuilds its gold image; say so in the journal.

    None when one of the same kind was written while this one was proven.

    Raises:
        OutputError: the directory cannot be written.
        OutputFull: there is no room.
    """
    mine = fingerprint.read(task.notes)
    if mine and (same := fingerprint.twin(mine, output.index(out))):
        reason = f"novel: {same} has the same damage and the same failing tests"
        exploration.journal.append(
            events.CandidateFell(branch=task.branch, step=task.step, gate="novel", reason=reason)
        )
        return None
    goldkept.keep(out, task.gold.name, task.gold.image, store.context(task.gold.name), task.gold.tag)
    identity = (task.session, task.branch, task.step)
    task = replace(task, id=task_id(task.gold.project, *identity, taken=output.used(out)))
    path = export.write(out, task)
    exploration.journal.append(
        events.TaskCommitted(
            branch=task.branch,
            step=task.step,
            task=task.id,
            path=str(path),
            families=task.families,
            f2p=len(task.f2p),
            p2p=len(task.p2p),
        )
    )
    return path
