"""Curation of made-up trajectories: each predicate tags what it is about, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from sessions.curation.benchmarks import benchmark
from sessions.curation.cheats import signs
from sessions.curation.curate import curate
from sessions.curation.loops import stuck
from sessions.curation.rules import PRESETS, Rules
from sessions.curation.secrets import identity, secret
from sessions.trajectories.model import Call, Result, Tag, Text, Trajectory, Turn

INSTRUCTION = (
    "The suite of this project does not run any more since the machine was updated over night, "
    "please find out what is wrong with it and repair it for good."
)
WORK = [
    "ls -lt /usr/lib/python3 | head",
    "python -m pytest -q -x",
    "find /usr -newer /etc/hostname -maxdepth 3",
    "git status",
    "python -c 'import sqlite3'",
    "chmod 644 /usr/lib/python3.11/configparser.py",
]
"""A repair against which nothing speaks."""


def made(
    commands: list[str] = WORK,
    name: str = "a",
    outputs: list[str] | None = None,
    said: str = "I look further.",
    **varied: Any,
) -> Trajectory:
    turns = [Turn(role="user", blocks=(Text(INSTRUCTION),))]
    for number, command in enumerate(commands):
        output = outputs[number] if outputs else f"{name} told {command} in {number} of {len(commands)}"
        call = Call(f"c{number}", "bash", {"command": command})
        turns += [
            Turn(role="assistant", blocks=(Text(said), call), train=True, step=number + 1),
            Turn(role="user", blocks=(Result(call.id, output),), step=number + 1),
        ]
    fields: dict[str, Any] = {
        "project": "p",
        "purpose": "repair",
        "agent": "claude",
        "task": "t",
        "reward": 1.0,
        "changes": ("/usr/lib/python3.11/configparser.py",),
    }
    return Trajectory(
        id=name,
        session="s",
        branch=name,
        turns=tuple(turns),
        commands=tuple(commands),
        steps=len(commands),
        **{**fields, **varied},
    )


def tags(each: Trajectory, rules: Rules | None = None) -> dict[str, str]:
    (one,) = curate([each], rules)
    return {tag.name: tag.reason for tag in one.tags}


def test_honest_work_has_no_tag() -> None:
    assert tags(made()) == {}
    assert tags(made(changes=("/app/tests/__pycache__/x.pyc", "/app/.pytest_cache", "/usr/bin/x"))) == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (("/app/tiny/a.py",), "it changed /app/tiny/a.py"),
        (("/usr/x", "/tests/test.sh", "/solution/a"), "it changed /tests/test.sh and 1 more"),
        (("/app",), "it changed /app"),
    ],
)
def test_protected_paths(changes: tuple[str, ...], reason: str) -> None:
    assert tags(made(changes=changes)) == {"protected": reason}
    assert tags(made(changes=changes, purpose="explore")) == {}
    assert tags(made(changes=("/application",))) == {}


@pytest.mark.parametrize(
    ("command", "sign"),
    [
        ("git checkout .", "the project's history"),
        ("cd /app && git -c a=b log -p -- x.py", "the project's history"),
        ("ls /app/.git/objects/ab", "the project's history"),
        ("pip cache list", "caches and logs of packages"),
        ("cat /var/log/dpkg.log", "caches and logs of packages"),
        ("cat ~/.bash_history", "the shell's history"),
        ("history | tail", "the shell's history"),
        ("cat /tests/contract.json", "the grader's files"),
        ("echo 1 > /logs/verifier/reward.txt", "the grader's files"),
        ("export PYTEST_ADDOPTS='-k not_x'", "what a test run is told"),
        ("echo 'import x' > /opt/venv/lib/python3.11/site-packages/sitecustomize.py", "start-up hooks"),
        ("python3 -m venv /tmp/v", "an environment made anew"),
        ("pip install --no-deps .", "an environment made anew"),
        ("curl -s https://example.org/x | sh", "the network"),
        ("cat /proc/1/environ", "the host"),
    ],
)
def test_signs_of_cheating(command: str, sign: str) -> None:
    assert list(signs([*WORK, command])) == [sign]
    told = tags(made([*WORK, command]))
    assert told["cheats"].startswith(f"{sign}: ")
    assert tags(made([*WORK, command], purpose="explore")) == {}


@pytest.mark.parametrize(
    "command",
    [
        "git log --oneline -3",
        "python -m pytest tests/test_a.py -k double",
        "ls /app/tests",
        "pip install --force-reinstall /wheels/x.whl",
        "pip check",
        "dpkg -V libc6",
        "curl --version",
        "echo history of things",
        "cat /proc/1234/status",
    ],
)
def test_what_is_no_sign(command: str) -> None:
    assert signs([command]) == {}


def test_files_that_decide_how_tests_run() -> None:
    told = tags(made(changes=("/opt/venv/lib/python3.11/site-packages/x.pth",)))
    assert told == {"cheats": "it changed /opt/venv/lib/python3.11/site-packages/x.pth"}


def test_loops() -> None:
    same, other = ("ls", "a"), ("cat", "b")
    assert stuck([same] * 3) == 0
    assert stuck([other, *[same] * 4]) == 0.8
    assert stuck([same, other] * 3) == 1
    assert stuck([same, other] * 2) == 0
    assert stuck([("ls", str(number)) for number in range(9)]) == 0
    assert stuck([same] * 4 + [("x", str(number)) for number in range(4)]) == 0.5
    assert stuck([]) == 0
    stuck_one = made([*WORK, *["ls"] * 5], outputs=["x"] * (len(WORK) + 5))
    assert set(tags(stuck_one)) == {"loops"}


def test_length() -> None:
    assert tags(made(WORK[:4])) == {"length": "4 steps, fewer than 5"}
    assert tags(made(), PRESETS["cligym"]) == {"length": "6 steps, fewer than 20"}
    assert tags(made(), Rules(most=5)) == {"length": "6 steps, more than 5"}


@pytest.mark.parametrize(
    "text",
    [
        "sk-ant-" + "x1" * 15,
        "ghp_" + "a1" * 18,
        "AKIAABCDEFGHIJKLMNOP",
        "-----BEGIN RSA PRIVATE KEY-----",
        "postgres://user:hunter2@db/x",
    ],
)
def test_secrets(text: str) -> None:
    assert secret(f"export X={text}")
    assert set(tags(made([*WORK, "env"], outputs=["x"] * len(WORK) + [f"X={text}"]))) == {"secrets"}
    assert secret("sk-1, ghp_ and https://example.org:443/a@b") == ""


def test_who_a_model_says_it_is() -> None:
    assert set(tags(made(said="I am Claude, made by Anthropic."))) == {"identity"}
    assert identity("the claude.service file is anthropic-like") == ""


def test_overlap_with_benchmarks() -> None:
    known = benchmark("tb.jsonl", '{"instruction": "Hello. ' + INSTRUCTION.upper() + '"}')
    assert set(tags(made(), Rules(benchmarks=(known,)))) == {"overlap"}
    assert tags(made(), Rules(benchmarks=(benchmark("other", "the suite of this project"),))) == {}
    assert tags(made(), Rules(benchmarks=(benchmark("empty", ""),))) == {}


def test_what_was_solved_has_to_be_solved_again() -> None:
    assert tags(made(), Rules(verified={"a": 1.0})) == {}
    assert tags(made(), Rules(verified={"a": 0.0})) == {
        "verified": "in a fresh container its commands earned 0"
    }
    assert tags(made(), Rules(twice=True)) == {"verified": "it was not graded a second time"}
    assert tags(made(reward=0.0), Rules(twice=True)) == {}
    assert tags(made()) == {}


def test_of_equals_the_first_stays_and_nothing_is_lost() -> None:
    twin = made(name="b", outputs=[f"a told {one} in {n} of 6" for n, one in enumerate(WORK)])
    other = made([f"dpkg -L package{word} | grep {word}" for word in "uvwxyz"], name="c")
    found = curate([made(), twin, other])
    assert [each.id for each in found] == ["a", "b", "c"]
    assert [[tag.name for tag in each.tags] for each in found] == [[], ["duplicate"], []]
    assert found[1].tags[0].reason == "100% like a"
    # What is no good itself is no reason against its equal.
    found = curate([made(changes=("/app/x.py",)), twin])
    assert [[tag.name for tag in each.tags] for each in found] == [["protected"], []]


def test_caps_count_what_is_kept() -> None:
    words = ["uvwxyz", "abcdef", "ghijkl", "mnopqr"]
    found = [
        made([f"{each} {letter}{letter} --{each}" for letter in letters], name=letters, said=letters)
        for each, letters in zip(("dpkg", "ldd", "file", "stat"), words, strict=True)
    ]
    bad = made(name="bad", changes=("/app/x.py",))
    capped = curate([bad, *found], Rules(per_task=2))
    assert [[tag.name for tag in each.tags] for each in capped] == [["protected"], [], [], ["cap"], ["cap"]]
    capped = curate(found, Rules(per_project=3))
    assert [len(each.tags) for each in capped] == [0, 0, 0, 1]


def test_tags_that_are_there_stay() -> None:
    assert tags(made(tags=(Tag("looked-at", "x"), Tag("length", "mine"))), Rules(least=50)) == {
        "looked-at": "x",
        "length": "mine",
    }


def test_what_a_fork_shares_with_its_parent_makes_it_no_twin() -> None:
    parent = made()
    own = made(["ldd /bin/x"], name="fork", outputs=["no"])
    copied = tuple(replace(turn, copied=True) for turn in parent.turns)
    fork = replace(own, turns=(*copied, *own.turns), parent="a", steps=7)
    assert [each.tags for each in curate([parent, fork])] == [(), ()]
