import pytest

from engine.agents.model import Feedback, GiveUp, Proposal
from engine.agents.roaming import Roaming
from engine.agents.wishes import Reader, Wish
from engine.faults.model import Fault

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


async def test_the_saboteur_obeys_and_does_not_repeat_itself() -> None:
    agent = Roaming(ALL, READER, len(TESTS))
    agent.guide("break test_main.py, leave /etc alone")
    seen = []
    while isinstance(proposal := await agent.propose(), Proposal):
        assert proposal.fault is not None
        seen.append(proposal.fault.target)
        agent.observe(Feedback(1, "done", 0, b"", (), None, (), frozenset()))
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
