"""Where a headless run stands: its session, and what earlier runs have done already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.agents.campaign import Campaign, Outcome, outcomes
from engine.commit import program_version
from engine.errors import OutputError
from engine.faults.catalogue import faults
from engine.gold import large, store
from engine.gold.model import Gold
from engine.sandbox.delta import Tree
from engine.tasks import output
from sessions import events
from sessions.errors import JournalLocked, SessionUnknown
from sessions.journal import outline
from sessions.library import Library, Session
from sessions.lock import SessionLock
from sessions.state import fold

MARKS = ".cligym"
"""Directory in an output directory with one for each gold environment that is or was at work there."""
MARK = "session.json"
"""File in it that says which session."""

Watch = Callable[[events.Event], None]


class Mark(msgspec.Struct, frozen=True):
    """One order's session, as `OUT/.cligym/<gold>/session.json` keeps it."""

    session: str
    gold: str
    image: str
    agent: str
    seed: int


class Listed(msgspec.Struct, frozen=True):
    """What counts here of a task's line in the index."""

    id: str
    gold: str
    session: str = ""
    branch: str = ""
    step: int = 0
    families: tuple[str, ...] = ()
    f2p: int = 0
    p2p: int = 0


class _Step(msgspec.Struct, frozen=True):
    operator: str = ""
    target: str = ""


class _Proof(msgspec.Struct, frozen=True):
    """What counts here of a task's `proof.json`."""

    f2p: frozenset[str] = frozenset()
    steps: tuple[_Step, ...] = ()


@dataclass(frozen=True)
class Place:
    """Everything a run begins from."""

    gold: Gold
    tree: Tree
    session: Session
    campaign: Campaign
    attempts: int
    """Number of the first attempt that no earlier run has begun."""
    out: Path
    tasks: tuple[Path, ...]
    """Tasks of this gold environment that are in `out`, oldest first."""


def branch_name(number: int) -> str:
    """What the branch of an attempt is called."""
    return f"a{number:04d}"


def _next_number(branches: Iterable[str]) -> int:
    # Not how many there are: of two begun at once, the second may have been the only one to get a branch.
    numbers = [int(name[1:]) for name in branches if re.fullmatch(r"a[0-9]{4,9}", name)]
    return max(numbers, default=-1) + 1


@contextmanager
def take_up(
    name: str, out: Path, agent: str, seed: int, watch: Watch = lambda event: None
) -> Iterator[Place]:
    """The place of an order: its earlier session reopened when the order is the same, else a new one.

    The order is the same when gold image, agent and seed are. Tasks in `out` count either way. `watch` is
    told every event of the session from here on, and before them what the session began with.

    Raises:
        UsageError: no such gold environment.
        GoldBroken: its record lacks what is needed.
        OutputError: `out` cannot be written, or another run is at work there on the same gold environment.
        JournalCorrupt, JournalNewer: the earlier session cannot be continued.
    """
    gold = store.load(name)
    facts, tree = large.facts(gold), large.tree(gold)
    directory = output.prepare(out)
    with _alone(directory, gold.name) as place:
        tasks = _listed(output.reconcile(directory), gold.name)
        mark = Mark("", gold.name, gold.image, agent, seed)
        session, happened = _reopened(place, mark)
        try:
            with output.translated(directory):
                _write(place, msgspec.structs.replace(mark, session=session.id))
            campaign = Campaign(faults(facts), len(gold.baseline), seed)
            for task in tasks:
                if task.session != session.id:
                    campaign.recall(_proved(directory / "harbor" / task.id))
            if happened:
                attempts = _continued(session, happened, tasks, directory, campaign, watch)
            else:
                attempts = _started(session, gold, mark, watch)
            paths = tuple(directory / "harbor" / task.id for task in tasks)
            yield Place(gold, tree, session, campaign, attempts, directory, paths)
        finally:
            session.close()


@contextmanager
def _alone(directory: Path, gold: str) -> Iterator[Path]:
    """Where the mark of a gold environment lies; nobody else works there on it meanwhile."""
    place = directory / MARKS / gold
    with output.translated(directory):
        place.mkdir(parents=True, exist_ok=True)
    try:
        lock = SessionLock(place)
    except JournalLocked as locked:
        who = f"process {locked.pid}" if locked.pid else "another process"
        raise OutputError(
            f"{directory} is in use by {who}, which makes tasks of {gold} there",
            "wait until it has ended, or name another --out",
        ) from locked
    with lock:
        yield place


def _reopened(place: Path, wanted: Mark) -> tuple[Session, list[events.Event]]:
    """The session of an earlier run of the same order with what happened in it, else a new one."""
    library = Library()
    with suppress(OSError, msgspec.MsgspecError, SessionUnknown):
        mark = msgspec.json.decode((place / MARK).read_bytes(), type=Mark)
        if msgspec.structs.replace(mark, session="") == wanted:
            session = library.open(mark.session)
            return session, list(outline(session.journal.path))
    return library.create(), []


def _write(place: Path, mark: Mark) -> None:
    fresh = place / f"{MARK}.new"
    fresh.write_bytes(msgspec.json.encode(mark) + b"\n")
    fresh.replace(place / MARK)


def _started(session: Session, gold: Gold, mark: Mark, watch: Watch) -> int:
    session.journal.subscribe(watch)
    session.journal.append(
        events.SessionStarted(
            session=session.id,
            gold=gold.name,
            image=gold.image,
            agent=mark.agent,
            seed=mark.seed,
            version=program_version(),
            tests=gold.baseline,
        )
    )
    return 0


def _continued(
    session: Session,
    happened: list[events.Event],
    tasks: Iterable[Listed],
    directory: Path,
    campaign: Campaign,
    watch: Watch,
) -> int:
    """Go on with a session; the number of its next attempt."""
    state = fold(happened)
    if isinstance(happened[0], events.SessionStarted):
        watch(happened[0])
    session.journal.subscribe(watch)
    left = tuple(branch.id for branch in state.branches.values() if branch.open)
    session.journal.append(events.SessionResumed(abandoned=left))
    told = {task.id for task in state.tasks}
    for task in tasks:
        if task.session == session.id and task.id not in told:
            # The process was killed when the directory was there and no word of it yet.
            committed = events.TaskCommitted(
                branch=task.branch,
                step=task.step,
                task=task.id,
                path=str(directory / "harbor" / task.id),
                families=task.families,
                f2p=task.f2p,
                p2p=task.p2p,
            )
            happened.append(session.journal.append(committed))
    for outcome in outcomes(happened).values():
        campaign.recall(outcome)
    return _next_number(state.branches)


def _listed(lines: Iterable[object], gold: str) -> tuple[Listed, ...]:
    """The tasks of a gold environment among the index's lines, which anybody may have written."""
    found = []
    for line in lines:
        with suppress(msgspec.ValidationError):
            found.append(msgspec.convert(line, Listed))
    return tuple(task for task in found if task.gold == gold)


def listed(out: Path, gold: str) -> list[tuple[str, str]]:
    """Family and nothing more of the tasks of a gold environment that are in `out`."""
    return [(task.families[0] if task.families else "", "") for task in _listed(output.index(out), gold)]


def _proved(task: Path) -> Outcome:
    """What made a task that is of another session: it is not to be made again."""
    with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
        proof = msgspec.json.decode((task / "proof.json").read_bytes(), type=_Proof)
        made = tuple(f"{step.operator}:{step.target}" for step in proof.steps if step.operator)
        return Outcome(made, broken=proof.f2p, committed=True)
    return Outcome()
