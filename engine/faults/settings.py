"""Operators that leave a line in a script every login shell reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.faults.clues import noticed
from engine.faults.facts import Facts
from engine.faults.model import Operator, Target
from engine.faults.places import snippet
from engine.faults.typed import typed

Tests = Callable[[Facts], "frozenset[str] | None"]
"""Who feels a setting: the tests, none when that is not known, None when nobody can."""


def anyone(facts: Facts) -> frozenset[str] | None:
    """Who knows."""
    return frozenset()


def about(*topics: str) -> Tests:
    """Who knows, as long as the project or its tests deal with one of the topics."""
    return lambda facts: frozenset() if noticed(facts, *topics) else None


def parents(facts: Facts) -> frozenset[str] | None:
    """Tests that start programs."""
    return frozenset().union(*(facts.tests_running(path) for path in facts.uses.programs)) or None


def setting(
    family: str, name: str, *lines: str, what: str, summary: str, symptom: str, tests: Tests = anyone
) -> Operator:
    """An operator that leaves lines in a script of `/etc/profile.d`.

    Args:
        family: one of the families.
        name: the operator's id after the family.
        lines: what a login shell should do; the last is the target's label.
        what: the script's name.
        summary: what happens in real life.
        symptom: what the tests show.
        tests: who feels it.
    """
    words = " ".join(f"{{line{number}}}" for number in range(len(lines)))

    def find(facts: Facts) -> Iterable[Target]:
        felt = tests(facts)
        if felt is not None:
            values = {f"line{number}": line for number, line in enumerate(lines)}
            values["file"] = snippet(facts, what)
            yield Target(lines[-1].removeprefix("export "), values, felt)

    return Operator(
        id=f"{family}-{name}",
        family=family,
        summary=summary,
        find=find,
        command=typed(
            f"echo {words} > {{file}}" if len(lines) == 1 else f"printf '%s\\n' {words} > {{file}}"
        ),
        recovery=typed("rm {file}"),
        look=typed("ls /etc/profile.d"),
        symptom=symptom,
    )


def limit(family: str, name: str, *lines: str, summary: str, symptom: str, tests: Tests = anyone) -> Operator:
    """An operator that lowers a limit in a script of `/etc/profile.d`, to one value or another."""

    def find(facts: Facts) -> Iterable[Target]:
        felt = tests(facts)
        if felt is not None:
            for line in lines:
                yield Target(line, {"line": line, "file": snippet(facts, "limits")}, felt)

    return Operator(
        id=f"{family}-{name}",
        family=family,
        summary=summary,
        find=find,
        command=typed("echo {line} > {file}"),
        recovery=typed("rm {file}"),
        look=typed("ulimit -a"),
        symptom=symptom,
    )
