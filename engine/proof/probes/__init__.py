"""The catalogue of answers to a task that are wrong and must earn nothing, and of right ones that must earn 1."""

from __future__ import annotations

from engine.proof.probes import (
    harness,
    honest,
    hooks,
    login,
    programs,
    repairs,
    rewards,
    squatters,
    tests,
)
from engine.proof.probes.model import Probe

ALL: tuple[Probe, ...] = (
    *repairs.PROBES,
    *tests.PROBES,
    *hooks.PROBES,
    *harness.PROBES,
    *login.PROBES,
    *programs.PROBES,
    *rewards.PROBES,
    *squatters.PROBES,
    *honest.PROBES,
)
"""All of them; names are unique."""
