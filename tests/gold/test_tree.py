from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from engine.errors import GoldError
from engine.gold import tree
from engine.gold.tree import Member, ProjectTree, from_directory


def make(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"# {path}\n")


def test_caches_builds_and_version_control_stay_out(tmp_path: Path) -> None:
    make(
        tmp_path,
        "pkg/a.py",
        "pkg/__pycache__/a.cpython-311.pyc",
        ".pytest_cache/v/x",
        ".hg/store",
        "pkg.egg-info/PKG-INFO",
        "env/pyvenv.cfg",
        "env/lib/site.py",
        "build/lib/pkg/a.py",
        "dist/pkg-1.tar.gz",
        "docs/build/index.txt",
        ".coverage",
    )
    assert list(from_directory(tmp_path)) == ["docs/build/index.txt", "pkg/a.py"]


def test_a_build_directory_with_sources_is_the_projects(tmp_path: Path) -> None:
    make(tmp_path, "build/recipe.py", "build/lib.py")
    assert "build/recipe.py" in from_directory(tmp_path)


def test_a_checkout_gives_what_git_would_take(tmp_path: Path) -> None:
    make(tmp_path, "kept.py", "new.py", "gone.py", "secret.env", "out/big.bin", "é ü.py")
    (tmp_path / ".gitignore").write_text("*.env\nout/\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "kept.py", "gone.py", ".gitignore"], cwd=tmp_path, check=True)
    (tmp_path / "gone.py").unlink()
    assert list(from_directory(tmp_path)) == [".gitignore", "kept.py", "new.py", "é ü.py"]


def test_a_directory_inside_a_checkout_is_one_too(tmp_path: Path) -> None:
    make(tmp_path, "sub/kept.py", "sub/secret.env")
    (tmp_path / ".gitignore").write_text("*.env\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert list(from_directory(tmp_path / "sub")) == ["kept.py"]


def test_a_directory_that_git_ignores_counts_whole(tmp_path: Path) -> None:
    make(tmp_path, "sub/kept.py")
    (tmp_path / ".gitignore").write_text("*\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert list(from_directory(tmp_path / "sub")) == ["kept.py"]


def test_a_repositorys_settings_run_no_program(tmp_path: Path) -> None:
    make(tmp_path, "a.py")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(
        ["git", "config", "core.fsmonitor", f"touch {tmp_path}/ran; false"], cwd=tmp_path, check=True
    )
    assert list(from_directory(tmp_path)) == ["a.py"]


def test_links_are_kept_and_never_followed(tmp_path: Path) -> None:
    make(tmp_path, "a.py")
    (tmp_path / "out").symlink_to("/etc")
    (tmp_path / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    found = from_directory(tmp_path)
    assert list(found) == ["a.py", "out", "passwd"]
    assert found["passwd"] == Member(target="/etc/passwd", mtime=found["passwd"].mtime)


def test_an_unpacked_source_distribution_keeps_its_list_for_building(tmp_path: Path) -> None:
    make(tmp_path, "PKG-INFO", "a.py", "src/p.egg-info/SOURCES.txt", "src/p.egg-info/PKG-INFO")
    found = from_directory(tmp_path)
    assert list(found) == ["PKG-INFO", "a.py"]
    assert list(found.packed) == ["src/p.egg-info/SOURCES.txt"]
    (tmp_path / "PKG-INFO").unlink()
    assert not from_directory(tmp_path).packed


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.py", "b.py")
    monkeypatch.setattr(tree, "MAX_FILES", 0)
    with pytest.raises(GoldError, match="files"):
        from_directory(tmp_path)


def test_times_change_neither_digest_nor_order() -> None:
    one = ProjectTree({"b": Member(b"2", mtime=5), "a": Member(b"1")})
    two = ProjectTree({"a": Member(b"1", mtime=9), "b": Member(b"2")})
    assert one.digest == two.digest
    assert one.digest != ProjectTree({"a": Member(b"1"), "b": Member(b"2", executable=True)}).digest
    assert ProjectTree({"a": Member(b"1b")}).digest != ProjectTree({"a1": Member(b"b")}).digest


def test_the_tar_is_the_same_every_time_and_owned_by_the_user() -> None:
    project = ProjectTree({"p/a.py": Member(b"x", mtime=7), "run": Member(b"y", "", True, 8)})
    assert project.tar(1000) == project.tar(1000)
    with tarfile.open(fileobj=io.BytesIO(project.tar(1000))) as tar:
        seen = {info.name: (oct(info.mode), info.uid, info.mtime) for info in tar}
    assert seen == {"p": ("0o755", 1000, 8), "p/a.py": ("0o644", 1000, 7), "run": ("0o755", 1000, 8)}
