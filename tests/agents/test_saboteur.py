"""One attempt of the offline agent, from its plan to its nomination."""

from __future__ import annotations

import pytest

from engine.agents.campaign import Outcome, Plan
from engine.agents.model import Agent, Feedback, GiveUp, Nominate, Proposal
from engine.agents.saboteur import Saboteur
from engine.faults.model import Fault
from sessions.events import Flip

FIRST = Fault("data-x", "data", "a", "rm a", "ls a", "touch a", "no a", "It was removed.")
SECOND = Fault("network-y", "network", "b", "rm b", "", "touch b", "no b", "It too.")


def feedback(step: int, *broken: str, flips: bool = True) -> Feedback:
    changes = tuple(Flip(test, "passed", "failed") for test in broken) if flips else ()
    return Feedback(step, "done", 0, b"", ("/a",), None, changes, frozenset(broken))


LOOKED = Feedback(1, "done", 0, b"a", (), None, (), frozenset())


async def act(saboteur: Agent) -> str:
    """The command of the next proposal, which has to be one."""
    proposal = await saboteur.propose()
    assert isinstance(proposal, Proposal)
    assert proposal.intent.endswith(".")
    return proposal.command


async def test_look_break_nominate() -> None:
    saboteur = Saboteur(Plan(0, FIRST))
    assert await act(saboteur) == "ls a"
    saboteur.observe(LOOKED)
    proposal = await saboteur.propose()
    assert proposal == Proposal("rm a", "saboteur", FIRST, "It was removed.")
    saboteur.observe(feedback(2, "t1", "t2"))
    assert await saboteur.propose() == Nominate("2 tests broken", 2)
    assert saboteur.outcome(True) == Outcome(("data-x:a",), frozenset(), frozenset({"t1", "t2"}), True)


async def test_nothing_flips_and_the_attempt_is_over() -> None:
    saboteur = Saboteur(Plan(0, FIRST, SECOND))
    await act(saboteur)
    saboteur.observe(LOOKED)
    await act(saboteur)
    saboteur.observe(feedback(2))
    assert await saboteur.propose() == GiveUp("no test flipped")
    assert saboteur.outcome(False) == Outcome(("data-x:a",), frozenset({"data-x:a"}))


async def test_a_second_fault_goes_on_top_when_it_is_felt() -> None:
    saboteur = Saboteur(Plan(0, FIRST, SECOND))
    await act(saboteur)
    saboteur.observe(LOOKED)
    await act(saboteur)
    saboteur.observe(feedback(2, "t1"))
    assert await act(saboteur) == "rm b"
    saboteur.observe(feedback(3, "t1", "t2"))
    assert await saboteur.propose() == Nominate("2 tests broken", 3)


async def test_a_second_fault_nobody_feels_is_left_out() -> None:
    saboteur = Saboteur(Plan(0, FIRST, SECOND))
    await act(saboteur)
    saboteur.observe(LOOKED)
    await act(saboteur)
    saboteur.observe(feedback(2, "t1"))
    await act(saboteur)
    saboteur.observe(feedback(3, "t1", flips=False))
    assert await saboteur.propose() == Nominate("1 tests broken", 2)
    assert saboteur.outcome(True).inert == {"network-y:b"}


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (Plan(0, SECOND, known=frozenset({("network-y", frozenset({"t1"}))})), "the same kind of fault"),
        (Plan(0, SECOND, taken=frozenset({frozenset({"t1"})})), "a task has the same broken tests"),
    ],
)
async def test_what_is_known_already_is_not_put_forward(plan: Plan, reason: str) -> None:
    saboteur = Saboteur(plan)
    await act(saboteur)
    saboteur.observe(feedback(1, "t1"))
    ended = await saboteur.propose()
    assert isinstance(ended, GiveUp)
    assert ended.reason.startswith(reason)


async def test_other_tests_of_the_same_kind_of_fault_are() -> None:
    saboteur = Saboteur(Plan(0, SECOND, None, frozenset({("network-y", frozenset({"t1"}))}), frozenset()))
    await act(saboteur)
    saboteur.observe(feedback(1, "t1", "t2"))
    assert isinstance(await saboteur.propose(), Nominate)
