"""The figures of an output directory, counted from its index, its tasks' proofs and its attempts."""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.repair import results
from engine.repair.figures import Difficulty, difficulties
from engine.report import attempts
from engine.tasks import output, record
from sessions.attempts import BARREN, FELL, SPARE, TASK, Attempt

EXPLORING = ("containers", "commands", "suites")
"""Parts of an attempt before its proof."""


@dataclass(frozen=True)
class Made:
    """One task as the page shows it."""

    id: str
    line: dict[str, Any]
    """Its line in the index."""
    f2p: tuple[str, ...]
    p2p: tuple[str, ...]
    baseline: tuple[str, ...] = ()
    """Tests of its gold environment in order of collection."""

    @property
    def families(self) -> str:
        """Its families in a line."""
        return ", ".join(map(str, self.line.get("families") or ())) or "by-hand"


@dataclass(frozen=True)
class Stage:
    """A stage of the funnel: how many came so far, and why the others went no further."""

    name: str
    count: int
    lost: tuple[tuple[str, int], ...] = ()
    """Reasons, the most frequent first."""


@dataclass(frozen=True)
class GateFigures:
    """What one gate did."""

    name: str
    held: int
    fell: int
    median: float
    """Seconds."""
    total: float


@dataclass
class Figures:
    """Everything the page and the card say."""

    name: str
    tasks: list[Made]
    attempts: list[Attempt] = field(default_factory=list)
    difficulties: Sequence[Difficulty] = ()
    """How solvers found the tasks that are there."""

    @property
    def proven(self) -> int:
        """Attempts that became a task."""
        return sum(attempt.outcome == TASK for attempt in self.attempts)

    def funnel(self) -> list[Stage]:
        """From all attempts to tasks, by what each had to do."""
        every = self.attempts
        flipped = [each for each in every if each.flipped or each.nominated]
        nominated = [each for each in flipped if each.nominated]
        stages = [
            Stage("attempts", len(every), _reasons(each for each in every if each not in flipped)),
            Stage("broke a test", len(flipped), _reasons(each for each in flipped if not each.nominated)),
            Stage("put forward", len(nominated)),
        ]
        left = nominated
        for gate in self.gate_names():
            lost = [each for each in left if _held(each, gate) is not True]
            left = [each for each in left if each not in lost]
            stages[-1] = Stage(stages[-1].name, stages[-1].count, (*stages[-1].lost, *_reasons(lost)))
            stages.append(Stage(f"{gate} held", len(left)))
        spare = [each for each in left if each.outcome != TASK]
        stages[-1] = Stage(stages[-1].name, stages[-1].count, _reasons(spare))
        return [*stages, Stage("tasks", self.proven)]

    def gate_names(self) -> list[str]:
        """The gates, in the order candidates came to them."""
        names: dict[str, None] = {}
        for attempt in sorted(self.attempts, key=lambda each: -len(each.gates)):
            names.update(dict.fromkeys(gate.gate for gate in attempt.gates))
        return list(names)

    def gates(self) -> list[GateFigures]:
        """What each gate did."""
        found = []
        for name in self.gate_names():
            seen = [gate for attempt in self.attempts for gate in attempt.gates if gate.gate == name]
            seconds = [gate.seconds for gate in seen]
            held = sum(gate.held for gate in seen)
            found.append(GateFigures(name, held, len(seen) - held, statistics.median(seconds), sum(seconds)))
        return found

    def families(self) -> list[tuple[str, int, int, int]]:
        """Family, attempts with it, those that broke a test, those that became a task; by attempts."""
        tried: Counter[str] = Counter()
        broke: Counter[str] = Counter()
        proven: Counter[str] = Counter()
        for attempt in self.attempts:
            for family in attempt.families or ("by-hand",):
                tried[family] += 1
                broke[family] += attempt.flipped
                proven[family] += attempt.outcome == TASK
        return [(name, count, broke[name], proven[name]) for name, count in tried.most_common()]

    def times(self) -> list[tuple[str, float]]:
        """Stage, and the seconds all attempts spent in it, in order."""
        commands = sum(each.commands for each in self.attempts)
        suites = sum(each.suites for each in self.attempts)
        whole = sum(each.seconds for each in self.attempts)
        parts = (max(0.0, whole - commands - suites), commands, suites)
        named = list(zip(EXPLORING, parts, strict=True))
        return [*named, *((gate.name, gate.total) for gate in self.gates())]

    def golds(self) -> dict[str, list[Made]]:
        """The tasks by gold environment."""
        found: dict[str, list[Made]] = {}
        for task in self.tasks:
            found.setdefault(str(task.line.get("gold", "")), []).append(task)
        return found


def gather(out: Path) -> Figures:
    """Read an output directory; what cannot be read in it counts for nothing."""
    tasks = [_made(out, line) for line in output.index(out)]
    here = {task.id for task in tasks}
    tried = difficulties(each for each in results.read(out) if each.task in here)
    return Figures(out.absolute().name, tasks, attempts.load(out), tried)


def _made(out: Path, line: dict[str, Any]) -> Made:
    name = str(line["id"])
    try:
        told = json.loads((out / "harbor" / name / "proof.json").read_bytes())
        f2p, p2p = (tuple(map(str, told[key])) for key in ("f2p", "p2p"))
    except (OSError, ValueError, KeyError, TypeError):
        f2p, p2p = (), ()
    try:
        baseline = json.loads((out / "harbor" / name / record.FILE).read_bytes())["gold"]["baseline"]
        return Made(name, line, f2p, p2p, tuple(map(str, baseline)))
    except (OSError, ValueError, KeyError, TypeError):
        return Made(name, line, f2p, p2p)


def _held(attempt: Attempt, gate: str) -> bool | None:
    return next((each.held for each in attempt.gates if each.gate == gate), None)


def _reasons(lost: Iterable[Attempt]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(map(reason, lost)).most_common())


_PLAIN = {
    BARREN: "no test felt it",
    SPARE: "proven, but there were tasks enough",
    "abandoned": "abandoned when the run ended",
    "open": "still under way",
    "discarded": "discarded by the operator",
    "left": "no test felt what came last",
}


def reason(attempt: Attempt) -> str:
    """Why an attempt did not become a task, without what tells one from another of the same kind."""
    if attempt.outcome == FELL:
        told = attempt.reason.removeprefix(f"{attempt.gate}: ")
        told = re.sub(r"/[^\s,:]+|[0-9]+(\.[0-9]+)?", "…", told)
        return f"{attempt.gate}: {told[:120]}"
    if attempt.outcome == "nominated":
        return _PLAIN["abandoned"]
    return _PLAIN.get(attempt.outcome, attempt.outcome or "unknown")
