from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.gold import recipe
from engine.gold.model import Recipe


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gold.toml"
    path.write_text(text)
    return path


def test_a_recipe_overrides_only_what_it_gives(tmp_path: Path) -> None:
    given = recipe.read(written(tmp_path, 'apt = ["bc"]\ntimeout = 30\n[env]\nX = "1"\n'))
    merged = recipe.merged(Recipe(pip=("pytest",), test_args=("tests",)), given)
    assert merged == Recipe(pip=("pytest",), test_args=("tests",), apt=("bc",), timeout=30.0, env={"X": "1"})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    whole = Recipe(
        base="debian:12",
        pip=('a>=1; os_name == "posix"',),
        run=("echo 'a' \"b\"\nsecond line \\ $x",),
        test_args=("-k", "not [slow]", "ü"),
        env={"A": "b'\"\\"},
    )
    assert recipe.merged(Recipe(), recipe.read(written(tmp_path, recipe.write(whole)))) == whole


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("apt = }\n", 1, "TOML"),
        ('\n\nbase = ""\n', 3, "base"),
        ('x = 1\nuser = "dev"\n', 1, "no field 'x'"),
        ('user = "dev"\n\n[envv]\nA = 1\n', 3, "no field 'envv'"),
        ('pip = "pytest"\n', 1, "Expected `array`"),
        ('user = "dev"\npip = ["pytest", 3]\n', 2, "Expected `str`"),
        ('pip = ["--index-url x"]\n', 1, "pip"),
        ('apt = ["a; rm -rf /"]\n', 1, "apt"),
        ('user = "root; x"\n', 1, "user"),
        ('user = "../x"\n', 1, "user"),
        ("timeout = 0\n", 1, "timeout"),
        ("timeout = nan\n", 1, "timeout"),
        ('protected = ["app"]\n', 1, "protected"),
        ('protected = ["/app/../etc"]\n', 1, "protected"),
        ('[env]\n"A B" = "x"\n', 1, "env"),
        ('test_args = ["a\\nb"]\n', 1, "test_args"),
        ('base = "x y"\n', 1, "base"),
    ],
)
def test_errors_name_the_line_and_what_to_write(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        recipe.read(written(tmp_path, text))
    message = str(caught.value)
    assert f"line {line}" in message
    assert said in message
    assert "\n" not in message
    assert caught.value.hint


def test_what_cannot_be_read_is_a_line(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UsageError, match=said):
            recipe.read(path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        recipe.read(binary)
