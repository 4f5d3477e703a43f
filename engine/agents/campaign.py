"""What a session's saboteur has tried and learnt, and what it tries next. Pure: same past, same plan."""

from __future__ import annotations

import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from engine.faults.model import FAMILIES, Fault
from engine.suite.report import PASSED
from sessions import events

STACKED = 0.3
"""Share of the attempts that put a second fault on the first."""
NARROW = 0.6
"""Share of the baseline up to which a fault is worth most; what all tests feel is the easiest to find."""
BROAD_WORTH = 0.5
"""Worth of a fault that more tests feel than that, as an aim and as a result."""
UNKNOWN_WORTH = 0.5
"""Worth of a fault of which it is not known which tests feel it."""
STALE_WORTH = 0.2
"""Worth of a fault aimed at tests another was aimed at, or at what another was aimed at in vain."""
IMPATIENCE = 0.5
"""How many tasks of its family the first failure counts for; later ones for more."""
AHEAD = 12
"""Targets of an operator among which the next is looked for."""


class Exhausted(Exception):
    """Every fault that fits this gold environment has been tried."""


@dataclass(frozen=True)
class Plan:
    """The faults of one attempt, and what is known as it begins."""

    number: int
    first: Fault
    second: Fault | None = None
    """Put on the first once that has flipped a test."""
    known: frozenset[tuple[str, frozenset[str]]] = frozenset()
    """Operators with the tests that earlier attempts of theirs left broken."""
    taken: frozenset[frozenset[str]] = frozenset()
    """Sets of broken tests that tasks have already; none once there is no other ground to try."""


@dataclass(frozen=True)
class Outcome:
    """What one attempt came to."""

    proposed: tuple[str, ...] = ()
    """Keys of the faults put to work, in order."""
    inert: frozenset[str] = frozenset()
    """Keys of those after which no test flipped."""
    broken: frozenset[str] = frozenset()
    """Baseline tests that did not pass in the end."""
    committed: bool = False


