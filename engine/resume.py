"""Where a headless run stands: its session, and what an earlier run of the same order has done already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.agents.campaign import Campaign, outcomes
from engine.commit import program_version
from engine.errors import GoldError
from engine.faults.catalogue import faults
from engine.faults.facts import Facts
from engine.gold import store
from engine.gold.model import Gold
from engine.sandbox.delta import Tree
from engine.sandbox.manifest import unpack
from engine.tasks import output
from sessions import events
from sessions.errors import SessionUnknown
from sessions.journal import read
from sessions.library import Library, Session
from sessions.state import State, fold

MARKS = ".cligym"
"""Directory in an output directory that says which sessions have worked for it."""


class Mark(msgspec.Struct, frozen=True):
    """One order's session, as `OUT/.cligym/<gold>.json` keeps it."""

    session: str
    gold: str
    image: str
    agent: str
    seed: int


@dataclass(frozen=True)
class Place:
    """Everything a run begins from."""

    gold: Gold
    tree: Tree
    session: Session
    campaign: Campaign
    attempts: int
    """Attempts begun by earlier runs."""
    out: Path
    tasks: tuple[Path, ...]
    """Tasks of this gold environment that are in `out`, oldest first."""


@contextmanager
def take_up(name: str, out: Path, agent: str, seed: int) -> Iterator[Place]:
    """The place of an order: its earlier session reopened when the order is the same, else a new one.

    The order is the same when gold image, agent and seed are. Tasks in `out` count either way.

    Raises:
        UsageError: no such gold environment.
        GoldError: it lacks what the agent needs.
        OutputError: `out` cannot be written.
        JournalLocked: another process is at work on it.
    """
    gold = store.load(name)
    directory = output.prepare(out)
    output.reconcile(directory)
    tasks = tuple(directory / line["path"] for line in output.index(directory) if line["gold"] == gold.name)
    mark = Mark("", gold.name, gold.image, agent, seed)
    marks = directory / MARKS / f"{gold.name}.json"
    session, before = _reopened(_read(marks), mark)
    try:
        _write(marks, msgspec.structs.replace(mark, session=session.id))
        campaign = Campaign(faults(_facts(gold)), len(gold.baseline), seed)
        if before is None:
            session.journal.append(
                events.SessionStarted(
                    session=session.id,
                    gold=gold.name,
                    image=gold.image,
                    agent=agent,
                    seed=seed,
                    version=program_version(),
                    tests=gold.baseline,
                )
            )
            attempts = 0
        else:
            state, happened = before
            attempts = len(state.branches)
            for outcome in outcomes(happened).values():
                campaign.recall(outcome)
            left = tuple(branch.id for branch in state.branches.values() if branch.open)
            session.journal.append(events.SessionResumed(abandoned=left))
        tree = unpack(store.blobs(gold.name).get(gold.manifest))
        yield Place(gold, tree, session, campaign, attempts, directory, tasks)
    finally:
        session.close()


def _reopened(mark: Mark | None, wanted: Mark) -> tuple[Session, tuple[State, list[events.Event]] | None]:
    library = Library()
    if mark is not None and msgspec.structs.replace(mark, session="") == wanted:
        try:
            session = library.open(mark.session)
        except SessionUnknown:
            return library.create(), None
        bulk = (events.ShellOutput, events.TestReported)
        happened = [one for one in read(library.journal_path(mark.session)) if not isinstance(one, bulk)]
        if happened:
            return session, (fold(happened), happened)
        return session, None
    return library.create(), None


def _facts(gold: Gold) -> Facts:
    if not gold.facts:
        raise GoldError(f"the gold environment {gold.name} was built without a probe", "build it again")
    return msgspec.msgpack.decode(store.blobs(gold.name).get(gold.facts), type=Facts)


def _read(path: Path) -> Mark | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Mark)
    except (OSError, msgspec.MsgspecError):
        return None


def _write(path: Path, mark: Mark) -> None:
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(mark) + b"\n")
    fresh.replace(path)
