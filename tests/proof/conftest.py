"""Candidates as a session leaves them, explored once, and benches to examine them on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from engine import commit
from engine.exploration import Exploration
from engine.gold.model import Gold
from engine.proof.gate import Candidate
from engine.proof.workbench import Workbench
from engine.sandbox.client import Endpoint, Engine, connect
from engine.sandbox.delta import Entry
from engine.sandbox.netns import Namespaces
from engine.suite.run import Suite
from engine.tasks.model import Task
from sessions.journal import Journal
from tests.scripted import Scripted

TAKEN = "chown root: /tmp/pytest-of-dev"
"""pytest wants this directory to be the user's own."""
CLOSED = "chmod 0600 /usr/lib/python3*/lib-dynload/_sqlite3.*.so"

LEVEL = "sed -i s/7/8/ /app/tiny/settings.ini"
VENV = "/etc/profile.d/venv.sh"
PARSER = "/usr/lib/python3.11/configparser.py"

SESSIONS = {
    "good": [TAKEN],
    "terminal": [f"[ -t 0 ] && {TAKEN}"],
    "variable": ["wanted=yes", f'if [ -n "$wanted" ]; then {TAKEN}; else {CLOSED}; fi'],
    "inert": ["echo 1 >/etc/inert", TAKEN, LEVEL],
    "messy": [
        f"cp {PARSER} {PARSER}.bak; ls -a >/root/.bash_history; echo cut >>/var/log/faillog",
        f"sed -i 's/^class ConfigParser/class Parser/' {PARSER}",
    ],
    "late": [
        "touch /etc/stamp; echo '[ /etc/stamp -nt /etc/profile.d/venv.sh ] && exit 1' >/etc/profile.d/when.sh"
    ],
    "kept": ["echo 'exit 1' >/etc/kept.bak; echo '. /etc/kept.bak' >/etc/profile.d/kept.sh"],
    "script": ["echo 'umask 0777' >/etc/profile.d/mask.sh"],
    "source": [TAKEN, "echo '# x' >>/app/tiny/__init__.py"],
    "gone": ["mv /app /srv/app"],
    "several": [TAKEN, "echo 'raise ImportError' >/usr/lib/python3.11/sqlite3/__init__.py"],
    "login": ["for name in site zone area; do echo 'exit 3' >/etc/profile.d/$name.sh; done"],
}
"""What was typed on each branch. The damage of `terminal` and `variable` is in no file of its own."""

Bench = Callable[..., Workbench]


@pytest.fixture(scope="session")
def candidates(
    endpoint: Endpoint,
    gold: Gold,
    gold_tree: dict[str, Entry],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Candidate]:
    """The candidates of `SESSIONS`, each explored when it is first asked for."""
    folder = tmp_path_factory.mktemp("explored")

    async def explore(name: str) -> Candidate:
        async with connect(endpoint) as engine:
            with Journal(folder / f"{name}.jsonl") as journal:
                exploration = Exploration(engine, gold, gold_tree, journal, "proofs")
                await exploration.prepare()
                try:
                    branch = await exploration.open(name)
                    candidate = await exploration.explore(branch, Scripted(SESSIONS[name]))
                    await exploration.close(branch, "nominated")
                finally:
                    await exploration.end()
        assert candidate is not None, name
        return candidate

    class Explored(dict[str, Candidate]):
        def __missing__(self, name: str) -> Candidate:
            # In a thread, for who asks may be in a loop.
            with ThreadPoolExecutor(1) as pool:
                self[name] = pool.submit(asyncio.run, explore(name)).result()
            return self[name]

    return Explored()


@pytest.fixture(scope="session")
def drafted(endpoint: Endpoint, candidates: dict[str, Candidate], gold_tree: dict[str, Entry]) -> Task:
    """The task that `good` would be."""

    async def draft() -> Task:
        async with connect(endpoint) as engine:
            good = candidates["good"]
            namespaces = Namespaces(engine, good.gold.image)
            suite = Suite(engine, good.gold.test)
            bench = Workbench(engine, good, gold_tree, suite, namespaces, real, reports=(good.report,))
            return await bench.task()

    return asyncio.run(draft())


async def real(bench: Workbench) -> Task:
    """Draft a task as a commit does."""
    return await commit._draft(bench, "proofs", seed=0)


@pytest.fixture
async def bench(
    engine: Engine, candidates: dict[str, Candidate], drafted: Task, gold_tree: dict[str, Entry]
) -> AsyncIterator[Bench]:
    """A bench on which a candidate lies as if its snapshot were what a rebuild gave.

    With `task`, that is the task as it would be written; candidates and benches can be varied by keyword.
    """
    namespaces = Namespaces(engine, drafted.gold.image, ready=2)
    suite = Suite(engine, drafted.gold.test, namespaces=namespaces)

    def made(name: str = "good", *, task: Task = drafted, rebuilt: str = "", **varied: object) -> Workbench:
        candidate = replace(candidates[name], **varied)

        async def draft(bench: Workbench) -> Task:
            return task

        return Workbench(
            engine,
            candidate,
            gold_tree,
            suite,
            namespaces,
            draft,
            rebuilt=rebuilt or candidate.image,
            reports=(candidate.report,),
        )

    yield made
    await namespaces.close()