class Campaign:
    """The knowledge all attempts of a session share.

    `begin` and `end` are called in the order of the attempts (`engine.attempts`), so what an attempt knows
    does not depend on how long others take.
    """

    def __init__(self, faults: Iterable[Fault], tests: int, seed: int) -> None:
        self.seed, self.tests = seed, max(1, tests)
        self._all: dict[str, Fault] = {}
        self._left: dict[str, list[str]] = defaultdict(list)
        self._family: dict[str, str] = {}
        for fault in faults:
            self._all[fault.key] = fault
            self._family[fault.operator] = fault.family
            self._left[fault.operator].append(fault.key)
        self._plans: dict[int, Plan] = {}
        self._tasks: Counter[str] = Counter()
        """Tasks made of each family."""
        self._won: dict[str, float] = defaultdict(float)
        self._lost: dict[str, float] = defaultdict(float)
        """What each operator's faults came to, one for each, divided between the two."""
        self._aimed: Counter[frozenset[str]] = Counter()
        """Sets of tests that faults were aimed at."""
        self._inert: set[str] = set()
        """Targets nobody felt."""
        self._known: frozenset[tuple[str, frozenset[str]]] = frozenset()
        self._taken: frozenset[frozenset[str]] = frozenset()

    def begin(self, number: int) -> Plan:
        """The plan of attempt `number`.

        Raises:
            Exhausted: nothing is left to try.
        """
        rng = random.Random(f"{self.seed}/{number}")
        first = self._pick(rng)
        second = None
        if rng.random() < STACKED:
            with contextlib.suppress(Exhausted):
                second = self._pick(rng, beside=first)
        other = any(self._fresh(self._next(operator)) for operator, keys in self._left.items() if keys)
        taken = self._taken if other else frozenset()
        plan = self._plans[number] = Plan(number, first, second, self._known, taken)
        return plan

    def _pick(self, rng: random.Random, beside: Fault | None = None) -> Fault:
        families: dict[str, list[Fault]] = defaultdict(list)
        for operator in sorted(self._left):
            if self._left[operator]:
                fault = self._next(operator)
                # Two faults of a family or on one thing are easily taken for one.
                if beside is None or (fault.family != beside.family and fault.target != beside.target):
                    families[fault.family].append(fault)
        if not families:
            raise Exhausted

        under_way = Counter(plan.first.family for plan in self._plans.values())

        def weariness(family: str) -> float:
            # Of the tasks each family has or may soon have; failures count more and more: none is stuck in.
            failed = IMPATIENCE * sum(lost for one, lost in self._lost.items() if self._family[one] == family)
            hoped = self._tasks[family] + under_way[family]
            return hoped + failed * (1 + failed) - max(map(self._worth, families[family]))

        def value(fault: Fault) -> float:
            operator = fault.operator
            return rng.betavariate(1 + self._won[operator], 1 + self._lost[operator]) * self._worth(fault)

        order = [family for family in FAMILIES if family in families]
        rng.shuffle(order)
        family = min(order, key=weariness)
        fault = max(families[family], key=value)
        self._left[fault.operator].remove(fault.key)
        self._aimed[fault.tests] += 1
        return fault

    def _next(self, operator: str) -> Fault:
        """An operator's next fault: of its most promising ones the first that breaks new ground."""
        ahead = [self._all[key] for key in self._left[operator][:AHEAD]]
        return next(filter(self._fresh, ahead), ahead[0])

    def _fresh(self, fault: Fault) -> bool:
        return fault.target not in self._inert and not (fault.tests and self._aimed[fault.tests])

    def _worth(self, fault: Fault) -> float:
        return self._breadth(fault.tests) * (1.0 if self._fresh(fault) else STALE_WORTH)

    def _breadth(self, tests: frozenset[str]) -> float:
        if not tests:
            return UNKNOWN_WORTH
        return 1.0 if len(tests) <= NARROW * self.tests else BROAD_WORTH

    def end(self, number: int, outcome: Outcome) -> None:
        """Learn from an attempt; what it planned and did not propose is there to be tried again."""
        plan = self._plans.pop(number, None)
        for fault in (plan.first, plan.second) if plan else ():
            if fault is not None and fault.key not in outcome.proposed:
                self._left[fault.operator].insert(0, fault.key)
                self._aimed[fault.tests] -= 1
        self._learn(outcome)

    def _learn(self, outcome: Outcome) -> None:
        for key in outcome.proposed:
            fault = self._all.get(key)
            if fault is None:
                continue  # of another version's catalogue
            felt = key not in outcome.inert
            gain = self._breadth(outcome.broken) if felt else 0.0
            self._won[fault.operator] += gain
            self._lost[fault.operator] += 1 - gain
            if felt:
                self._known |= {(fault.operator, outcome.broken)}
            else:
                self._inert.add(fault.target)
            if outcome.committed:
                self._tasks[fault.family] += 1
                self._taken |= {outcome.broken}

    def recall(self, outcome: Outcome) -> None:
        """Take in an attempt of an earlier process, known from its journal."""
        for key in outcome.proposed:
            fault = self._all.get(key)
            if fault is not None and key in self._left[fault.operator]:
                self._left[fault.operator].remove(key)
                self._aimed[fault.tests] += 1
        self._learn(outcome)


def outcomes(happened: Iterable[events.Event]) -> dict[str, Outcome]:
    """What each branch of a journal came to, in order; those under way when it ends are left out."""
    proposed: dict[str, tuple[str, ...]] = {}
    broken: dict[str, set[str]] = defaultdict(set)
    inert: dict[str, set[str]] = defaultdict(set)
    committed: set[str] = set()
    ended: dict[str, None] = {}
    for event in happened:
        match event:
            case events.StepProposed(operator=operator) if operator:
                key = f"{operator}:{event.target}"
                proposed[event.branch] = (*proposed.get(event.branch, ()), key)
                inert[event.branch].add(key)
            case events.SuiteEnded():
                for flip in event.flips:
                    (broken[event.branch].discard if flip.after == PASSED else broken[event.branch].add)(
                        flip.id
                    )
                if event.flips and event.branch in proposed:
                    inert[event.branch].discard(proposed[event.branch][-1])
            case events.TaskCommitted():
                committed.add(event.branch)
                ended[event.branch] = None
            case events.CandidateFell():
                ended[event.branch] = None
            case events.BranchClosed(outcome="barren" | "failed"):
                ended[event.branch] = None
    return {
        branch: Outcome(
            proposed.get(branch, ()),
            frozenset(inert[branch]),
            frozenset(broken[branch]),
            branch in committed,
        )
        for branch in ended
    }
