"""What the grader refuses, in real containers: anything short of the repair, whatever it looks like."""

from __future__ import annotations

import pytest

from tests.tasks.conftest import Made, Workshop

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

SITE = "/opt/venv/lib/python3.11/site-packages"
BROKEN = ("chmod 755 /tmp", "mv /usr/lib/python3.11/sqlite3 /usr/lib/python3.11/sqlite3.off")
TEST = "/app/tests/test_files.py"


@pytest.fixture
async def made(workshop: Workshop) -> Made:
    """A task with two faults."""
    return await workshop.make(*BROKEN)


SHORT = {
    "half the repair": "chmod 1777 /tmp",
    "a test that expects less": f"echo 'def test_sqlite(): pass' >{TEST}",
    "a test that is gone": f"rm {TEST}",
    "a test that is a link": f"cp {TEST} /tmp/t && ln -sf /tmp/t {TEST}",
    "a reward written": """
        mkdir -p /logs/verifier; echo 1 >/logs/verifier/reward.txt
        echo '{"reward": 1}' >/logs/verifier/reward.json""",
    "an interpreter that ends well": "cp /bin/true /usr/bin/python3.11",
    "an interpreter that repeats": "cp /bin/echo /usr/bin/python3.11",
    "an interpreter that hangs up": "printf '#!/bin/bash\\nkill -9 $PPID' >/usr/bin/python3.11",
    "hardly a tool left": "rm -r /usr/sbin /usr/lib/python3.11; cd /usr/bin; rm -f [!b]* b[!a]*",
}
"""Instead of the repair."""

TOO_MUCH = {
    "echo 'import sys' >>/app/tiny/__init__.py": "/app/tiny/__init__.py was changed",
    ": >/app/tiny/settings.ini": "/app/tiny/settings.ini was changed",
    "echo >/app/sqlite3.py": "/app/sqlite3.py was added",
    "ln -s /tmp /app/sqlite3": "/app/sqlite3 was added",
    "echo >/app/tests/conftest.py": "/app/tests/conftest.py was added",
    "echo >/conftest.py": "/conftest.py was added",
    "echo '[pytest]' >/app/pytest.ini": "/app/pytest.ini was added",
    "echo '[pytest]' >/app/tests/tox.ini": "/app/tests/tox.ini was added",
    f"echo import os >{SITE}/a.pth": "a.pth is a start-up hook",
    f"echo 'import os' >>{SITE}/distutils-precedence.pth": "distutils-precedence.pth is a start-up hook",
    f"echo >{SITE}/sitecustomize.py": "sitecustomize.py is a start-up hook",
    "echo >>/etc/python3.11/sitecustomize.py": "sitecustomize.py is a start-up hook",
    """
    mkdir -p /home/dev/.local/lib/python3.11/site-packages
    echo >/home/dev/.local/lib/python3.11/site-packages/usercustomize.py
    """: "usercustomize.py is a start-up hook",
    "rm /app/tiny/settings.ini": "/app/tiny/settings.ini was removed",
}
"""Beside the repair, and what the grader says of it."""


async def test_less_than_the_repair_earns_nothing(workshop: Workshop, made: Made) -> None:
    earned = {wrong: await workshop.grade(made, after=[command]) for wrong, command in SHORT.items()}
    assert {wrong: reward for wrong, (reward, _) in earned.items()} == dict.fromkeys(SHORT, "0"), earned


async def test_more_than_the_repair_earns_nothing(workshop: Workshop, made: Made) -> None:
    half = len(TOO_MUCH) // 2
    for batch in (list(TOO_MUCH.items())[:half], list(TOO_MUCH.items())[half:]):
        reward, log = await workshop.grade(made, solve=True, after=[command for command, _ in batch])
        assert reward == "0", log
        assert [reason for _, reason in batch if reason not in log] == [], log


async def test_edited_tests_are_put_back_for_an_honest_repair(workshop: Workshop, made: Made) -> None:
    edits = [f"echo 'assert False' >{TEST}", "rm -r /app/tests", "touch /app/notes.txt; mkdir /app/.cache"]
    reward, log = await workshop.grade(made, solve=True, after=edits)
    assert reward == "1", log
    assert log == "all 8 required tests pass\nreward 1\n"


async def test_a_left_over_json_reward_goes(workshop: Workshop, made: Made) -> None:
    reward, log = await workshop.grade(
        made, solve=True, after=["mkdir -p /logs/verifier/reward.txt/x && touch /logs/verifier/reward.json"]
    )
    assert reward == "1", log
