"""Gates on an exported task alone: its files are those of the proof, and its terms follow from gold."""

from __future__ import annotations

import hashlib

import msgspec

from engine.proof.gate import Fell, Held
from engine.proof.workbench import Workbench
from engine.sandbox.reading import reading
from engine.tasks.contract import contract
from engine.tasks.exported import Exported
from engine.tasks.materials import private_tests


class Kept:
    """Every file of the task is, byte for byte, what it was when the task was proven."""

    name = "files"

    def __init__(self, exported: Exported) -> None:
        self.exported = exported

    async def check(self) -> Held:
        """Compare the files with the digests beside them.

        Raises:
            Fell: one was changed, is missing or was added.
        """
        wrong = self.exported.broken()
        if wrong:
            (name, why), more = next(iter(wrong.items())), len(wrong) - 1
            raise Fell(f"{name} {why}" + (f"; and {more} more" if more else ""), {"files": wrong})
        return Held(f"all {len(self.exported.files)} files are as they were", {})


class Terms:
    """The contract and the private copies of the tests are what gold and the failing tests make them."""

    name = "contract"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Make them again, and compare.

        Raises:
            Fell: the exported ones differ.
        """
        bench = self.bench
        gold, task = bench.candidate.gold, await bench.task()
        made = contract(bench.tree, gold.test, gold.recipe.protected, bench.f2p, bench.p2p)
        differing = [
            field
            for field in made.__struct_fields__
            if msgspec.to_builtins(getattr(made, field)) != msgspec.to_builtins(getattr(task.contract, field))
        ]
        if differing:
            raise Fell(f"contract: {', '.join(differing)} do not follow from gold", {"fields": differing})
        async with reading(bench.engine, gold.image, bench.session) as get:
            tests = await private_tests(get, bench.tree, made)
        if tests != task.tests:
            raise Fell("contract: the private copies of the tests are not those of gold")
        digest = hashlib.sha256(tests).hexdigest()
        return Held(f"{len(made.f2p)} must pass again, {len(made.p2p)} still", {"tests": digest})
