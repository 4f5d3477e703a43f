"""Both formats, read back by readers that are not ours, whatever is in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml as others
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine import clean
from engine.sandbox.tools import busybox_path
from engine.tasks import about, harbor, terminal_bench, yaml
from engine.tasks.model import Task

ANY = st.text(max_size=200)
"""Any text that UTF-8 can hold."""
LINES = st.lists(st.text(max_size=30), max_size=8).map(lambda lines: "\n".join([*lines, ""]))
HOSTILE = st.one_of(
    st.text(st.characters(), max_size=60),
    st.sampled_from(
        ['x"\n[environment]\nmemory_mb = 1', "\udcff", "\u202eevil", "---\n...", "\x1b[2J", "</b>"]
    ),
)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(
    values=st.dictionaries(st.sampled_from("abcdef"), ANY | LINES | st.lists(ANY, max_size=3) | st.booleans())
)
@example(values={"a": "  indented\nx\ny\n", "b": "\n\nx\n", "c": 'a "b" \\x41 # c\n: d\n'})
def test_yaml_gives_back_what_was_written(values: dict[str, Any]) -> None:
    document = yaml.dumps(values)
    assert (others.safe_load(document) or {}) == values
    for key, value in values.items():
        if isinstance(value, str):
            assert yaml.text(document, key) == value


def test_an_instruction_is_legible_in_its_document(task: Task) -> None:
    told = "The tests fail.\n\n```\n  E   x: 'y' # z\n```\n\nPlease repair it.\n"
    assert yaml.dumps({"instruction": told}).splitlines()[:2] == ["instruction: |", "  The tests fail."]
    with pytest.raises(ValueError, match="surrogate"):
        yaml.dumps({"instruction": "\udcff"})


@quick
@given(name=HOSTILE, version=HOSTILE, reason=HOSTILE, told=HOSTILE)
def test_hostile_words_break_no_file(task: Task, name: str, version: str, reason: str, told: str) -> None:
    gold = replace(task.gold, project=name, version=version, source=name)
    gates = tuple(type(gate)(gate.gate, True, reason, 1.0, {"said": reason}) for gate in task.gates)
    nasty = replace(task, gold=gold, gates=gates, instruction=clean.block(told) + "\n")
    config = tomllib.loads(harbor.render(nasty)["task.toml"][0].decode())
    assert set(config) == {"schema_version", "task", "metadata", "verifier", "agent", "environment"}
    assert config["environment"]["memory_mb"] == harbor.MEMORY_MB
    made = terminal_bench.render(nasty)
    read = others.safe_load(made["task.yaml"][0].decode())
    assert read["instruction"] == nasty.instruction
    assert read["max_agent_timeout_sec"] == harbor.AGENT_SECONDS
    assert json.loads(made["proof.json"][0])["about"]["gold"]["name"] == "thing"
    assert others.safe_load(made["docker-compose.yaml"][0].decode()) == terminal_bench.COMPOSE


def test_a_new_field_of_a_task_is_told_without_a_word_about_it(task: Task) -> None:
    class Richer(Task, frozen=True, kw_only=True):
        tokens: int = 0
        floor: str | None = None
        words: tuple[str, ...] = ()

    fields = {name: getattr(task, name) for name in task.__struct_fields__}
    told = about.metadata(Richer(**fields, tokens=7, words=("a\x1b[2Jb",)))
    assert (told["tokens"], told["words"]) == (7, ["ab"])
    assert "floor" not in told


def test_a_terminal_bench_task_has_what_the_client_wants(task: Task) -> None:
    made = terminal_bench.render(task)
    assert {"task.yaml", "Dockerfile", "docker-compose.yaml", "run-tests.sh", "solution.sh"} <= set(made)
    assert made["solution.sh"][1] == made["run-tests.sh"][1] == 0o755
    service = terminal_bench.COMPOSE["services"]["client"]
    assert service["container_name"] == "${T_BENCH_TASK_DOCKER_CLIENT_CONTAINER_NAME}"
    shared = {name: file for name, file in harbor.render(task).items() if name.startswith("tests/")}
    assert shared == {name: file for name, file in made.items() if name.startswith("tests/")}


@quick
@given(data=st.binary(max_size=400))
def test_bash_gets_back_every_byte(data: bytes) -> None:
    text = "".join(map(terminal_bench._SHELL.__getitem__, data))
    ran = subprocess.run(["bash", "-c", f"printf '%b' '{text}'"], capture_output=True, check=True)
    assert ran.stdout == data


@pytest.mark.parametrize("static", [False, True])
def test_the_one_script_unpacks_and_runs_the_solution(tmp_path: Path, static: bool) -> None:
    parts = {
        "solve.sh": b'#!/bin/bash\ncommand cp "${0%/*}/gold.tar" "$RESULT"\nexit 3\n',
        "gold.tar": bytes(range(256)) * 99,
    }
    if static:
        parts["busybox"] = busybox_path().read_bytes()
    tools = ("tar", "base64", "mkdir", "cp") if static else ()
    damaged = {f"BASH_FUNC_{name}%%": "() { return 7; }" for name in tools}
    script = tmp_path / "solution.sh"
    script.write_bytes(terminal_bench.solution(parts))
    script.chmod(0o755)
    result = tmp_path / "result"
    bash = shutil.which("bash")
    assert bash
    ran = subprocess.run(
        [bash, str(script)], env={**os.environ, "RESULT": str(result), **damaged}, check=False
    )
    assert ran.returncode == 3
    assert result.read_bytes() == parts["gold.tar"]
    assert (tmp_path / "parts/busybox").exists() == static


@pytest.mark.parametrize(
    ("says", "resolved"),
    [
        ("reward 1", True),
        ("reward 0", False),
        ("", False),
        ("reward 1\nreward 1", False),
        ("xreward 1", False),
    ],
)
def test_what_the_grader_says_is_what_the_client_reads(tmp_path: Path, says: str, resolved: bool) -> None:
    made = {"run-tests.sh": (Path(terminal_bench.__file__).parent / "run-tests.sh").read_bytes()}
    (tmp_path / "run-tests.sh").write_bytes(made["run-tests.sh"])
    (tmp_path / "test.sh").write_text(f"printf '%s' '{says}'\necho a complaint >&2\n")
    ran = subprocess.run(
        ["bash", str(tmp_path / "run-tests.sh")], capture_output=True, text=True, check=False
    )
    assert terminal_bench.resolved(ran.stdout) is resolved
    # Something that goes on printing has not the last word.
    assert not terminal_bench.resolved(ran.stdout + "PASSED a::environment_is_repaired\n") or resolved


@pytest.mark.parametrize("printed", ["", "PASSED a::b\n", "short test summary info\n"])
def test_nothing_said_is_no_repair(printed: str) -> None:
    assert not terminal_bench.resolved(printed)


@quick
@given(data=st.binary(max_size=400), static=st.binary(max_size=400))
def test_the_parts_of_the_one_script_are_read_back(data: bytes, static: bytes) -> None:
    parts = {"solve.sh": b"#!/bin/bash\n", "gold.tar": data, **({"busybox": static} if static else {})}
    assert terminal_bench.parts(terminal_bench.solution(parts)) == parts


@pytest.mark.parametrize("script", [b"", b"\xff", b"#!/bin/bash\n", b"static=''\nprintf '%s\\n' 'AAAA' |\n"])
def test_another_script_is_not_taken_for_one_of_ours(script: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        terminal_bench.parts(script)
