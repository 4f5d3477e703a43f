"""A hint says where, and at most where; the report around it stays what it was."""

from __future__ import annotations

import pytest

from engine.hints import ELSEWHERE, KINDS, LEVELS, PLACES, STRONG, WEAK, hints, how, place
from engine.sandbox.delta import Entry
from engine.statement import LONGEST, SHORTEST, check, write
from tests.test_statement import CASES, failing, gold

FILE, OTHER = Entry("file", 0o644, size=1, digest="aa"), Entry("file", 0o644, size=1, digest="bb")
LINK = Entry("symlink", 0o777, target="a")
CLICK = "/opt/venv/lib/python3.11/site-packages/click"


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        (FILE, None, "removed"),
        (None, FILE, "added"),
        (FILE, OTHER, "changed"),
        (FILE, LINK, "changed"),
        (LINK, Entry("symlink", 0o777, target="b"), "link"),
        (FILE, Entry("file", 0, size=1, digest="aa"), "mode"),
        (FILE, Entry("file", 0o644, 7, size=1, digest="aa"), "owner"),
        (FILE, Entry("file", 0o644, size=1, digest="aa", mtime=9), "times"),
    ],
)
def test_what_happened(was: Entry | None, now: Entry | None, kind: str) -> None:
    assert how(was, now) == kind
    assert kind in KINDS


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{CLICK}/core.py", "the installed Python packages"),
        ("/opt/venv/bin/pytest", "the virtual environment"),
        ("/usr/lib/python3.11/json/decoder.py", "the standard library of Python"),
        ("/usr/lib/x86_64-linux-gnu/libz.so.1", "the shared libraries of the system"),
        ("/lib", "the shared libraries of the system"),
        ("/bin/sh", "the programs of the system"),
        ("/etc/profile.d/x.sh", "the set-up of login shells"),
        ("/home/dev/.bashrc", "the set-up of login shells"),
        ("/home/dev/data", "somebody's home directory"),
        ("/etc/hosts", "the network settings"),
        ("/etc/thing.conf", "the configuration of the system"),
        ("/tmp", "the directories for temporary files"),
        ("/library", ELSEWHERE),
    ],
)
def test_where_it_happened(path: str, name: str) -> None:
    assert place(path) == name


def test_bytecode_that_went_along_is_not_what_it_is_about() -> None:
    tree = {f"{CLICK}/core.py": FILE, f"{CLICK}/__pycache__/core.cpython-311.pyc": FILE}
    delta = {f"{CLICK}/core.py": OTHER, f"{CLICK}/__pycache__/core.cpython-311.pyc": None}
    for seed in "abcdef":
        told = hints(tree, delta, seed=seed)
        assert all(KINDS["changed"] in text for text in told.values())
        assert f"`{CLICK}/core.py`" in told[STRONG]
        assert "core" not in told[WEAK]


def test_of_many_paths_the_directory_is_named() -> None:
    delta = {f"{CLICK}/{name}.py": None for name in "abcd"} | {"/etc/added": FILE, "/srv/`x`\n": None}
    told = hints({path: FILE for path in delta if path != "/etc/added"}, delta, seed="a")[STRONG]
    assert f"`{CLICK}` and `/etc/added`" in told


def test_what_is_in_a_new_directory_says_more_than_the_directory() -> None:
    delta = {"/opt/new": Entry("dir", 0o755), "/opt/new/json.py": FILE, "/etc/profile.d/new.sh": FILE}
    told = hints({"/etc/profile.d": Entry("dir", 0o755)}, delta, seed="a")
    assert "`/opt/new/json.py` and `/etc/profile.d/new.sh`" in told[STRONG]


def test_what_was_there_before_comes_before_what_was_merely_added() -> None:
    delta = {"/etc/x": FILE, "/usr/share/zoneinfo/Europe/Paris": None}
    told = hints({"/usr/share/zoneinfo/Europe/Paris": FILE}, delta, seed="a")
    assert "`/usr/share/zoneinfo/Europe/Paris` and `/etc/x`" in told[STRONG]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(6))
def test_reports_with_a_hint_are_as_long_as_those_without(case: str, seed: int) -> None:
    report, delta, failing, _ = CASES[case]
    tree = {path: FILE for path, entry in delta.items() if entry is None}
    things = gold()
    told = hints(tree, delta, seed=str(seed))
    assert ("none", *told) == LEVELS
    for level, hint in told.items():
        text = write(things, report, things.baseline[:failing], delta, seed=str(seed), hint=hint)
        assert hint in text
        assert SHORTEST <= len(text.split()) <= LONGEST
        assert check(text, ["rm -rf /etc/thing.yaml"], sorted(delta) if level == WEAK else ()) == []


def test_every_place_can_be_said_of_something() -> None:
    assert len({name for _, name in PLACES}) == len(PLACES)


@pytest.mark.parametrize("hint", ["", "word " * 40])
def test_output_makes_room_for_the_words_around_it(hint: str) -> None:
    report = failing(*(f"E{number} {'y ' * 70}" for number in range(10)))
    for seed in range(8):
        text = write(gold(), report, gold().baseline[:10], {}, seed=str(seed), hint=hint.strip())
        assert len(text.split()) <= LONGEST
        assert hint.strip() in text
