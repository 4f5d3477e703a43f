"""An edit by lines makes the new text of the old one, for any two texts, or is not offered."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import edited as module
from engine.edited import edited

LINE = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\n\0", exclude_categories=("Cs",)), max_size=8
)
TEXT = st.lists(st.one_of(LINE, st.sampled_from(["", "  in", "a\\", "\\n", "}", "$", "'"])), min_size=1).map(
    lambda lines: "\n".join(lines) + "\n"
)


@settings(max_examples=60, deadline=None)
@given(old=TEXT, new=TEXT)
def test_sed_makes_the_new_text(old: str, new: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("edited") / "a file"
    path.write_bytes(old.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SHARE", 1000)
        command = edited(old, new, shlex.quote(str(path)))
    if not command:
        assert old == new
        return
    subprocess.run(["bash", "-c", command], check=True, timeout=100, env={"LC_ALL": "C.UTF-8"})
    assert path.read_bytes() == new.encode()


def test_a_line_is_put_in() -> None:
    old = "".join(f"line {number}\n" for number in range(50))
    new = old.replace("line 7\n", "line 7\n    and 'more'\n")
    assert edited(old, new, "x") == "sed -i '9i\\\n    and '\"'\"'more'\"'\"'' x"


@pytest.mark.parametrize(
    ("old", "new"), [("a\nb", "a\nc"), ("a\n", "a"), ("a\n", "b\n"), ("a\nb\n" * 9, "c\nd\n" * 9)]
)
def test_what_is_clearer_as_a_whole_is_not_edited(old: str, new: str) -> None:
    assert edited(old, new, "x") == ""


def test_mode_and_owner_stay(tmp_path: Path) -> None:
    path = tmp_path / "x"
    old = "a long line of text\n" * 20
    path.write_text(old)
    path.chmod(0o750)
    subprocess.run(["bash", "-c", edited(old, old + "more\n", str(path))], check=True, timeout=100)
    assert path.stat().st_mode & 0o777 == 0o750
    assert path.read_text() == old + "more\n"
