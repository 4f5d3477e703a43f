"""The gold commands over a store on disk; building needs an engine and is tested with the builder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.gold import store
from engine.gold.model import Gold, Recipe, TestCommand
from tests.cli.conftest import ROOT, Run

TESTS = tuple(f"tests/test_a.py::test_{n}" for n in range(12))


def a_gold(name: str, **more: object) -> Gold:
    fields = {
        "name": name,
        "source": "dotenv==1.1.0",
        "project": "dotenv",
        "version": "1.1.0",
        "image": "sha256:" + "0" * 64,
        "tag": f"cligym-gold/{name}:000000000000",
        "recipe": Recipe(),
        "test": TestCommand(),
        "baseline": TESTS,
        "quarantined": {f"tests/test_b.py::test_{n}[\x1b[2J]": "failed in run 2" for n in range(15)},
        "versions": {"pytest": "9"},
        "suite_seconds": 3.25,
        "created": 1_795_000_000.0,
    }
    return Gold(**{**fields, **more})


@pytest.fixture
def golds(state: Path) -> Path:
    """Two gold environments in the state directory."""
    for name in ("one", "two"):
        store.save(a_gold(name), {"Dockerfile": b"FROM scratch\n"})
    return state / "golds"


def test_an_empty_list_says_how_to_fill_it(cli: Run) -> None:
    done = cli("gold", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "cligym-tui gold build" in done.stderr
    assert json.loads(cli("gold", "list", "--json").stdout) == []


@pytest.mark.usefixtures("golds")
def test_the_list(cli: Run) -> None:
    done = cli("gold", "list")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["NAME", "VERSION", "TESTS", "SUITE", "BUILT", "SOURCE"]
    assert [row.split()[0] for row in rows] == ["one", "two"]
    assert [gold["name"] for gold in json.loads(cli("gold", "list", "--json").stdout)] == ["one", "two"]


def test_a_damaged_one_is_named_and_the_others_are_listed(cli: Run, golds: Path) -> None:
    (golds / "one" / "gold.json").write_text("{")
    done = cli("gold", "list")
    assert done.returncode == 0
    assert "two" in done.stdout
    assert "warning: the gold environment one cannot be read" in done.stderr
    shown = cli("gold", "show", "one")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert len(shown.stderr.splitlines()) == 2


@pytest.mark.usefixtures("golds")
def test_one_is_shown_without_its_escapes(cli: Run) -> None:
    done = cli("gold", "show", "one")
    assert (done.returncode, done.stderr) == (0, "")
    assert "12 tests, 15 quarantined" in done.stdout
    assert "and 5 more" in done.stdout
    assert "\x1b" not in done.stdout
    shown = json.loads(cli("gold", "show", "one", "--json").stdout)
    assert (shown["name"], len(shown["quarantined"])) == ("one", 15)


@pytest.mark.usefixtures("golds")
def test_removal_without_an_engine_says_that_the_image_stays(cli: Run, nowhere: dict[str, str]) -> None:
    done = cli("gold", "remove", "one", **nowhere)
    assert (done.returncode, done.stdout) == (0, "")
    assert "warning: the image cligym-gold/one:000000000000 stays" in done.stderr
    assert cli("gold", "show", "one").returncode == 2
    assert store.names() == ("two",)


def test_building_without_an_engine(cli: Run, nowhere: dict[str, str]) -> None:
    done = cli("gold", "build", "x==1", **nowhere)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[0].startswith("error: unix:///nonexistent/docker.sock (DOCKER_HOST):")


@pytest.mark.usefixtures("golds")
@pytest.mark.parametrize("words", [["gold", "list"], ["gold", "show", "one", "--json"], ["--help"]])
def test_a_reader_that_has_had_enough_is_no_crash(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "cligym_tui", *words],
            stdout=nobody,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.usefixtures("golds")
def test_a_full_standard_output_is_said() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cligym_tui", "gold", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"error: cannot write standard output: No space left on device\n"


def test_the_sessions_are_listed(cli: Run) -> None:
    from sessions import events
    from sessions.library import Library

    assert cli("sessions").returncode == 0
    with Library().create() as session:
        session.journal.append(
            events.SessionStarted(session=session.id, gold="dotenv", image="x", agent="saboteur")
        )
        session.journal.append(events.SessionEnded(outcome="goal"))
    done = cli("sessions")
    assert session.id in done.stdout
    assert "ended: goal" in done.stdout
    (listed,) = json.loads(cli("sessions", "--json").stdout)
    assert (listed["id"], listed["state"], listed["gold"]) == (session.id, "ended", "dotenv")
