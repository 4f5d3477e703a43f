"""The Harbor (Terminal-Bench 2) format of a task: `OUT/harbor/<id>/`."""

from __future__ import annotations

import json
from typing import Any

import tomli_w

from engine.tasks import about, digests, record
from engine.tasks.grader_files import grader, grading_seconds
from engine.tasks.model import Task
from engine.tasks.output import Files

FOLDER = "harbor"
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

LEAVE_OUT = ("shared-verifier",)
"""Rules of `harbor lint` that cannot apply: the environment is the answer, so it has to be graded where it
was repaired."""

EXECUTABLE = frozenset({"solution/solve.sh", "solution/busybox", "tests/test.sh", "tests/busybox"})

ALIVE = ("bash", "-c", "rm -f -- /logs/verifier/reward.txt /logs/verifier/reward.json")
"""What the client runs in the broken container before it grades; where this fails it gives no reward."""


def render(task: Task) -> Files:
    """All files of the task's directory, by relative path, with their modes."""
    made = {
        "task.toml": tomli_w.dumps(config(task)).encode(),
        "instruction.md": task.instruction.encode(),
        "environment/Dockerfile": task.dockerfile.encode(),
        **{f"environment/{name}": data for name, data in task.context.items()},
        "environment/docker-compose.yaml": json.dumps(COMPOSE, indent=2).encode() + b"\n",
        "proof.json": about.proof(task),
        record.FILE: record.dump(task),
        about.HINTS: about.hints(task),
        **{f"solution/{name}": data for name, data in task.solution.items()},
        **{f"tests/{name}": data for name, data in grader(task).items()},
    }
    made[digests.FILE] = digests.seal(made)
    return {name: (data, 0o755 if name in EXECUTABLE else 0o644) for name, data in made.items()}


def config(task: Task) -> dict[str, Any]:
    """`task.toml`."""
    return {
        "schema_version": SCHEMA,
        "task": {
            "name": f"cligym/{task.id}",
            "description": about.description(task),
            "keywords": ["environment-repair", "terminal", "python"],
        },
        "metadata": {
            "author_name": about.AUTHOR,
            "category": about.CATEGORY,
            "tags": list(about.TAGS),
            "cligym": about.metadata(task),
            "harbor": {"lint": {"ignore": list(LEAVE_OUT)}},
        },
        "verifier": {"timeout_sec": grading_seconds(task), "environment_mode": "shared"},
        "agent": {"timeout_sec": AGENT_SECONDS},
        "environment": {
            "build_timeout_sec": 1800.0 if task.context else 600.0,
            "memory_mb": MEMORY_MB,
            # Public, although proofs run offline: a missing package is repaired from an index, agents that
            # work inside the container reach their model; clients without their proxy image refuse others.
            "network_mode": "public",
        },
    }
