"""`sessions` and `resume` on journals that this program cannot read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cligym_tui.home_command import resume
from sessions.errors import JournalCorrupt, JournalNewer
from tests.cli.conftest import Run


@pytest.fixture
def journals(state: Path) -> Path:
    """Two sessions: what a later version wrote, and what nobody did."""
    for name, text in (("newer", '{"v":99,"app":"cligym-tui"}\n'), ("wrong", "hello\n")):
        path = state / "sessions" / name / "events.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return state / "sessions"


def test_what_a_newer_version_wrote_is_listed_as_that(cli: Run, journals: Path) -> None:
    done = cli("sessions")
    assert (done.returncode, done.stderr) == (0, "")
    wrong, newer = done.stdout.splitlines()[1:]
    assert wrong.split()[:2] == ["wrong", "damaged"]
    assert newer.startswith("newer    of a newer version ")
    assert newer.endswith("28 bytes")
    told = {each["id"]: each for each in json.loads(cli("sessions", "--json").stdout)}
    assert (told["wrong"]["state"], told["newer"]["state"], told["newer"]["size"]) == ("damaged", "newer", 28)


def test_it_is_not_gone_on_with_and_why(journals: Path) -> None:
    with pytest.raises(JournalNewer, match="has format version 99; this program reads up to"):
        resume("newer")
    with pytest.raises(JournalCorrupt):
        resume("wrong")
