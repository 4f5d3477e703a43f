"""What curation asks of a trajectory; the thresholds are the user's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from sessions.curation.benchmarks import Benchmark


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds, and what is known beside the trajectories."""

    least: int = 5
    """Steps of the shortest. Source: OpenThoughts-Agent, arXiv 2606.24855."""
    most: int = 100
    """Steps of the longest."""
    stuck: float = 0.2
    """Share of steps in loops from which on it counts as stuck."""
    alike: float = 0.8
    """Resemblance from which on two count as the same."""
    per_task: int = 0
    """Trajectories kept of one task; 0 is no cap."""
    per_project: int = 0
    """Trajectories kept of one project; 0 is no cap."""
    protected: tuple[str, ...] = ("/app",)
    """What a solver has to leave alone."""
    benchmarks: tuple[Benchmark, ...] = ()
    """Prompts that must not be trained on."""
    verified: Mapping[str, float] = {}
    """Rewards of a second grading, by trajectory, as far as there was one."""
    twice: bool = False
    """Whether there has to have been one."""


PRESETS: Final = {
    "default": Rules(),
    # Source: CLI-Gym, appendix B.1: shorter ones were dropped.
    "cligym": Rules(least=20),
}
"""By name."""
