"""`OUT/attempts.jsonl`: what became of every attempt, kept beside the tasks that came of some of them."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.tasks.output import index, locked, translated
from sessions.attempts import Attempt, attempts
from sessions.errors import SessionsError
from sessions.journal import outline
from sessions.library import Library
from sessions.state import fold

FILE = "attempts.jsonl"


def of(journal: Path) -> tuple[Attempt, ...]:
    """The attempts of a session, from its journal."""
    return attempts(fold(outline(journal)))


def refresh(out: Path) -> None:
    """Keep the attempts of all sessions that worked for `out` and whose journals are on this machine.

    Raises:
        OutputError, OutputFull: they cannot be written.
    """
    library = Library()
    for session in sorted(_sessions(out)):
        with contextlib.suppress(SessionsError):
            keep(out, of(library.journal_path(session)))


def _sessions(out: Path) -> set[str]:
    """Those that made its tasks, and those of headless runs, which may have made none."""
    found = {str(line.get("session", "")) for line in index(out)}
    for mark in out.glob(".cligym/*/session.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found.add(str(json.loads(mark.read_bytes())["session"]))
    return found


def keep(out: Path, made: Sequence[Attempt]) -> None:
    """Put the attempts of a session in the place of what is kept of it.

    Raises:
        OutputError, OutputFull: they cannot be written.
    """
    sessions = {attempt.session for attempt in made}
    with translated(out), locked(out):
        whole = [*(each for each in load(out) if each.session not in sessions), *made]
        fresh = out / f".{FILE}.{os.getpid()}"
        fresh.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in whole))
        fresh.replace(out / FILE)


def load(out: Path) -> list[Attempt]:
    """What is kept, in the order it was; lines that are none are left out.

    Raises:
        OutputError: it cannot be read.
    """
    found = []
    with translated(out), contextlib.suppress(FileNotFoundError), (out / FILE).open("rb") as file:
        for line in file:
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                found.append(msgspec.json.decode(line, type=Attempt))
    return found
