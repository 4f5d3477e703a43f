"""What comes out of a sandbox's control stream, whatever was written into it."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sandbox.records import Answer, Began, Left, Prompt, Records, exports

NONCE = "0123456789abcdef"
EXPORTS = 'declare -x A="b\\"c"\ndeclare -x N="1\n2"\ndeclare -x U\n'
REPORT = f"\nP {NONCE} 7 130 4 /tmp/a b\x01c\n0022\n{EXPORTS}E {NONCE}\n"
PROMPT = Prompt(7, 130, 4, "/tmp/a b\nc", "0022", {"A": 'b"c', "N": "1\n2"})


def test_a_report_and_an_answer() -> None:
    records = Records(NONCE)
    assert records.feed(REPORT.encode() + b"\nC 1f S 7 7 do_wait\n") == [
        PROMPT,
        Answer("1f", "S 7 7 do_wait"),
    ]


def test_the_first_process_and_the_end_of_its_shell() -> None:
    records = Records(NONCE)
    told = f"\nS {NONCE} 7:1234\n\nX {NONCE}\n"
    assert records.feed(told.encode()) == [Began("7:1234"), Left()]
    assert records.feed(told.replace(NONCE, "f" * 16).encode()) == []
    cut = REPORT[: REPORT.index("declare -x N")]
    assert records.feed(f"{cut}\nX {NONCE}\n{REPORT}".encode()) == [Left(), PROMPT]


@given(st.lists(st.integers(0, 200), max_size=5))
def test_pieces_of_any_size_make_the_same_records(cuts: list[int]) -> None:
    data = REPORT.encode() + b"\nC 1f\n" + REPORT.encode()
    records, found, last = Records(NONCE), [], 0
    for cut in [*sorted(cuts), len(data)]:
        found += records.feed(data[last : max(cut, last)])
        last = max(cut, last)
    assert found == [PROMPT, Answer("1f", ""), PROMPT]


@given(st.binary(max_size=2000))
def test_no_bytes_are_an_error_or_a_report(data: bytes) -> None:
    records = Records(NONCE)
    found = records.feed(data)
    assert not [each for each in found if isinstance(each, Prompt)]
    records.feed(b"\n")
    assert records.feed(REPORT.encode()) == [PROMPT], "and the next report is understood"


def test_a_report_with_another_word_is_none() -> None:
    records = Records(NONCE)
    assert records.feed(REPORT.replace(NONCE, "f" * 16).encode()) == []
    assert records.feed(b"P\nP \nP x\nP x 1 2\nE x\nE\n\n") == []
    assert records.feed(f"P {NONCE} pid code n /\nE {NONCE}\n".encode()) == []


def test_a_flood_takes_no_memory() -> None:
    records = Records(NONCE)
    for _ in range(8):
        assert records.feed(b"x" * (1 << 20)) == []
    assert len(records._rest) <= 2 << 20
    records.feed(f"\nP {NONCE} 1 0 1 /\n".encode())
    for _ in range(8):
        records.feed(b"y\n" * (1 << 18))
    assert sum(map(len, records._body)) < 2 << 20
    records.feed(f"E {NONCE}\n".encode())
    assert records.feed(REPORT.encode()) == [PROMPT]


VALUES = st.dictionaries(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
        lambda name: (
            name.upper() not in ("PWD", "OLDPWD", "SHLVL", "LANG")
            and not name.upper().startswith(("BASH", "LC_"))
        )
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=40),
    max_size=6,
)


@pytest.mark.parametrize("shell", ["bash", "busybox"])
@given(values=VALUES)
def test_exports_are_what_the_shell_holds(shell: str, values: dict[str, str]) -> None:
    program = shutil.which(shell)
    assert program
    argv = [program, "--norc", "-c", "export -p"] if shell == "bash" else [program, "ash", "-c", "export -p"]
    said = subprocess.run(argv, env={"LANG": "C.UTF-8", **values}, capture_output=True, check=True)
    found = exports(said.stdout.decode("utf-8"))
    assert {name: found.get(name) for name in values} == values
