"""What a fault operator declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.faults.facts import Facts

FAMILIES = (
    "dependencies",
    "libraries",
    "interpreter",
    "environment",
    "permissions",
    "toolchain",
    "network",
    "data",
)
"""dependencies; shared libraries; interpreter and entry points; environment, locale and time;
permissions and users; shell and toolchain; network and certificates; configuration and data."""


@dataclass(frozen=True, slots=True)
class Target:
    """One place an operator can be applied to in one gold image."""

    label: str
    """Short and unique within the operator: a package, a file, a variable."""
    values: dict[str, str]
    """What the command and the recovery are written from; every value goes through `shlex.quote`."""
    tests: frozenset[str] = frozenset()
    """Baseline tests known to touch it; empty when that is not known."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An operator aimed at a target: a command a person could have typed."""

    operator: str
    family: str
    target: str
    command: str
    look: str
    """A command that only looks, which a person would run first; may be empty."""
    recovery: str
    """What a person would type to mend it, given what the gold image had; documentation of the fault."""
    symptom: str
    """What the tests are expected to show, in a few words."""
    summary: str = ""
    """What happens in real life, one sentence."""
    tests: frozenset[str] = frozenset()
    """Baseline tests known to touch what it damages; empty when that is not known."""
    revert: str = "command"
    """Likewise `Operator.revert`."""

    @property
    def key(self) -> str:
        """Identity for never proposing the same thing twice."""
        return f"{self.operator}:{self.target}"


@dataclass(frozen=True, slots=True)
class Operator:
    """One way an environment breaks."""

    id: str
    """`family-what`, stable: it is written into tasks."""
    family: str
    summary: str
    """What happens in real life, one sentence."""
    find: Callable[[Facts], Iterable[Target]]
    """Its targets in this gold image, best first."""
    command: Callable[[dict[str, str]], str]
    recovery: Callable[[dict[str, str]], str]
    symptom: str
    look: Callable[[dict[str, str]], str] | None = None
    persists: bool = True
    """Whether the damage lives in the image; run-time damage does not survive a snapshot."""
    revert: str = "command"
    """What mending takes: a short `command`, a `package` to install again, or the original `bytes`."""
    solvable: bool = True
    """Whether bash and the tools a solver needs still start; others are only for testing the engine."""

    def aim(self, target: Target) -> Fault:
        """The fault this operator is on that target."""
        return Fault(
            operator=self.id,
            family=self.family,
            target=target.label,
            command=self.command(target.values),
            look=self.look(target.values) if self.look else "",
            recovery=self.recovery(target.values),
            symptom=self.symptom,
            summary=self.summary,
            tests=target.tests,
            revert=self.revert,
        )
