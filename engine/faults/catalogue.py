"""All fault operators, and the faults they are on one gold image."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.faults import (
    data,
    dependencies,
    environment,
    interpreter,
    libraries,
    network,
    permissions,
    search,
    toolchain,
)
from engine.faults.facts import Facts
from engine.faults.model import Fault, Operator

OPERATORS: tuple[Operator, ...] = (
    *dependencies.OPERATORS,
    *libraries.OPERATORS,
    *interpreter.OPERATORS,
    *environment.OPERATORS,
    *search.OPERATORS,
    *permissions.OPERATORS,
    *toolchain.OPERATORS,
    *network.OPERATORS,
    *data.OPERATORS,
)

BY_ID = {operator.id: operator for operator in OPERATORS}


def faults(facts: Facts, wanted: Callable[[Fault], bool] = lambda fault: True) -> Iterator[Fault]:
    """Every fault that can be proposed on this gold image, operator by operator, each one's best first.

    What would leave no shell to mend it with, or would not last in an image, is left out.
    """
    for operator in OPERATORS:
        if operator.persists and operator.solvable:
            seen: set[str] = set()
            for target in operator.find(facts):
                fault = operator.aim(target)
                if fault.key not in seen and wanted(fault):
                    seen.add(fault.key)
                    yield fault
