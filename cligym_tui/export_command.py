"""`export`: a recorded session, or one branch of it, in a format of other programs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cligym_tui import diagnostics, output
from cligym_tui.exits import ExitCode
from cligym_tui.replay_command import journal
from engine import clean
from engine.errors import OutputError, UsageError
from sessions.exports.cast import cast
from sessions.exports.jsonl import jsonl
from sessions.lineage import lineage
from sessions.replay import Player

if TYPE_CHECKING:
    import argparse

    from sessions.recording import Recording

CHUNK: Final = 1 << 16
"""Bytes written at once."""


def run(asked: argparse.Namespace) -> ExitCode:
    """Write what was asked for.

    Raises:
        UsageError: the session has no such branch or step.
        OutputError: the file cannot be written.
        JournalUnreadable, JournalCorrupt, JournalNewer: the journal cannot be read.
    """
    with Player(journal(asked.session)) as player:
        branch = _branch(player.recording, asked.branch or "", needed=asked.kind != "jsonl")
        index = _index(player, branch, asked.at)
        pieces = _pieces(player.recording, asked.kind, branch, index)
        if asked.output is None or asked.output == "-":
            _print(pieces)
        else:
            _write(Path(os.path.expanduser(asked.output)), pieces)
    return ExitCode.GOAL


def _pieces(recording: Recording, wanted: str, branch: str, index: int) -> Iterator[bytes]:
    match wanted:
        case "cast":
            return cast(recording, branch, index)
        case "jsonl":
            return jsonl(recording, index, branch)
        case "svg":
            from cligym_tui.picture import svg

            title = clean.line(f"{recording.state.gold} {branch}", 100)
            return iter([svg(recording, branch, index, title).encode()])
        case _:
            return iter([_dockerfile(recording, branch, index).encode()])


def _dockerfile(recording: Recording, branch: str, index: int) -> str:
    from cligym_tui.screen.recipe import text
    from sessions.state import fold

    nearest = recording.keyframe(index)
    state = fold(recording.slice(nearest.index, index), nearest.state)
    return text(state, lineage(state, branch))


def _branch(recording: Recording, asked: str, *, needed: bool) -> str:
    """The branch that is meant: of several, the last that became a task, else the last with a step."""
    branches = recording.state.branches
    if asked:
        if asked not in branches:
            raise UsageError(f"the session has no branch {asked[:80]!r}", _there_are(list(branches)))
        return asked
    if not needed:
        return ""
    if not branches:
        raise UsageError("the session has no branch yet", "export it once something has happened in it")
    committed = [task.branch for task in recording.state.tasks if task.branch in branches]
    stepped = [name for name, branch in branches.items() if branch.steps]
    chosen = (committed or stepped or list(branches))[-1]
    if len(branches) > 1:
        diagnostics.note(f"branch {chosen} of {len(branches)}; choose with --branch")
    return chosen


def _there_are(names: list[str]) -> str:
    some = ", ".join(clean.line(name, 40) for name in names[:8]) or "none"
    return f"there {'is' if len(names) == 1 else 'are'} {some}{', ...' if len(names) > 8 else ''}"


def _index(player: Player, branch: str, step: int | None) -> int:
    if step is None:
        return len(player.recording)
    if not player.seek_step(step, branch):
        of = f"branch {clean.line(branch, 40)}" if branch else "the session"
        raise UsageError(f"{of} has no step {step}", "`cligym-tui replay` shows what there is")
    return player.index


def _print(pieces: Iterable[bytes]) -> None:
    for chunk in _chunks(pieces):
        output.raw(chunk)


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that appears when it is whole; through a link it is the file that the link means."""
    temporary: Path | None = None
    try:
        if path.exists() and not path.is_file():
            # A pipe or a device is written to; a file in its place would be another thing of the same name.
            with path.open("wb") as there:
                there.writelines(_chunks(pieces))
            return
        path = Path(os.path.realpath(path))
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name[:100]}.", delete=False
        ) as file:
            temporary = Path(file.name)
            for chunk in _chunks(pieces):
                file.write(chunk)
            umask = os.umask(0)
            os.umask(umask)
            os.fchmod(file.fileno(), 0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}", "name a file that can be written with -o"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) >= CHUNK:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)
