"""The parts of a task that need gold's bytes: the reference solution and the private copies of the tests."""

from __future__ import annotations

from engine.sandbox.delta import Layer, Tree
from engine.tasks.contract import Contract
from engine.tasks.goldfiles import Get, archive, folders
from engine.tasks.solution import plan, solution


async def private_tests(get: Get, tree: Tree, contract: Contract) -> bytes:
    """A tar of the tests as gold has them, with the directories that lead to them, and of texts to compare.

    Raises:
        EngineError: the gold container is gone, or is not what `tree` says.
    """
    leading = folders(tree, contract.tests, contract.roots)
    return await archive(get, tree, {*contract.tests, *contract.texts}, leading)


async def reference_solution(get: Get, tree: Tree, delta: Layer) -> dict[str, bytes]:
    """The files of `solution/` that undo `delta`; `get` reads from a container of the gold image.

    Raises:
        EngineError: the gold container is gone, or this machine has no static busybox and one is needed.
    """
    mend = plan(tree, delta)
    return solution(mend, await archive(get, tree, mend.restore) if mend.restore else b"")
