"""Parts of the grader, on files written by hand: start-up files, copies of modules, entry points, OpenSSL."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from engine.tasks import grader_files
from engine.tasks.grader import entries, files, loading, programs, startup
from engine.tasks.model import Task
from tests.tasks.conftest import lay

PROFILE = """\
for i in /etc/profile.d/*.sh; do
  if [ -r $i ]; then
    . $i
  fi
done
unset i
"""


def said(check: Any, here: Path, **terms: object) -> list[str]:
    return list(check(terms, str(here)))


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A grader's directory, copied in just now."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here/contract.json").write_text("{}")
    (tmp_path / "here/tests.tar").write_bytes(b"\0" * 10240)
    return tmp_path / "here"


def keep(here: Path, path: Path, text: str) -> str:
    """Let `text` be gold's at `path`."""
    with tarfile.open(here / "tests.tar", "w") as tar:
        info = tarfile.TarInfo(str(path).lstrip("/"))
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text.encode()))
    return str(path)


@pytest.mark.parametrize(
    ("now", "right"),
    [
        (PROFILE, True),
        ("", True),
        ("export LANG=C.UTF-8\n" + PROFILE + "umask 022\nunset PYTHONPATH\n", True),
        (PROFILE + "export PYTHONWARNINGS=default\n", True),
        ("export PATH=/opt/bin:$PATH\n", True),
        ("export http_proxy= no_proxy=\n", False),
        (PROFILE.replace("    . $i\n", "    i=/tmp/x\n    . $i\n"), False),
        (". $i\n", False),
        (PROFILE.replace("for i in /etc/profile.d/*.sh; do\n", ""), False),
        (PROFILE + PROFILE, False),
        ("export PYTHONWARNINGS=ignore::helper.Any\n", False),
        ("export OPENSSL_CONF=/tmp/x\n", False),
        ("export LANG=$(id)\n", False),
        (". /opt/bin/activate\nLC_ALL=C; export LC_ALL\nexport LANG TZ\n", True),
        (". /opt/bin/activate; id\n", False),
        (". /opt/bin/deactivate\n", False),
        ("LC_ALL=C; export LC_ALL; id\n", False),
        ("LC_ALL=C; export PYTHONPATH\n", False),
        ("export LANG PYTHONPATH\n", False),
        ("export -f LANG\n", False),
        ("export PATH=/tmp:$PATH\n", False),
    ],
)  # fmt: skip
def test_a_login_file_is_gold_s_line_for_line(here: Path, tmp_path: Path, now: str, right: bool) -> None:
    path = tmp_path / "profile"
    path.write_text(now)
    text = keep(here, path, PROFILE)
    terms: dict[str, object] = {"python": "/opt/bin/python", "programs": {"/opt/bin/activate": ""}}
    found = said(startup.login, here, texts=[text], login=[text], search=["/opt/bin"], **terms)
    assert [line for line in found if str(path) in line] == [] if right else found


def test_a_login_file_that_was_damaged_before_may_lack_lines(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "profile"
    path.write_text(PROFILE.replace("unset i\n", "").replace("  fi\n", ""))
    text = keep(here, path, PROFILE)
    terms: dict[str, object] = {"texts": [text], "login": [text], "search": []}
    terms |= {"python": "/opt/bin/python", "programs": {}}
    assert any("order" in line for line in said(startup.login, here, **terms))
    monkeypatch.setattr(startup, "fresh", lambda path, start: False)
    assert [line for line in said(startup.login, here, **terms) if str(path) in line] == []


def test_copies_of_modules_go_where_they_could_be_imported(tmp_path: Path, here: Path) -> None:
    kept = ("build/own.py", "build/notes.txt", ".tox/x.ini", "src/a.py", "docs/builds/y.py")
    gone = (".tox/x.py", "build/zz.py", "build/lib/p/__init__.py", "src/venv/v.so", "dist/d.pyc")
    for name in (*kept, *gone):
        (tmp_path / "app" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "app" / name).write_text("")
    (tmp_path / "app/node_modules").symlink_to(tmp_path)
    known = {f"{tmp_path}/app/build/own.py": ""}
    assert said(files.copies, here, roots=[f"{tmp_path}/app"], files=known) == []
    left = {
        path.relative_to(tmp_path / "app").as_posix()
        for path in (tmp_path / "app").rglob("*")
        if path.is_file()
    }
    assert left == set(kept)
    assert not (tmp_path / "app/node_modules").is_symlink()


def test_an_entry_point_may_be_written_by_another_installer(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("python", "python3"):
        (folder / name).symlink_to(sys.executable)
    script, python = folder / "tool", f"{folder}/python"
    contract = {"python": python, "interpreter": os.path.realpath(sys.executable)}
    parts = {"module": "pkg.cli", "name": "main", "call": "main"}
    for gold in entries.ENTRIES:
        was = hashlib.sha256(gold.format(python=python, **parts).encode()).hexdigest()
        for form in entries.ENTRIES:
            for shebang, target, right in (
                (f"{folder}/python3", "pkg.cli", True),
                (python, "pkg.cli", True),
                (sys.executable, "pkg.cli", False),
                (python, "pkg.other", False),
            ):
                script.write_text(form.format(**{**parts, "python": shebang, "module": target}))
                assert entries.same(str(script), was, contract) is right
            script.write_text(form.format(python=python, **parts) + "import os\n")
            assert not entries.same(str(script), was, contract)
    (folder / "python3").unlink()
    (folder / "python3").symlink_to(shutil.which("true") or "/bin/true")
    script.write_text(entries.ENTRIES[0].format(python=f"{folder}/python3", **parts))
    assert not entries.same(str(script), was, contract)


def test_a_program_counts_as_found_only_where_anybody_can_run_it(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir(mode=0o755)
        (folder / "tool").write_text(folder.name)
        (folder / "tool").chmod(0o755)
    terms = {
        "search": [str(first), str(second)],
        "programs": {f"{first}/tool": hashlib.sha256(b"first").hexdigest()},
    }
    assert list(programs._before(terms)) == []
    (first / "tool").chmod(0o700)
    assert list(programs._before(terms)) == [f"{second}/tool takes the place of another program"]
    (first / "tool").chmod(0o755)
    first.chmod(0o700)
    assert len(list(programs._before(terms))) == 1
    terms["search"].reverse()
    assert len(list(programs._before(terms))) == 1


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("[d]\nactivate = 1\n# module = /x\n", True),
        ("openssl_conf = i\n[i]\nproviders = p\n[p]\nd = d\n", True),
        ("[e]\nidentity = /tmp/e\n", False),
        ("[p]\n/tmp/e = e\n", False),
        ("\ufeff.include /tmp/x\n", False),
        ("[e]\nmodule = /opt/e.so\n", False),
        ("[e]\nmod\\\nule = /opt/e.so\n", False),
        ("[e]\ndynamic_path=/opt/e.so\n", False),
        (".include /opt/e.cnf\n", False),
        ("[e]\nmod\\\r\nule = /opt/e.so\n", False),
        ("a = b\\\\\n.include /opt/e.cnf\n", False),
        ("# nothing\n" * 100_000 + "[e]\nmodule = /opt/e.so\n", False),
        ("[e]\nmodule = known.so\n", True),
    ],
)
def test_openssl_loads_no_more_than_it_did(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, right: bool
) -> None:
    path = tmp_path / "openssl.cnf"
    path.write_text(text)
    monkeypatch.setattr(loading, "OPENSSL", (str(path),))
    gold = keep(here, path, "[e]\nmodule = known.so\n")
    found = said(loading.openssl, here, texts=[gold])
    assert found == [] if right else found


def test_the_grader_loads_no_library_it_has_not_compared(task: Task, tmp_path: Path) -> None:
    lay(grader_files.grader(task), tmp_path)
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -I -S -B -v {tmp_path} 4711 3>/dev/null"],
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    loaded = {line.split("'")[1] for line in ran.stderr.splitlines() if "extension module '" in line}
    assert "import 'grader.main'" in ran.stderr
    assert loaded.isdisjoint({"_bz2", "_ctypes", "_hashlib", "_lzma", "_ssl", "zlib"})
