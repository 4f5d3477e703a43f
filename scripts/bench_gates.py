"""What each gate costs beside the calls of the `docker` command that its verdict needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench_table import Table

from engine.gold.model import Gold

ROOT = Path(__file__).resolve().parent.parent
BOUND = 1.3
SAMPLE = 8
"""Wrong answers graded by the docker command; the others are reckoned from these."""
WAIT = ("/bin/bash", "-c", "read -r _ <> <(:)")
"""Keeps a container with nothing but bash, which a task leaves whole."""

Work = Callable[[], object]


class Raw:
    """A task's containers as the docker command makes them, as many at a time as the gates may."""

    def __init__(self, gold: Gold, task: Path, cpus: int) -> None:
        self.plain = [word for word in gold.test.argv("-m", ("pytest", "-q")) if word != "--"]
        self.task = task
        self.pool = ThreadPoolExecutor(cpus)
        self.image = self.build()

    def build(self) -> str:
        """An image of the task's Dockerfile, made anew."""
        return docker("build", "--no-cache", "-q", str(self.task / "environment")).strip()

    def built_and_tested(self) -> None:
        """Build, and run the suite on it."""
        docker("run", "--rm", "--network", "none", self.build(), *self.plain)

    def graded(self, *, solved: bool = False) -> str:
        """What the grader says of a container, repaired by the solution or as it is."""
        box = docker("run", "-d", "--network", "none", self.image, *WAIT).strip()
        try:
            docker("exec", box, "mkdir", "-p", "/logs/verifier", "/logs/agent")
            if solved:
                docker("cp", str(self.task / "solution"), f"{box}:/")
                docker("exec", box, "bash", "-c", "/solution/solve.sh")
            docker("cp", str(self.task / "tests"), f"{box}:/")
            docker("exec", box, "bash", "-c", "/tests/test.sh")
            return docker("exec", box, "cat", "/logs/verifier/reward.txt").strip()
        finally:
            docker("rm", "-f", box)

    def seconds(self, works: Iterable[Work]) -> float:
        """How long all of it takes."""
        began = time.perf_counter()
        for done in [self.pool.submit(work) for work in works]:
            done.result()
        return time.perf_counter() - began

    def gate(self, name: str, evidence: dict[str, Any]) -> float:
        """Seconds of the calls that a gate with this evidence needs; 0 where there is nothing to compare."""
        match name:
            case "minimal" if evidence["replays"]:
                return self.seconds([self.built_and_tested] * evidence["replays"])
            case "rebuild":
                return self.seconds([self.built_and_tested] * evidence["builds"])
            case "nop":
                assert self.graded() == "0"
                return self.seconds([self.graded])
            case "oracle":
                assert self.graded(solved=True) == "1"
                return self.seconds([lambda: self.graded(solved=True)] * evidence["repeats"])
            case "probes":
                count = len(evidence["probes"])
                return self.seconds([self.graded] * min(count, SAMPLE)) * max(1.0, count / SAMPLE)
        return 0.0


def docker(*words: str) -> str:
    """One call of the docker command; what it printed."""
    return subprocess.run(
        ["docker", *words], capture_output=True, text=True, check=False, errors="replace"
    ).stdout


def measure(table: Table, gold: Gold, cpus: int, tasks: int) -> None:
    """Prove some tasks, and make the same containers by hand."""
    with tempfile.TemporaryDirectory(prefix="cligym-bench-") as directory:
        program = "from cligym_tui.cli import main; main()"
        words = ["--auto", gold.name, "--tasks", str(tasks), "--seed", "5", "--out", directory]
        subprocess.run(
            [sys.executable, "-c", program, *words],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        ours: dict[str, float] = {}
        theirs: dict[str, float] = {}
        whole = []
        for task in sorted(Path(directory, "harbor").iterdir()):
            gates = json.loads((task / "proof.json").read_text())["gates"]
            whole.append(sum(gate["seconds"] for gate in gates))
            raw = Raw(gold, task, cpus)
            for gate in gates:
                seconds = raw.gate(gate["gate"], gate["evidence"])
                if seconds:
                    theirs[gate["gate"]] = theirs.get(gate["gate"], 0.0) + seconds
                if seconds or gate["gate"] not in theirs:
                    ours[gate["gate"]] = ours.get(gate["gate"], 0.0) + gate["seconds"]
    table.say("proof of a task", sorted(whole)[len(whole) // 2], 60, "s", f"median of {len(whole)}")
    for name, seconds in ours.items():
        if name in theirs:
            detail = f"ours {seconds:.1f} s, docker {theirs[name]:.1f} s, {len(whole)} tasks"
            table.say(f"gate {name}", seconds / theirs[name], BOUND, "x", detail)
        else:
            print(f"{f'gate {name}':<38} {seconds:9.1f} s, no container of docker's to compare with")
