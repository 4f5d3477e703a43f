import pytest
from msgspec.structs import replace

from engine.agents.model import Back, Feedback, GiveUp, Proposal
from engine.agents.roaming import Roaming
from engine.agents.wishes import Reader, Wish
from engine.faults.model import Fault
from sessions.events import Flip
from sessions.model import Step

TESTS = ("tests/test_main.py::test_a", "tests/test_main.py::test_b", "tests/test_cli.py::test_c")


def fault(
    operator: str, family: str, target: str, command: str, tests: tuple[str, ...] = (), look: str = ""
) -> Fault:
    return Fault(
        operator=operator,
        family=family,
        target=target,
        command=command,
        look=look,
        recovery="",
        symptom="breaks",
        tests=frozenset(tests),
    )


PIP = fault("dep-a", "dependencies", "pip", "rm -r /opt/venv/lib/python3.11/site-packages/pip")
CLICK = fault("dep-b", "dependencies", "click", "pip uninstall -y click", TESTS[2:])
CHMOD = fault("perm-a", "permissions", "/tmp", "chmod 755 /tmp", TESTS[:2])
ETC = fault("net-a", "network", "nsswitch", "sed -i s/files// /etc/nsswitch.conf", TESTS[:1])
ALL = (PIP, CLICK, CHMOD, ETC)
READER = Reader(("pip", "click", "ruamel.yaml"), TESTS)


def left(text: str) -> tuple[set[str], str]:
    wish, said = READER.read(text, Wish())
    return {one.target for one in ALL if wish.allows(one)}, said


@pytest.mark.parametrize(
    ("text", "targets", "said"),
    [
        ("leave pip alone", {"click", "/tmp", "nsswitch"}, "leaving pip alone"),
        ("Only permissions.", {"/tmp"}, "only permissions"),
        ("only permissions and network", {"/tmp", "nsswitch"}, "only permissions, network"),
        ("don't touch /etc", {"pip", "click", "/tmp"}, "leaving /etc alone"),
        ("only dependencies, but leave pip alone", {"click"}, "only dependencies; leaving pip alone"),
        ("only break test_cli.py", {"click"}, "only tests in test_cli.py"),
        ("no certificates please", {"pip", "click", "/tmp"}, "leaving network alone"),
    ],
)
def test_words_become_a_wish(text: str, targets: set[str], said: str) -> None:
    assert left(text) == (targets, said)


def test_what_is_not_understood_changes_nothing_and_says_what_would_be() -> None:
    before, _ = READER.read("only permissions", Wish())
    wish, said = READER.read("make it spicy", before)
    assert wish == before
    assert said.startswith("nothing") and "permissions" in said


def test_later_words_take_back_earlier_ones() -> None:
    wish, _ = READER.read("leave pip alone and only dependencies", Wish())
    assert {one.target for one in ALL if wish.allows(one)} == {"click"}
    wish, _ = READER.read("break pip", wish)
    assert wish.allows(PIP) and wish.prefers(PIP) and not wish.prefers(CLICK)
    assert READER.read("do anything", wish)[0] == Wish()


def felt(step: int, *tests: str) -> Feedback:
    flips = tuple(Flip(test, "passed", "failed") for test in tests or TESTS[:1])
    return Feedback(step, "done", 0, b"", (), None, flips, frozenset(tests))


def unfelt(step: int) -> Feedback:
    return Feedback(step, "done", 0, b"", (), None, (), frozenset())


async def test_what_nobody_feels_is_not_piled_up() -> None:
    every = [fault(f"x-{n}", "data", str(n), f"rm {n}", look="ls" * (n % 2)) for n in range(9)]
    agent = Roaming(every, READER, 3)
    step, last = 0, 0
    for feels in (True, False, False, True, False, False, False):
        while True:
            step += 1
            proposal = await agent.propose()
            assert isinstance(proposal, Proposal)
            if proposal.fault:
                break
            agent.observe(unfelt(step))
        last = step if feels else last
        agent.observe(felt(step) if feels else unfelt(step))
    back = await agent.propose()
    assert isinstance(back, Back) and back.step == last and "3 faults" in back.reason
    fork = agent.forked("b2", back.step)
    assert isinstance(await fork.propose(), Proposal) and len(agent.tried) == 7
    assert isinstance(await agent.propose(), Proposal), "who is not followed back goes on"


def test_what_an_earlier_process_knew() -> None:
    agent = Roaming(ALL, READER, len(TESTS))
    ran = Step(branch="b1", number=1, command="", origin="saboteur", family="permissions", outcome="done")
    past = [replace(ran, operator="perm-a", target="/tmp")]
    past.append(replace(past[0], operator="net-a", target="nsswitch", outcome=""))  # nobody ran it
    agent.recall(past, ["leave pip alone"])
    assert agent.tried == {CHMOD.key} and agent.families["permissions"] == 1
    assert not agent.wish.allows(PIP)


async def test_the_saboteur_obeys_and_does_not_repeat_itself() -> None:
    agent = Roaming(ALL, READER, len(TESTS))
    agent.guide("break test_main.py, leave /etc alone")
    seen = []
    while isinstance(proposal := await agent.propose(), Proposal):
        assert proposal.fault is not None
        seen.append(proposal.fault.target)
        agent.observe(felt(1))
    assert seen[0] == "/tmp"
    assert sorted(seen) == ["/tmp", "click", "pip"]
    assert isinstance(proposal, GiveUp)
    agent.guide("whatever")
    proposal = await agent.propose()
    assert isinstance(proposal, Proposal) and proposal.fault is ETC


async def test_a_denied_fault_is_left_and_its_reason_heeded() -> None:
    looks = [fault(one.operator, one.family, one.target, one.command, tuple(one.tests), "ls") for one in ALL]
    agent = Roaming(looks, READER, len(TESTS))
    agent.guide("only permissions and network")
    first = await agent.propose()
    assert isinstance(first, Proposal) and first.command == "ls" and first.fault is None
    agent.denied("leave the network alone, only dependencies")
    await agent.propose()
    third = await agent.propose()
    assert isinstance(third, Proposal) and third.fault is not None and third.fault.family == "dependencies"


async def test_a_fork_goes_on_by_itself() -> None:
    agent = Roaming(ALL, READER, len(TESTS))
    await agent.propose()
    fork = agent.forked("b2", 1)
    await fork.propose()
    assert len(agent.tried) == 1 and len(fork.tried) == 2
