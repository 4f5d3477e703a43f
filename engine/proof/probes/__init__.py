"""The catalogue of answers to a task that are wrong and must earn nothing, and of right ones that must earn 1."""

from __future__ import annotations

from dataclasses import replace

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

PARTICULAR = (*honest.PROBES, *repairs.PROBES, *tests.PROBES, *harness.STUBS)
"""What is about a candidate's own tests and damage. What takes longest comes first: several are tried at a time."""
GENERAL = (
    *honest.GENERAL,
    *hooks.PROBES,
    *harness.PROBES,
    *login.PROBES,
    *programs.PROBES,
    *rewards.PROBES,
    *squatters.PROBES,
)
"""What is about the grader, in containers of one gold image."""
ALL: tuple[Probe, ...] = (*PARTICULAR, *(replace(probe, general=True) for probe in GENERAL))
"""All of them; names are unique."""
