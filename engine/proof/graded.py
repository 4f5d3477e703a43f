"""Gates on the task's own grader: nothing done earns 0, the solution earns 1."""

from __future__ import annotations

from engine.proof.gate import Fell, Held
from engine.proof.grading import Act, Graded, grade, solving
from engine.proof.together import together
from engine.proof.workbench import Workbench
from engine.tasks import terminal_bench

ORACLE_REPEATS = 2


class Nop:
    """The untouched task earns nothing."""

    name = "nop"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Grade the rebuilt image as it is.

        Raises:
            Fell: it earns anything but 0.
        """
        form = next(iter(await self.bench.forms()))
        graded = await grade(self.bench, [Act(terminal_bench.ALIVE, must=True)], form=form)
        if graded.failed:
            raise Fell("nop: no terminal works in the container for a client", {"log": graded.log})
        if graded.reward != 0:
            raise Fell(f"nop: the untouched task earned {graded.reward}", {"log": graded.log})
        return Held("the untouched task earns 0", {"reward": 0})


class Oracle:
    """The exported solution repairs everything, offline, each time."""

    name = "oracle"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Run the solution in fresh containers and grade them.

        Raises:
            Fell: one of them earns anything but 1.
        """
        forms = list(await self.bench.forms())
        chosen = [forms[number % len(forms)] for number in range(ORACLE_REPEATS)]
        for graded in await together(*(self._graded(form) for form in chosen)):
            if graded.reward != 1:
                raise Fell(f"oracle: the solution earned {graded.reward}", {"log": graded.log})
        return Held(
            f"the solution earns 1, {ORACLE_REPEATS} of {ORACLE_REPEATS} times",
            {"repeats": ORACLE_REPEATS, "formats": forms},
        )

    async def _graded(self, form: str) -> Graded:
        return await grade(self.bench, [await solving(self.bench, form)], form=form)
