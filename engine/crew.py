"""Who works for a headless run: agents for its branches, that learn from what became of the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from engine.agents.campaign import Campaign, Exhausted
from engine.agents.expedition import PURPOSE, Expedition
from engine.agents.model import Agent
from engine.agents.saboteur import Saboteur
from engine.models.conversation import Conversation, rebuilt
from engine.models.service import Note
from sessions import events
from sessions.model import Branch
from sessions.state import fold


class Crew(Protocol):
    """Makes the agents."""

    idle: str
    """Why there are no more of them, once there are none."""

    def begin(self, number: int, branch: str) -> Agent | None:
        """The agent of attempt `number`; None when there is nothing to try."""

    def end(self, number: int, agent: Agent, *, committed: bool) -> None:
        """Learn from an attempt; called in order."""


class Saboteurs:
    """The catalogue's."""

    idle = "every fault that fits this gold environment has been tried"

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign

    def begin(self, number: int, branch: str) -> Agent | None:
        """See `Crew.begin`."""
        try:
            return Saboteur(self.campaign.begin(number))
        except Exhausted:
            return None

    def end(self, number: int, agent: Agent, *, committed: bool) -> None:
        """See `Crew.end`."""
        if isinstance(agent, Saboteur):
            self.campaign.end(number, agent.outcome(committed))


def unfinished(happened: Iterable[events.Event], note: Note) -> list[tuple[Branch, Conversation]]:
    """Branches on which a model was at work when an earlier process ended, with what was said on them.

    What was said is paid for, so they go on; also when all that was left was the proof.
    """
    happened = list(happened)
    state = fold(happened)
    cut = [one.branch for one in state.candidates.values() if one.outcome == "abandoned"]
    settled = {one.branch for one in state.candidates.values()} - set(cut)
    left = []
    for branch in state.branches.values():
        if branch.id not in settled and (branch.outcome == "abandoned" or branch.id in cut):
            talk = rebuilt(happened, branch.id, note)
            if talk is not None and talk.purpose == PURPOSE:
                left.append((branch, talk))
    return left


def remembered(happened: Iterable[events.Event], expedition: Expedition) -> None:
    """Have an expedition know what its session did before."""
    intents: dict[tuple[str, int], events.CandidateNominated] = {}
    for event in happened:
        if isinstance(event, events.StepProposed) and event.origin == "claude":
            expedition.steps.done += 1
        elif isinstance(event, events.CandidateNominated):
            intents[event.branch, event.step] = event
        elif isinstance(event, events.TaskCommitted) and (event.branch, event.step) in intents:
            put = intents[event.branch, event.step]
            expedition.held.append((put.family, put.intent))
