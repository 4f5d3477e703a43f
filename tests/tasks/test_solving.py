"""Tasks by hand: the solution earns 1, nothing done earns 0, whatever is broken."""

from __future__ import annotations

import pytest

from engine.sandbox import images
from engine.sandbox.difference import difference
from engine.sandbox.sandbox import Sandbox
from tests.tasks.conftest import Workshop, copy

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

SITE = "/opt/venv/lib/python3.11/site-packages"

FAULTS = {
    "a package's directory deleted": f"rm -r {SITE}/pluggy {SITE}/pluggy-*",
    "permissions taken, a file corrupted": """
        chmod 700 /tmp /opt/venv/bin
        printf garbage >/usr/lib/python3.11/json/decoder.py""",
    "many modes and owners": f"chown -R root:root /home/dev; chmod -R o-rwx {SITE}/_pytest; chmod 755 /tmp",
    "a variable for everyone": """
        echo 'export PYTHONPATH=/opt/old' >/etc/profile.d/zz.sh
        mkdir -p /opt/old/json
        echo 'raise ImportError' >/opt/old/json/__init__.py""",
    "a start-up hook": f"echo 'import sys; sys.modules[\"sqlite3\"] = None' >{SITE}/zz.pth",
    "types changed": """
        cd /usr/lib/python3.11
        rm sqlite3/dbapi2.py; mkdir sqlite3/dbapi2.py
        rm -r json; echo 1 >json
        rm -r /opt/venv/bin; ln -s /nowhere /opt/venv/bin""",
    "the shell and its tools broken": """
        printf garbage >/usr/bin/tar; printf garbage >/usr/bin/chown
        rm /usr/bin/cp /usr/lib/x86_64-linux-gnu/libsqlite3.so.0*
        ln -sf /bin/false /bin/sh""",
    "python gone": "rm /usr/bin/python3.11",
    "odd names": """
        mkdir -p $'/opt/a b\\n"c/\\xff'; touch $'/opt/a b\\n"c/\\xff/-rf'
        mv /usr/lib/python3.11/json $'/opt/j s'""",
}

TOGETHER = ("a package's directory deleted", "many modes and owners", "types changed", "odd names")

CASES = {name: (fault,) for name, fault in FAULTS.items() if name not in TOGETHER}
CASES["several of them"] = tuple(FAULTS[name] for name in TOGETHER)


@pytest.mark.parametrize("case", CASES)
async def test_solution_earns_one_and_nothing_earns_zero(workshop: Workshop, case: str) -> None:
    made = await workshop.make(*CASES[case])
    assert made.task.f2p
    reward, log = await workshop.grade(made)
    assert reward == "0", log
    assert len(log.splitlines()) <= 20
    reward, log = await workshop.grade(made, solve=True)
    assert reward == "1", log


async def test_solution_restores_the_gold_filesystem(workshop: Workshop) -> None:
    made = await workshop.make(*(FAULTS[fault] for fault in TOGETHER))
    async with await Sandbox.start(workshop.engine, made.image, purpose="proof") as sandbox:
        await sandbox.put(copy(made.directory / "solution", "solution"))
        ran = await sandbox.exec(["/bin/bash", "-c", "/solution/solve.sh && rm -r /solution"])
        assert ran.exit_code == 0, ran
        image = await sandbox.commit()
    try:
        left = await difference(workshop.engine, image, workshop.gold.image, workshop.tree)
    finally:
        await images.remove(workshop.engine, image)
    assert not left
