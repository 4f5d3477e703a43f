"""Who works on the branches of a session with an operator: new agents, and those of an earlier process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.agents.expedition import Expedition
from engine.agents.model import Steerable
from engine.agents.roaming import Roaming
from engine.agents.wishes import Reader
from engine.crew import remembered
from engine.exploration import Moment
from engine.faults.catalogue import faults
from engine.faults.model import Fault
from engine.gold import large
from engine.gold.model import Gold
from engine.ledger import Steps
from engine.models.conversation import rebuilt
from engine.models.reach import Minds
from engine.models.service import Service
from engine.resume import listed
from engine.writer import Writer
from sessions import events
from sessions.lineage import lineage
from sessions.model import State
from sessions.state import fold


@dataclass(frozen=True)
class Cast:
    """Makes agents."""

    new: Callable[[str], Steerable]
    """The agent of a branch from gold, given its name."""
    again: Callable[[str, Sequence[Moment]], Steerable]
    """The agent of a branch of an earlier process, given its name and where the branch stood."""
    faults: Mapping[str, Fault] = field(default_factory=dict)
    """The catalogue's, by key, where it is what they work from."""
    writer: Writer | None = None
    """Who says what a task's statement says; nobody for our own words."""


def saboteurs(gold: Gold, seed: int, happened: Sequence[events.Event] = ()) -> Cast:
    """The catalogue's agents; raises as `large.facts`."""
    known = tuple(faults(large.facts(gold)))
    reader = Reader(tuple(gold.versions), gold.baseline)
    state = fold(happened)

    def new(branch: str) -> Roaming:
        return Roaming(known, reader, len(gold.baseline), seed)

    def again(branch: str, past: Sequence[Moment]) -> Roaming:
        agent = new(branch)
        agent.recall(lineage(state, branch), _words(state, branch))
        return agent

    return Cast(new, again, {fault.key: fault for fault in known})


def _words(state: State, branch: str) -> list[str]:
    """What the operator has told a branch, and those it forks from, oldest first."""
    told: list[tuple[float, str]] = []
    for name in {branch, *(step.branch for step in lineage(state, branch))}:
        line = state.branches[name]
        told += [(one.at, one.text) for one in line.guidance if one.delivered]
        told += [(step.proposed, step.reason) for step in line.steps.values() if step.reason]
    return [text for _, text in sorted(told)]


def models(
    gold: Gold,
    seed: int,
    service: Service,
    minds: Minds,
    out: Path,
    max_steps: int | None,
    happened: Sequence[events.Event] = (),
) -> Cast:
    """Models, for as long as their service is there, which knows what happened."""
    # A branch's own limit is the supervisor's, who says so and waits.
    expedition = Expedition(
        gold,
        large.facts(gold),
        service,
        minds,
        seed,
        0,
        steps=Steps(max_steps),
        held=listed(out, gold.name),
    )
    remembered(happened, expedition)

    def again(branch: str, past: Sequence[Moment]) -> Steerable:
        talk = rebuilt(happened, branch, service.note)
        if talk is None:
            return expedition.agent(branch)
        broken = {one.step: one.report.broken(gold.baseline) for one in past if one.report is not None}
        return expedition.again(talk, broken)

    return Cast(expedition.agent, again, writer=Writer(service, minds.model))
