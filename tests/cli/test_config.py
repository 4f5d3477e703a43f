"""`config` tells where the screen's settings come from, and begins a file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "cligym" / "cligym.toml"


def test_it_says_which_files_are_read(cli: Run, home: Path, tmp_path: Path) -> None:
    done = cli("config", "path")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(home), str(tmp_path / "cligym.toml")]


def test_what_it_begins_says_nothing_new_and_is_left_alone(cli: Run, home: Path) -> None:
    plain = cli("config", "show").stdout
    assert cli("config", "init").returncode == 0
    assert cli("config", "show").stdout == plain
    # With the comment signs gone, the file says the defaults itself.
    lines = [line.removeprefix("# ") for line in home.read_text().splitlines() if " = " in line]
    assert tomllib.loads("\n".join(lines[:3])) == {
        name: value for name, value in tomllib.loads(plain).items() if name != "keys"
    }
    home.write_text('theme = "nord"\n')
    again = cli("config", "init")
    assert again.returncode == 2
    assert str(home) in again.stderr
    assert home.read_text() == 'theme = "nord"\n'


def test_files_and_variables_in_their_order(cli: Run, home: Path, tmp_path: Path) -> None:
    home.parent.mkdir(parents=True)
    home.write_text('theme = "nord"\nbell = false\n[keys]\n"branch.fork" = "F"\n')
    (tmp_path / "cligym.toml").write_text('theme = "dracula"\n')
    shown = json.loads(cli("config", "show", "--json", CLIGYM_BELL="1").stdout)
    assert shown == {"theme": "dracula", "bell": True, "keys": {"branch.fork": "F"}, "self_contained": False}
    assert tomllib.loads(cli("config", "show").stdout)["bell"] is False


@pytest.mark.parametrize(("variable", "value"), [("CLIGYM_THEME", "mauve"), ("CLIGYM_BELL", "perhaps")])
def test_a_variable_that_makes_no_sense_is_named(cli: Run, home: Path, variable: str, value: str) -> None:
    done = cli("config", "show", **{variable: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert variable in done.stderr


def test_what_makes_no_sense_is_told_with_a_call_that_works(cli: Run, home: Path) -> None:
    said = "`cligym-tui config init`"
    assert said in cli("config", "show", CLIGYM_BELL="perhaps").stderr
    home.parent.mkdir(parents=True)
    home.write_text("colour = 7\n")
    assert said in cli("config", "show").stderr
