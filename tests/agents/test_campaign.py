"""What all attempts of a session share: nothing twice, families in turn, learning from what flipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from engine.agents.campaign import Campaign, Exhausted, Outcome, Plan, outcomes
from engine.faults.model import FAMILIES, Fault
from sessions import events

TESTS = tuple(f"t{number}" for number in range(20))
ALL, FEW, ONE = frozenset(TESTS), frozenset(TESTS[:5]), frozenset(TESTS[:1])


def fault(operator: str, target: str, tests: frozenset[str] = frozenset(), family: str = "") -> Fault:
    return Fault(operator, family or operator.split("-")[0], target, "true", "", "true", "", tests=tests)


def catalogue(operators: int = 2, targets: int = 4) -> list[Fault]:
    """Every family with some operators, each with targets that other tests feel."""
    return [
        fault(f"{family}-{operator}", f"{family}{operator}{target}", frozenset(TESTS[target : target + 3]))
        for family in FAMILIES
        for operator in range(operators)
        for target in range(targets)
    ]


def play(
    campaign: Campaign, judge: Callable[[Fault], bool], attempts: int = 1000, first: int = 0
) -> list[Plan]:
    """Attempts one after the other: `judge` says whether a fault breaks the tests that feel it."""
    plans = []
    for number in range(first, first + attempts):
        try:
            plan = campaign.begin(number)
        except Exhausted:
            break
        plans.append(plan)
        campaign.end(number, outcome(plan, judge))
    return plans


def outcome(plan: Plan, judge: Callable[[Fault], bool]) -> Outcome:
    if not judge(plan.first):
        return Outcome((plan.first.key,), frozenset({plan.first.key}))
    if plan.second is None:
        return Outcome((plan.first.key,), frozenset(), plan.first.tests, True)
    inert = frozenset() if judge(plan.second) else frozenset({plan.second.key})
    broken = plan.first.tests | (frozenset() if inert else plan.second.tests)
    return Outcome((plan.first.key, plan.second.key), inert, broken, True)


def keys(plans: Sequence[Plan]) -> list[str]:
    return [fault.key for plan in plans for fault in (plan.first, plan.second) if fault]


def proposed(plans: Sequence[Plan], judge: Callable[[Fault], bool]) -> list[str]:
    return [key for plan in plans for key in outcome(plan, judge).proposed]


def works(_: Fault) -> bool:
    return True


def test_everything_is_tried_once_and_then_it_is_said() -> None:
    faults = catalogue()
    for judge in (works, lambda fault: False, lambda fault: "1" in fault.operator):
        campaign = Campaign(faults, len(TESTS), seed=3)
        tried = proposed(play(campaign, judge), judge)
        assert sorted(tried) == sorted(fault.key for fault in faults)
        with pytest.raises(Exhausted):
            campaign.begin(5000)


def test_the_same_seed_makes_the_same_session_and_another_another() -> None:
    def session(seed: int) -> list[str]:
        return keys(play(Campaign(catalogue(), len(TESTS), seed), works))

    assert session(1) == session(1)
    assert session(1) != session(2)


def test_the_first_tasks_are_of_different_families() -> None:
    for seed in range(10):
        plans = play(Campaign(catalogue(), len(TESTS), seed), works, attempts=5)
        assert len({plan.first.family for plan in plans}) >= 4


def test_a_family_that_never_flips_does_not_hold_the_others_up() -> None:
    def judge(fault: Fault) -> bool:
        return fault.family in ("data", "network", "toolchain")

    plans = play(Campaign(catalogue(4, 8), len(TESTS), 0), judge, attempts=20)
    assert sum(judge(plan.first) for plan in plans) >= 8


def test_an_operator_that_flips_is_preferred_to_one_that_does_not() -> None:
    faults = [
        fault(f"data-{name}", f"{name}{number}", frozenset(TESTS[number : number + 2]))
        for name in "ab"
        for number in range(18)
    ]
    tried: Counter[str] = Counter()
    for seed in range(10):
        plans = play(Campaign(faults, len(TESTS), seed), lambda one: one.operator == "data-a", attempts=12)
        tried.update(plan.first.operator for plan in plans)
    assert tried["data-a"] > 2 * tried["data-b"]


def test_what_few_tests_feel_comes_before_what_all_feel() -> None:
    faults = [fault("data-all", "a", ALL), fault("data-few", "b", FEW), fault("data-unknown", "c")]
    firsts = Counter(Campaign(faults, len(TESTS), seed).begin(0).first.operator for seed in range(60))
    assert firsts["data-few"] > firsts["data-all"]
    assert firsts["data-few"] > firsts["data-unknown"]
    assert len(firsts) == 3, "but nothing is ruled out"


def test_new_ground_first() -> None:
    faults = [fault("data-x", name, tests) for name, tests in (("a", FEW), ("b", FEW), ("c", ONE))]
    plans = play(Campaign(faults, len(TESTS), 0), works)
    assert [plan.first.target for plan in plans] == ["a", "c", "b"]


def test_what_nobody_felt_is_tried_last_in_another_way() -> None:
    faults = [fault("data-x", "a", FEW), fault("data-y", "a", ONE), fault("data-y", "b", ONE)]
    for seed in range(10):
        campaign = Campaign(faults, len(TESTS), seed)
        campaign.recall(Outcome(("data-x:a",), frozenset({"data-x:a"})))
        plan = campaign.begin(0)
        assert plan.first.key == "data-y:b"


def test_a_second_fault_is_of_another_family_and_another_thing() -> None:
    faults = [*catalogue(), *(fault(f"{family}-same", "same") for family in FAMILIES)]
    seconds = 0
    for seed in range(20):
        for plan in play(Campaign(faults, len(TESTS), seed), works, attempts=20):
            if plan.second:
                seconds += 1
                assert plan.second.family != plan.first.family
                assert plan.second.target != plan.first.target
    assert 0.15 < seconds / 400 < 0.45


def test_what_was_planned_and_not_proposed_is_there_again() -> None:
    faults = [fault("data-x", "a", FEW), fault("network-x", "b", ONE)]
    campaign = Campaign(faults, len(TESTS), 0)
    for number in range(100):
        plan = campaign.begin(number)
        if plan.second:
            break
        campaign.end(number, Outcome())
    assert plan.second
    campaign.end(number, Outcome((plan.first.key,), frozenset({plan.first.key})))
    assert campaign.begin(200).first == plan.second


def test_sets_that_tasks_have_are_told_until_there_is_no_other_ground() -> None:
    campaign = Campaign(
        [fault("data-x", "a", FEW), fault("data-y", "b", FEW), fault("data-z", "c", ONE)], 20, 0
    )
    campaign.recall(Outcome(("data-x:a",), frozenset(), FEW, True))
    first = campaign.begin(0)
    assert first.first.key == "data-z:c"
    assert first.taken == frozenset(), "what is left is aimed at tests a task has"
    campaign = Campaign(catalogue(), 20, 0)
    campaign.recall(Outcome((catalogue()[0].key,), frozenset(), FEW, True))
    assert campaign.begin(0).taken == {FEW}


def journal(branch: str, *what: events.Event) -> list[events.Event]:
    return [events.BranchOpened(branch=branch, image="i"), *what]


def proposal(branch: str, key: str, step: int) -> events.StepProposed:
    operator, _, target = key.partition(":")
    return events.StepProposed(
        branch=branch, step=step, command="c", origin="saboteur", operator=operator, target=target
    )


def suite(branch: str, step: int, **flipped: str) -> events.SuiteEnded:
    flips = tuple(events.Flip(test, "failed", after) for test, after in flipped.items())
    return events.SuiteEnded(
        branch=branch, step=step, status="complete", detail="", passed=0, broken=0, flips=flips, seconds=1.0
    )


def test_outcomes_are_read_back_from_the_journal() -> None:
    happened = [
        *journal("a", proposal("a", "data-x:a:b", 2), suite("a", 2, t0="failed", t1="error")),
        proposal("a", "network-x:c", 3),
        suite("a", 3),
        events.TaskCommitted(branch="a", step=2, task="t", path="p", families=(), f2p=1, p2p=1),
        *journal("b", proposal("b", "data-x:d", 1), events.BranchClosed(branch="b", outcome="barren")),
        *journal("c", proposal("c", "data-x:e", 1), suite("c", 1, t0="failed"), suite("c", 2, t0="passed")),
        events.CandidateFell(branch="c", step=1, gate="oracle", reason="r"),
        *journal("d", proposal("d", "data-x:f", 1), suite("d", 1, t0="failed")),
    ]
    assert outcomes(happened) == {
        "a": Outcome(
            ("data-x:a:b", "network-x:c"), frozenset({"network-x:c"}), frozenset({"t0", "t1"}), committed=True
        ),
        "b": Outcome(("data-x:d",), frozenset({"data-x:d"})),
        "c": Outcome(("data-x:e",), frozenset(), frozenset()),
    }


def test_a_resumed_campaign_repeats_nothing() -> None:
    faults = catalogue()
    whole = Campaign(faults, len(TESTS), 7)
    before = play(whole, works, attempts=10)
    later = Campaign(faults, len(TESTS), 7)
    for plan in before:
        later.recall(outcome(plan, works))
    after = play(later, works, first=10)
    assert not set(keys(before)) & set(keys(after))
    assert keys(after) == keys(play(whole, works, first=10)), "and goes on as if it had not been away"


def test_faults_of_another_catalogue_are_no_matter() -> None:
    campaign = Campaign(catalogue(), len(TESTS), 0)
    campaign.recall(Outcome(("gone-operator:x",), frozenset(), FEW, True))
    assert campaign.begin(0)


@pytest.mark.parametrize("seed", range(20))
def test_attempts_side_by_side_try_different_families(seed: int) -> None:
    campaign = Campaign(catalogue(), len(TESTS), seed)
    families = [campaign.begin(number).first.family for number in range(len(FAMILIES))]
    assert sorted(families) == sorted(FAMILIES)
