"""Who repairs: the solver of one attempt, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.exploration import Exploration
from engine.models.conversation import Conversation
from engine.models.reach import Minds
from engine.models.service import Service
from engine.repair import baseline, claude, oracle
from engine.repair.environment import Environment
from engine.repair.solver import Solver


@dataclass(frozen=True)
class Station:
    """Where a solver is put to work: all it may look at."""

    environment: Environment
    exploration: Exploration
    branch: str
    instruction: str
    minds: Minds | None = None
    service: Service | None = None
    """The session's, for a solver that is a model."""
    talk: Conversation | None = None
    """What was said before, where it goes on."""


Recruit = Callable[[Station], Solver]


def _model(at: Station) -> Solver:
    assert at.minds is not None
    assert at.service is not None
    if at.talk is not None:
        return claude.again(at.service, at.minds, at.talk)
    return claude.begun(at.service, at.minds, at.branch, at.instruction)


RECRUITS: dict[str, Recruit] = {
    oracle.NAME: lambda at: oracle.Oracle(at.environment.solution),
    baseline.NAME: lambda at: baseline.Baseline(at.environment.task.gold.test),
    claude.NAME: _model,
}
"""Makes the solver of one attempt, by name."""
