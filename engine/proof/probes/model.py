"""What a probe is, and what its script finds in the container it is run in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.sandbox.delta import Layer
from engine.tasks.model import Task

KIT = "/var/tmp/kit"
"""Where a probe's files lie in the container."""


@dataclass(frozen=True)
class Scene:
    """The broken container a probe is made for."""

    task: Task
    delta: Layer
    """Damage, against gold."""
    lost: tuple[str, ...]
    """Files of gold that are not as they were, or not there."""
    commands: tuple[str, ...]
    """What did it, as scripts for bash."""
    wheels: Mapping[str, bytes]
    """What the virtual environment was installed from, by file name; empty for a gold image of another origin."""


def always(scene: Scene) -> str:
    """For probes that apply to every candidate."""
    return ""


def nothing(scene: Scene) -> Mapping[str, bytes]:
    """For probes without files of their own."""
    return {}


@dataclass(frozen=True)
class Probe:
    """One way to go about a task, and what it must earn.

    The script is run by the static busybox's shell with `-eu`, as root, in a fresh container of the broken
    image, after the reference solution where `solved`. Its variables: `BOX` (that busybox), `KIT` (a directory
    with the probe's files, those of `engine.proof.probes.forged` and whatever it wants to keep), `PROJECT`,
    `TESTS` (files with required tests), `PYTHON` and `REAL` (the tests' interpreter, as named and resolved),
    `LIB` and `SITE` (its standard library and packages), `VENV`, `TESTER` and `HOUSE` (who runs the tests).
    A script that fails has not set the scene: the probe does not apply.
    """

    name: str
    what: str
    """What it does, in one sentence."""
    script: str
    solved: bool = False
    honest: bool = False
    """Whether this is a right answer, which must earn 1; any other must earn 0, or no reward."""
    general: bool = False
    """Whether the damage makes no difference to it: then one candidate of a gold image stands for all."""
    partial: bool = False
    """Whether it may turn out to be no wrong answer, when the tests pass all the same."""
    applies: Callable[[Scene], str] = always
    """Why it cannot be tried on a candidate; empty when it can."""
    files: Callable[[Scene], Mapping[str, bytes]] = field(default=nothing)
    """Files of its own, for `KIT`, by name."""
