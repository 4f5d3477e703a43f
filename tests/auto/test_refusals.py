"""What a headless run cannot begin with: one line, what to do, the exit code, a result, and nothing left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.auto.conftest import Start

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def broken(probed: Path) -> None:
    """Beside the small gold environment, one whose image is gone and one whose record is damaged."""
    record = (probed / "golds/tiny/gold.json").read_text()
    image = record[record.index('"sha256:') + 8 :][:64]
    for name, text in (("gone", record.replace(image, "0" * 64)), ("damaged", record)):
        shutil.copytree(probed / "golds/tiny", probed / "golds" / name)
        (probed / "golds" / name / "gold.json").write_text(
            text.replace('"name": "tiny"', f'"name": "{name}"')
        )
    shutil.rmtree(probed / "golds/damaged/blobs")


NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/engine.sock"}

REFUSALS = [
    pytest.param("nothing", "out", {}, 2, "there is no gold environment 'nothing'", "tiny", id="unknown"),
    pytest.param("a/b", "out", {}, 2, "'a/b' cannot be the name", "lower case letters", id="slash"),
    pytest.param("x" * 300, "out", {}, 2, "cannot be the name of a gold", "at most 64", id="long"),
    pytest.param(
        "gone", "out", {}, 2, "the image of the gold environment gone is not", "--name gone", id="gone"
    ),
    pytest.param(
        "damaged", "out", {}, 2, "the record of the gold environment damaged", "build", id="damaged"
    ),
    pytest.param("tiny", "", {}, 2, "--out: it is empty", "--help", id="empty"),
    pytest.param("tiny", "file", {}, 2, "Not a directory", "--out", id="file"),
    pytest.param("tiny", "/proc/x", {}, 2, "cannot write to /proc/x", "--out", id="unwritable"),
    pytest.param("tiny", "y" * 300, {}, 2, "File name too long", "--out", id="too long"),
    pytest.param(
        "tiny", "out", NO_ENGINE, 3, "the Docker Engine does not answer", "start Docker", id="engine"
    ),
]


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(("name", "out", "environment", "code", "error", "hint"), REFUSALS)
def test_a_run_that_cannot_begin(
    start: Start,
    home: Path,
    tmp_path: Path,
    name: str,
    out: str,
    environment: dict[str, str],
    code: int,
    error: str,
    hint: str,
) -> None:
    (tmp_path / "file").touch()
    before = sessions(home)
    run = start("--out", out, gold=name, **environment)
    ended, said = run.end()
    assert ended == run.result["exit_code"] == code
    first, second = said.splitlines()
    assert first.startswith("error: ")
    assert error in first
    assert error in run.result["detail"]
    assert hint in second
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert sessions(home) == before


def sessions(home: Path) -> set[str]:
    return {path.name for path in home.glob("sessions/*")}
