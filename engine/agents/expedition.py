"""All branches a model explores in one session: where each is sent, and what it is told of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.agents import brief
from engine.agents.claude import Claude
from engine.agents.hands import TOOLS
from engine.agents.model import Agent
from engine.faults.facts import Facts
from engine.gold.model import Gold
from engine.ledger import Steps
from engine.models.conversation import Conversation
from engine.models.reach import Minds
from engine.models.service import Service

PURPOSE = "explore"
IN_VAIN = 20
"""Branches in a row without a task after which no further one is begun."""


@dataclass
class Expedition:
    """Makes the agents of a session's branches."""

    gold: Gold
    facts: Facts
    service: Service
    minds: Minds
    seed: int = 0
    limit: int = 40
    """Steps of a branch."""
    steps: Steps = field(default_factory=Steps)
    held: list[tuple[str, str]] = field(default_factory=list)
    """Family and a few words of what the collection has."""
    idle: str = f"{IN_VAIN} attempts in a row made no task"
    _vain: int = 0
    _sent: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.system = brief.system(self.gold, self.facts)

    def begin(self, number: int, branch: str) -> Agent | None:
        """The model of an attempt from gold; None when it were one too many in vain."""
        return self.agent(branch) if self._vain < IN_VAIN else None

    def end(self, number: int, agent: Agent, *, committed: bool) -> None:
        """Learn what there is now."""
        self._vain = 0 if committed else self._vain + 1
        if committed and isinstance(agent, Claude) and agent.put is not None:
            self.held.append((agent.put.family, agent.put.intent))

    def agent(self, branch: str) -> Claude:
        """A model for a new branch from gold."""
        made = Counter(family for family, _ in self.held) + self._sent
        family = brief.direction(f"{self.seed}/{branch}", made)
        self._sent[family] += 1
        talk = Conversation(branch, PURPOSE, self.minds.model, self.system, TOOLS, self.service.note)
        lot = f"{self.seed}/{branch}"
        return self._on(talk, family, lambda: brief.opening(self.facts, family, lot, self.held))

    def again(self, talk: Conversation, after: dict[int, frozenset[str]]) -> Claude:
        """A model that goes on with a conversation of an earlier process.

        `after` are the tests that did not pass after each step.
        """
        agent = self._on(talk, "", lambda: "")
        agent.revive(after)
        return agent

    def _on(self, talk: Conversation, family: str, begin: Callable[[], str]) -> Claude:
        tests = len(self.gold.baseline)
        return Claude(self.service, talk, begin, tests, family, self.minds.fallback, self.limit, self.steps)
