"""The Terminal-Bench 1.0 format of a task: `OUT/terminal-bench/<id>/`.

Source: the client's `Task`, `TrialHandler`, `DockerComposeManager` and `PytestParser`, version 0.2.18.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import tarfile
import zlib
from collections.abc import Mapping
from importlib.resources import files

from engine.tasks import about, digests, harbor, record, yaml
from engine.tasks.grader_files import grader, grading_seconds
from engine.tasks.model import Task
from engine.tasks.output import Files

FOLDER = "terminal-bench"
DIFFICULTIES = ("easy", "medium", "hard")

COMPOSE = {
    "services": {
        "client": {
            "build": {"dockerfile": "Dockerfile"},
            "image": "${T_BENCH_TASK_DOCKER_CLIENT_IMAGE_NAME}",
            "container_name": "${T_BENCH_TASK_DOCKER_CLIENT_CONTAINER_NAME}",
            "mem_limit": f"{harbor.MEMORY_MB}m",
            "environment": ["TEST_DIR=${T_BENCH_TEST_DIR}"],
            "volumes": [
                "${T_BENCH_TASK_LOGS_PATH}:${T_BENCH_CONTAINER_LOGS_PATH}",
                "${T_BENCH_TASK_AGENT_LOGS_PATH}:${T_BENCH_CONTAINER_AGENT_LOGS_PATH}",
            ],
            **harbor.COMPOSE["services"]["main"],
        }
    }
}
"""What the client builds and starts; JSON is YAML."""

EXECUTABLE = frozenset({"solution.sh", "run-tests.sh", "tests/test.sh", "tests/busybox"})

AGENT, TESTS = "agent", "tests"
"""Names of the client's terminals."""

ALIVE = (
    "bash",
    "-c",
    "tmux new-session -x 160 -y 40 -d -s alive && "
    "tmux send-keys -t alive 'true; tmux wait -S alive' Enter && "
    "timeout 20 tmux wait alive && tmux kill-session -t alive",
)
"""What the client cannot do without in the broken container, in short."""


def opened(name: str) -> list[str]:
    """How the client opens a terminal."""
    return [
        "bash",
        "-c",
        f"tmux new-session -x 160 -y 40 -d -s {name} \\; set-option -t {name} history-limit 50000",
    ]


def typed(name: str, line: str) -> list[str]:
    """How it types a line there."""
    return ["tmux", "send-keys", "-t", name, line, "; tmux wait -S done", "Enter"]


def waited(seconds: float) -> list[str]:
    """How it waits for the end of what it typed, which it does after it has typed."""
    return ["timeout", f"{seconds}s", "tmux", "wait", "done"]


def pane(name: str) -> list[str]:
    """How it reads all that the terminal shows."""
    return ["tmux", "capture-pane", "-p", "-S", "-", "-t", name]


_SHELL = [chr(code) if 32 <= code < 127 and code not in b"'\\" else f"\\x{code:02x}" for code in range(256)]
"""Bytes as text between single quotes that bash's `printf %b` makes bytes of."""


def render(task: Task) -> Files:
    """All files of the task's directory, by relative path, with their modes."""
    made = {
        "task.yaml": config(task).encode(),
        "docker-compose.yaml": json.dumps(COMPOSE, indent=2).encode() + b"\n",
        "Dockerfile": task.dockerfile.encode(),
        **task.context,
        "solution.sh": solution(task.solution),
        "run-tests.sh": files("engine.tasks").joinpath("run-tests.sh").read_bytes(),
        "proof.json": about.proof(task),
        about.HINTS: about.hints(task),
        record.FILE: record.dump(task),
        **{f"tests/{name}": data for name, data in grader(task).items()},
    }
    made[digests.FILE] = digests.seal(made)
    return {name: (data, 0o755 if name in EXECUTABLE else 0o644) for name, data in made.items()}


def config(task: Task) -> str:
    """`task.yaml`."""
    difficulty = about.further(task).get("difficulty")
    return yaml.dumps(
        {
            "instruction": task.instruction,
            "author_name": about.AUTHOR,
            "difficulty": difficulty if difficulty in DIFFICULTIES else "unknown",
            "category": about.CATEGORY,
            "tags": list(about.TAGS),
            "parser_name": "pytest",
            "max_agent_timeout_sec": harbor.AGENT_SECONDS,
            "max_test_timeout_sec": grading_seconds(task),
            "run_tests_in_same_shell": False,
            # Recording takes a program that gold images do not have, and seconds of every trial.
            "disable_asciinema": True,
        }
    )


def solution(parts: Mapping[str, bytes]) -> bytes:
    """The files of `solution/` as one script, for the client copies no other file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, data in sorted(parts.items()):
            if name != "busybox":
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(data), 0o755 if name.endswith(".sh") else 0o644
                tar.addfile(info, io.BytesIO(data))
    text = base64.encodebytes(gzip.compress(packed.getvalue(), mtime=0)).decode("ascii").strip()
    static = "".join(map(_SHELL.__getitem__, parts["busybox"])) if "busybox" in parts else ""
    script = files("engine.tasks").joinpath("solution.sh").read_text(encoding="ascii")
    return script.replace("@STATIC@", static).replace("@PARTS@", text).encode("ascii")


def parts(script: bytes) -> dict[str, bytes]:
    """The files that `solution` made a script of.

    Raises:
        ValueError: it is none of those.
    """
    text = script.decode("ascii")
    packed = re.search(r"^ *printf '%s\\n' '([A-Za-z0-9+/=\n]+)' \|", text, re.MULTILINE)
    static = re.search(r"^ *static='([^']*)'$", text, re.MULTILINE)
    if packed is None or static is None:
        raise ValueError("it does not carry a solution in our way")
    try:
        data = gzip.decompress(base64.b64decode(packed[1]))
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            members = [(member.name, tar.extractfile(member)) for member in tar]
            found = {name: file.read() for name, file in members if file is not None}
    except (EOFError, OSError, tarfile.TarError, zlib.error) as error:
        raise ValueError(f"what it carries is damaged: {error}") from error
    if static[1]:
        plain = re.sub(r"\\x([0-9a-f]{2})", lambda each: chr(int(each[1], 16)), static[1])
        found["busybox"] = plain.encode("latin-1")
    return found


_FORM = re.compile(r"^(PASSED|FAILED) \S+::(\S+)$", re.MULTILINE)


def resolved(printed: str) -> bool:
    """Whether the client takes what run-tests.sh printed for a repair."""
    _, found, summary = printed.partition("short test summary info")
    results = {name: verdict for verdict, name in _FORM.findall(summary.replace("\r", ""))}
    return bool(found and results) and set(results.values()) == {"PASSED"}


def gradable(made: Files) -> Files:
    """The files as a grading wants them: solution and tests in folders of their own."""
    moved = {"solution.sh": "solution/solve.sh", "run-tests.sh": "tests/run-tests.sh"}
    return {moved.get(name, name): file for name, file in made.items()}
