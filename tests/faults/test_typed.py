"""Values are quoted, whatever they are."""

from __future__ import annotations

import shlex
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from engine.faults.typed import sed, typed

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(text, text)
def test_a_value_is_one_word(first: str, second: str) -> None:
    command = typed("rm {a} && ls -l {b}")({"a": first, "b": second})
    assert shlex.split(command) == ["rm", first, "&&", "ls", "-l", second]


def test_the_shell_agrees() -> None:
    nasty = 'it\'s $(touch /tmp/x) `id` "q" * ; # \\ \n!'
    command = typed("printf %s {text}")({"text": nasty})
    assert subprocess.run(["bash", "-c", command], capture_output=True, check=True, text=True).stdout == nasty


def test_sed_replaces_the_text_itself_and_back() -> None:
    for pattern, replacement in (
        ("hosts:   files [x] *.a", "hosts: d&n\\s"),
        ("/opt/venv", "/srv#1/venv"),
        ("def f(", "def _f("),
        ("^a$", "b"),
    ):
        there = _sed(sed(pattern, replacement), f"x {pattern} y\nz\n")
        assert there == f"x {replacement} y\nz\n"
        assert _sed(sed(replacement, pattern), there) == f"x {pattern} y\nz\n"


def _sed(expression: str, lines: str) -> str:
    ran = subprocess.run(["sed", expression], input=lines, capture_output=True, check=True, text=True)
    return ran.stdout
