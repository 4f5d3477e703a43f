"""Write tasks for Harbor (Terminal-Bench 2): `OUT/harbor/<id>/`, whole or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomli_w

from engine import clean
from engine.tasks import output
from engine.tasks.model import Task
from engine.tasks.output import Files

SCHEMA = "1.4"
AGENT_SECONDS = 1800.0
"""Time a solver has."""
MEMORY_MB = 2048
"""As much as the baseline was observed with."""

COMPOSE = {
    "services": {
        "main": {
            # A first process that forwards signals and reaps: without one the client waits 10 s at each end.
            "init": True,
            # The client's own keep-alive is `sh -c "sleep infinity"`, and sh or sleep may be what is
            # damaged. The client itself needs bash in any case; this waits with nothing else.
            "command": ["/bin/bash", "-c", "read -r _ <> <(:)"],
        }
    }
}
"""What the client merges over its own compose file; JSON is YAML."""

EXECUTABLE = frozenset({"solution/solve.sh", "solution/busybox", "tests/test.sh"})

NOTED = ("minimised",)
"""Notes of the gates that are short enough for `task.toml` and the index."""

ALIVE = ("bash", "-c", "rm -f -- /logs/verifier/reward.txt /logs/verifier/reward.json")
"""What the client runs in the broken container before it grades; where this fails it gives no reward."""


def write(out: Path, task: Task) -> Path:
    """Write `OUT/harbor/<id>/` and its line in the index; the directory.

    Raises:
        OutputError: it exists, or cannot be written.
        OutputFull: there is no room.
    """
    return output.write(out, task.id, render(task), output.line_of(task.id, metadata(task)))


def stage(directory: Path, task: Task) -> Path:
    """Write the task below a directory of the caller's, for the gates that try it out; where it lies."""
    return output.stage(directory / task.id, render(task))


def render(task: Task) -> Files:
    """All files of the task's directory, by relative path, with their modes."""
    made = {
        "task.toml": tomli_w.dumps(config(task)).encode(),
        "instruction.md": task.instruction.encode(),
        "environment/Dockerfile": task.dockerfile.encode(),
        "environment/docker-compose.yaml": json.dumps(COMPOSE, indent=2).encode() + b"\n",
        "proof.json": proof(task),
        **{f"solution/{name}": data for name, data in task.solution.items()},
        **{f"tests/{name}": data for name, data in grader(task).items()},
    }
    return {name: (data, 0o755 if name in EXECUTABLE else 0o644) for name, data in made.items()}


def grader(task: Task) -> dict[str, bytes]:
    """What `/tests` holds while a container is graded, by relative path."""
    package = files("engine.tasks.grader")
    return {
        "test.sh": package.joinpath("test.sh").read_bytes(),
        "__main__.py": b"import sys\n\nfrom grader.main import main\n\nsys.exit(main())\n",
        **{
            f"grader/{file.name}": file.read_bytes()
            for file in package.iterdir()
            if file.name.endswith(".py")
        },
        "runner.py": files("engine.suite").joinpath("runner.py").read_bytes(),
        "interpreter": task.contract.interpreter.encode("utf-8", "surrogateescape") + b"\n",
        "contract.json": task.contract.dump(),
        "tests.tar": task.tests,
    }


def config(task: Task) -> dict[str, Any]:
    """`task.toml`."""
    gold = task.gold
    return {
        "schema_version": SCHEMA,
        "task": {
            "name": f"cligym/{task.id}",
            "description": clean.line(
                f"Repair the environment of {gold.project} {gold.version} so that its tests pass."
            ),
            "keywords": ["environment-repair", "terminal", "python"],
        },
        "metadata": {
            "author_name": "cligym-tui",
            "category": "environment-repair",
            "tags": ["environment-repair", "debugging"],
            "cligym": metadata(task),
            # The environment is the answer: it has to be graded where it was repaired.
            "harbor": {"lint": {"ignore": ["shared-verifier"]}},
        },
        "verifier": {
            "timeout_sec": math.ceil(max(600.0, 2 * task.contract.timeout + 120)) * 1.0,
            "environment_mode": "shared",
        },
        "agent": {"timeout_sec": AGENT_SECONDS},
        "environment": {
            "build_timeout_sec": 600.0,
            "memory_mb": MEMORY_MB,
            # Public, although proofs run offline: a missing package is repaired from an index, agents that
            # work inside the container reach their model; clients without their proxy image refuse others.
            "network_mode": "public",
        },
    }


def metadata(task: Task) -> dict[str, Any]:
    """Where the task comes from and what was proven, for people and programs."""
    gold = task.gold
    return {
        "version": task.version,
        "families": list(task.families),
        "f2p": len(task.f2p),
        "p2p": len(task.p2p),
        "commands": len(task.steps),
        "agent": task.agent,
        "seed": task.seed,
        "session": task.session,
        "branch": task.branch,
        "step": task.step,
        "created": datetime.fromtimestamp(task.created, UTC).replace(microsecond=0),
        "seconds": round(task.seconds, 3),
        **{name: task.notes[name] for name in NOTED if name in task.notes},
        "gold": {
            "name": gold.name,
            "source": clean.line(gold.source),
            "project": clean.line(gold.project),
            "version": clean.line(gold.version),
            "image": gold.image,
            "tag": gold.tag,
        },
        "gates": [
            {
                "gate": gate.gate,
                "held": gate.held,
                "reason": clean.line(gate.reason),
                "seconds": round(gate.seconds, 3),
            }
            for gate in task.gates
        ],
    }


def proof(task: Task) -> bytes:
    """The evidence of every gate and the session's steps, as JSON."""
    document = {
        "task": task.id,
        "f2p": task.f2p,
        "p2p": task.p2p,
        "notes": task.notes,
        "steps": [{name: getattr(step, name) for name in step.__struct_fields__} for step in task.steps],
        "gates": [
            {
                "gate": gate.gate,
                "held": gate.held,
                "reason": gate.reason,
                "seconds": gate.seconds,
                "evidence": gate.evidence,
            }
            for gate in task.gates
        ],
    }
    return json.dumps(document, indent=1, default=_plain).encode("ascii") + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)
