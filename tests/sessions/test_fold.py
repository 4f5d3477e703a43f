"""The fold: what each event does to a state, that it never touches an older one, that no order crashes it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions import events as ev
from sessions.attempts import attempts
from sessions.lineage import lineage, state_changing
from sessions.model import State
from sessions.state import apply, fold

TESTS = ("t::a", "t::b", "t::c")


def numbered(*happened):
    return [msgspec.structs.replace(event, seq=n, at=float(n)) for n, event in enumerate(happened, 1)]


def start():
    return ev.SessionStarted(session="s", gold="g", image="gold", agent="saboteur", seed=3, tests=TESTS)


def opened(branch="b", parent="", step=0):
    return ev.BranchOpened(branch=branch, image="gold", parent=parent, step=step, container="c1")


def proposed(step=1, branch="b", command="rm x"):
    return ev.StepProposed(branch=branch, step=step, command=command, origin="saboteur", family="paths")


def command_started(step=1, branch="b"):
    return ev.CommandStarted(branch=branch, step=step)


def command_ended(step=1, branch="b"):
    return ev.CommandEnded(
        branch=branch, step=step, outcome="done", exit_code=0, cwd="/w", seconds=0.5, exports=(("A", "1"),)
    )


def snapshot(step=1, branch="b", image="snap1"):
    changes = (ev.Change(path="/w/x", kind="removed"),)
    return ev.SnapshotTaken(branch=branch, step=step, image=image, changes=changes, changed=300, size=7)


def suite_started(step=1, branch="b", purpose="step"):
    return ev.SuiteStarted(branch=branch, step=step, image="snap1", purpose=purpose)


def reported(test, outcome, message="", step=1, branch="b"):
    return ev.TestReported(branch=branch, step=step, id=test, outcome=outcome, message=message)


FLIP = ev.Flip("t::b", "passed", "failed")


def suite_ended(step=1, branch="b", flips=(FLIP,)):
    return ev.SuiteEnded(
        branch=branch, step=step, status="complete", detail="d", passed=2, broken=1, flips=flips, seconds=1.5
    )


def one_step(step=1, branch="b"):
    return (
        proposed(step, branch),
        command_started(step, branch),
        ev.ShellOutput(branch=branch, step=step, data=b"12345"),
        command_ended(step, branch),
        snapshot(step, branch, image=f"{branch}{step}"),
        suite_started(step, branch),
        reported("t::a", "passed", "ignored", step, branch),
        reported("t::b", "failed", "boom", step, branch),
        suite_ended(step, branch),
    )


def test_the_facts_of_a_session():
    state = fold(numbered(start()))
    assert (state.session, state.gold, state.image, state.agent, state.seed) == (
        "s",
        "g",
        "gold",
        "saboteur",
        3,
    )
    assert (state.tests, state.started, state.seq, state.at) == (TESTS, 1.0, 1, 1.0)
    assert not state.ended
    state = fold(numbered(start(), ev.SessionEnded(outcome="goal", detail="3 tasks")))
    assert (state.ended, state.outcome, state.detail) == (2.0, "goal", "3 tasks")


def test_a_step_from_proposal_to_report():
    events = numbered(start(), opened(), *one_step())
    states = [State()]
    for event in events:
        states.append(apply(states[-1], event))
    at_command, running = states[3].step("b", 1), states[4].step("b", 1)
    assert at_command
    assert running
    assert (at_command.command, at_command.family, at_command.running, at_command.started) == (
        "rm x",
        "paths",
        False,
        0,
    )
    assert (running.running, running.started, running.outcome) == (True, 4.0, "")
    half = states[-3].step("b", 1)
    assert half
    assert half.suite
    assert (half.suite.running, half.suite.outcomes) == (True, {"t::a": "passed"})
    step = states[-1].step("b", 1)
    assert step
    assert (step.running, step.outcome, step.exit_code, step.cwd) == (False, "done", 0, "/w")
    assert (step.exports, step.seconds) == ((("A", "1"),), 0.5)
    assert (step.snapshot, step.changed, step.size, len(step.changes)) == ("b1", 300, 7, 1)
    suite = step.suite
    assert suite
    assert (suite.status, suite.detail, suite.passed, suite.broken) == ("complete", "d", 2, 1)
    assert suite.outcomes == {"t::a": "passed", "t::b": "failed"}
    assert suite.messages == {"t::b": "boom"}, "only what did not pass has something to say"
    assert step.flips == (FLIP,)
    assert states[-1].counters.output_bytes == 5


def test_a_gate_that_runs_the_suite_leaves_the_step_alone():
    before = fold(numbered(start(), opened(), *one_step()))
    after = fold(
        [
            suite_started(purpose="rebuild"),
            reported("t::a", "failed"),
            suite_ended(flips=(ev.Flip("t::a", "passed", "failed"),)),
        ],
        before,
    )
    assert after.step("b", 1) == before.step("b", 1)


def test_counters():
    state = fold(
        numbered(
            start(),
            opened("b"),
            opened("c"),
            *one_step(1, "b"),
            *one_step(2, "b"),
            ev.CandidateNominated(branch="b", step=1, by="saboteur"),
            ev.CandidateNominated(branch="b", step=1, by="saboteur"),
            ev.CandidateNominated(branch="b", step=2, by="operator"),
            ev.CandidateFell(branch="b", step=1, gate="rebuild", reason="r"),
            ev.TaskCommitted(branch="b", step=2, task="t", path="/t", families=("x",), f2p=1, p2p=2),
            ev.BranchClosed(branch="b", outcome="committed"),
        )
    )
    counters = state.counters
    assert (counters.attempts, counters.flipped, counters.nominated, counters.proven) == (2, 1, 2, 1)
    assert counters.fell == {"rebuild": 1}
    assert counters.output_bytes == 10


def test_a_candidate_and_its_gates():
    gate = {"branch": "b", "step": 1}
    state = fold(
        numbered(
            start(),
            opened(),
            *one_step(),
            ev.CandidateNominated(**gate, by="saboteur"),
            ev.GateStarted(**gate, gate="healthy"),
            ev.GateEnded(**gate, gate="healthy", held=True, reason="3 of 3", seconds=2.0),
            ev.GateStarted(**gate, gate="rebuild"),
        )
    )
    healthy, rebuild = state.candidates["b", 1].gates
    assert (healthy.name, healthy.held, healthy.reason, healthy.seconds) == ("healthy", True, "3 of 3", 2.0)
    assert (rebuild.name, rebuild.held) == ("rebuild", None)
    fell = fold(
        [
            ev.GateEnded(**gate, gate="rebuild", held=False, reason="differs", seconds=1.0),
            ev.CandidateFell(**gate, gate="rebuild", reason="differs"),
            ev.GateStarted(**gate, gate="late"),
        ],
        state,
    )
    candidate = fell.candidates["b", 1]
    assert (candidate.outcome, candidate.fell_by, candidate.reason) == ("fell", "rebuild", "differs")
    assert [one.held for one in candidate.gates] == [True, False]
    committed = fold([ev.TaskCommitted(**gate, task="t", path="/t", families=("x",), f2p=1, p2p=2)], state)
    assert (committed.candidates["b", 1].outcome, committed.candidates["b", 1].task) == ("committed", "t")
    assert [(task.id, task.path, task.f2p, task.p2p) for task in committed.tasks] == [("t", "/t", 1, 2)]
    again = fold([ev.CandidateNominated(**gate, by="operator")], fell)
    assert (again.candidates["b", 1].outcome, again.candidates["b", 1].gates) == ("", ())
    assert again.counters.nominated == 1, "the same candidate"
    twice = fold([ev.CandidateNominated(**gate, by="operator")], state)
    assert twice.candidates == state.candidates, "it is being examined already"


def test_a_step_that_is_a_task_stays_one_whatever_is_put_forward_later():
    gate, later = {"branch": "b", "step": 1}, {"branch": "b", "step": 2}
    held = ev.GateEnded(**gate, gate="novel", held=True, reason="new", seconds=1.0)
    made = fold(
        numbered(
            start(),
            opened(),
            *one_step(1),
            *one_step(2),
            ev.CandidateNominated(**gate, by="operator"),
            held,
            ev.TaskCommitted(**gate, task="t", path="/t", families=("x",), f2p=1, p2p=2),
        )
    )
    (before,) = attempts(made)
    assert (before.outcome, before.task, [one.held for one in before.gates]) == ("task", "t", [True])
    for at in (later, gate):
        fell = [
            ev.CandidateNominated(**at, by="operator"),
            ev.GateEnded(**at, gate="novel", held=False, reason="t has the same damage", seconds=1.0),
            ev.CandidateFell(**at, gate="novel", reason="t has the same damage"),
        ]
        for count in range(len(fell) + 1):
            assert attempts(fold(fell[:count], made)) == (before,)
        state = fold(fell, made)
        assert state.counters.fell == {"novel": 1}
    again = state.candidates["b", 1]
    assert (again.outcome, again.task, [one.held for one in again.gates]) == ("committed", "t", [False])
    cut = fold([*fell[:1], ev.SessionResumed()], made)
    assert (cut.candidates["b", 1].outcome, cut.candidates["b", 1].task) == ("committed", "t")


def test_branches_close_once_and_may_be_taken_up_again():
    state = fold(numbered(start(), opened(), proposed(), command_started()))
    assert state.branches["b"].open
    closed = fold([ev.BranchClosed(branch="b", outcome="barren", detail="d", at=9.0)], state)
    branch = closed.branches["b"]
    assert (branch.open, branch.outcome, branch.detail, branch.closed) == (False, "barren", "d", 9.0)
    assert branch.steps[1].outcome == "abandoned"
    assert not branch.steps[1].running
    assert fold([ev.BranchClosed(branch="b", outcome="fell")], closed).branches["b"].outcome == "barren"
    again = fold([ev.BranchOpened(branch="b", image="x", container="c2")], closed)
    assert again.branches["b"].open
    assert (again.branches["b"].image, again.branches["b"].container) == ("gold", "c2")
    assert again.counters.attempts == 1


def test_a_suite_may_report_after_its_branch_closed():
    state = fold(
        numbered(
            start(),
            opened(),
            proposed(),
            suite_started(),
            ev.BranchClosed(branch="b", outcome="discarded"),
            reported("t::b", "failed"),
            suite_ended(),
        )
    )
    step = state.step("b", 1)
    assert step
    assert step.flips


def test_a_resumed_session_abandons_what_was_under_way():
    state = fold(
        numbered(
            start(),
            opened("done"),
            ev.BranchClosed(branch="done", outcome="committed"),
            opened(),
            *one_step(1),
            ev.CandidateNominated(branch="b", step=1, by="saboteur"),
            proposed(2),
            command_started(2),
            suite_started(2),
            ev.SessionEnded(outcome="interrupted"),
            ev.SessionResumed(abandoned=("b",)),
        )
    )
    assert (state.resumed, state.ended, state.outcome) == (1, 0.0, "")
    assert state.branches["done"].outcome == "committed"
    branch = state.branches["b"]
    assert (branch.outcome, branch.closed) == ("abandoned", state.at)
    assert (branch.steps[1].outcome, branch.steps[2].outcome) == ("done", "abandoned")
    assert branch.steps[2].suite
    assert (branch.steps[2].suite.running, branch.steps[2].suite.status) == (False, "abandoned")
    assert state.candidates["b", 1].outcome == "abandoned"
    again = fold([opened(), proposed(2, command="other"), proposed(1, command="other")], state)
    assert again.branches["b"].steps[2].command == "other"
    assert again.branches["b"].steps[1].command == "rm x", "what is over is not proposed again"


@pytest.mark.parametrize("begun", [(), (suite_started(2), reported("t::a", "failed", step=2))])
def test_a_change_nobody_was_told_of_is_none_once_it_is_done_anew(begun):
    changed = (proposed(2), command_started(2), command_ended(2), snapshot(2, image="snap2"))
    state = fold(
        numbered(start(), opened(), *one_step(1), *changed, *begun, ev.SessionResumed(abandoned=("b",)))
    )
    assert [step.number for step in state_changing(lineage(state, "b"))] == [1, 2]
    tested = fold([opened(), suite_started(2), suite_ended(2), proposed(3)], state)
    assert [step.number for step in state_changing(lineage(tested, "b"))] == [1, 2]
    anew = fold([opened(), proposed(3), command_ended(3), snapshot(3, image="snap3")], state)
    assert [step.number for step in state_changing(lineage(anew, "b"))] == [1, 3]
    assert anew.step("b", 2).command == "rm x"


def test_in_a_repair_no_suite_is_due():
    repair = ev.RepairStarted(branch="b", task="t", path="p", solver="claude", instruction="i")
    one = (proposed(1), command_started(1), command_ended(1), snapshot(1))
    state = fold(numbered(start(), opened(), repair, *one, ev.SessionResumed(), opened(), proposed(2)))
    assert [step.number for step in state_changing(lineage(state, "b"))] == [1]


def test_a_proposal_nobody_ran_makes_room_for_another():
    state = fold(numbered(start(), opened(), proposed(command="one"), proposed(command="two")))
    step = state.step("b", 1)
    assert step
    assert step.command == "two"
    started = fold([command_started(), proposed(command="three")], state)
    step = started.step("b", 1)
    assert step
    assert step.command == "two"


def test_a_lost_shell():
    state = fold(numbered(start(), opened(), ev.ShellLost(branch="b", reason="gone", program="busybox sh")))
    assert (state.branches["b"].shell, state.branches["b"].shells_lost) == ("busybox sh", 1)


def test_what_makes_no_sense_changes_nothing_but_the_position():
    state = fold(numbered(start(), opened(), *one_step()))
    for odd in (
        command_ended(9),
        command_ended(1),
        command_started(1),
        snapshot(9),
        reported("t::a", "failed"),
        suite_ended(),
        suite_started(9),
        proposed(1, "nobody"),
        ev.BranchOpened(branch="b", image="other", container="other"),
        ev.BranchClosed(branch="nobody", outcome="fell"),
        ev.ShellLost(branch="nobody", reason="", program=""),
        ev.GateStarted(branch="b", step=1, gate="g"),
        ev.GateEnded(branch="b", step=1, gate="g", held=True, reason="", seconds=0),
        ev.Remark(text="x"),
        ev.Unknown(original="x", line=b"{}"),
    ):
        after = apply(state, msgspec.structs.replace(odd, seq=99, at=99.0))
        assert after == msgspec.structs.replace(state, seq=99, at=99.0), odd


NAMES = st.sampled_from(["a", "b", "c"])
POOLS = {
    "branch": NAMES,
    "parent": st.sampled_from(["", "a", "b", "c", "nobody"]),
    "step": st.integers(0, 3),
    "gate": st.sampled_from(["healthy", "rebuild"]),
    "id": st.sampled_from(TESTS),
    "purpose": st.sampled_from(["step", "step", "rebuild"]),
}


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_no_order_crashes_it_and_no_state_ever_changes(any_event, data):
    texts = st.sampled_from(["", "x", "done", "passed"])
    begun = [opened("a"), opened("b", "a", 1), proposed(1, "a"), suite_started(1, "a")]
    happened = data.draw(st.sampled_from([[], begun]))
    happened = happened + data.draw(st.lists(any_event(texts, **POOLS), max_size=30))
    states, pictures = [State()], [repr(State())]
    for event in happened:
        states.append(apply(states[-1], event))
        pictures.append(repr(states[-1]))
    # From any moment history could have gone another way; that does not change the one that was.
    at = data.draw(st.integers(0, len(happened)))
    fold(data.draw(st.lists(any_event(texts, **POOLS), max_size=5)), states[at])
    assert [repr(state) for state in states] == pictures
    assert fold(happened[at:], fold(happened[:at])) == states[-1]
    for branch in states[-1].branches:
        assert len(state_changing(lineage(states[-1], branch))) <= len(lineage(states[-1], branch))


def test_reports_put_on_an_old_state_leave_both_histories_right():
    running = fold(numbered(start(), opened(), proposed(), suite_started(), reported("t::a", "passed")))
    one = fold([reported("t::b", "failed", "one")], running)
    two = fold([reported("t::b", "passed"), reported("t::c", "failed", "two")], running)
    outcomes = [state.branches["b"].steps[1].suite.outcomes for state in (running, one, two)]
    assert outcomes == [
        {"t::a": "passed"},
        {"t::a": "passed", "t::b": "failed"},
        {"t::a": "passed", "t::b": "passed", "t::c": "failed"},
    ]


def test_half_a_million_reports():
    def happened():
        yield start()
        yield opened()
        for step in range(1, 101):
            yield proposed(step)
            yield suite_started(step)
            for n in range(5000):
                yield reported(f"tests/test_{n // 50}.py::test[{n}]", "passed", step=step)
            yield suite_ended(step, flips=())

    state = fold(happened())
    steps = state.branches["b"].steps.values()
    assert [len(step.suite.outcomes) for step in steps if step.suite] == [5000] * 100
