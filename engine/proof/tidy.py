"""Gate: traces that are no damage are cleared away, as long as the same tests go on failing."""

from __future__ import annotations

from collections.abc import Sequence

from engine.inversion import Line
from engine.proof import times
from engine.proof.gate import Fell, Held
from engine.proof.replay import replay
from engine.proof.together import together
from engine.proof.traces import traces
from engine.proof.workbench import Workbench
from engine.sandbox import tools

SHOWN = 50
LATEST = 2000
"""Paths whose times are set one by one; of more, the directories' only."""


class Tidy:
    """Histories, backups, caches, logs, stale bytecode and file times would tell without a single test."""

    name = "tidy"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Add lines to the Dockerfile that clear up, and run the suite on what they leave.

        Times are put right as far as the failing tests allow it, for they may be the damage.

        Raises:
            Fell: a trace cannot be removed, or not without changing what fails.
            EngineError: a container could not be made.
        """
        bench = self.bench
        found = traces(bench.tree, bench.delta)
        clear = (_line(found.script()),) if found.script() else ()
        self._whole = set(found.shorten)
        late = await self._late(found.script())
        settled: set[str] = set()
        for chosen in self._choices(late):
            lines = (*clear, *self._touching(chosen))
            if not lines or await self._same(lines):
                settled = chosen
                break
        else:
            told = sorted({*found.remove, *found.shorten})
            raise Fell(
                f"tidy: {told[0]} tells what was done, and is not to be cleared away alone",
                {"paths": told[:SHOWN]},
            )
        left = sorted(set(late) - settled)
        count = len(found.remove) + len(found.shorten)
        return Held(
            f"{count} traces cleared, times of {len(settled)} paths as in gold"
            + (f", {len(left)} left" if left else ""),
            {
                "removed": list(found.remove[:SHOWN]),
                "shortened": sorted(found.shorten)[:SHOWN],
                "times": len(settled),
                "times_left": left[:SHOWN],
            },
        )

    async def _late(self, clearing: str) -> dict[str, str]:
        """What has a telling time once the traces are gone, and gold's times there and above."""
        bench = self.bench
        since = await times.made_at(bench)

        async def look(image: str) -> set[str]:
            async with bench.container(image, clean=True) as sandbox:
                if clearing:
                    await sandbox.exec([tools.BUSYBOX, "sh", "-c", clearing])
                return await times.later(sandbox, since)

        async with bench.container(bench.candidate.gold.image, clean=True) as gold:
            bench.fresh, late = await together(times.later(gold, since), look(bench.image))
            late -= bench.fresh
            # A directory that each container has anew has no time of its own.
            self._times = await times.known_times(gold, (times.ancestors(late) & {*bench.tree}) - bench.fresh)
        return {path: self._times.get(path, "") for path in late}

    def _choices(self, late: dict[str, str]) -> Sequence[set[str]]:
        """Whose times to put right: of everything, of what is no file of the delta, of nothing."""
        quiet = {path for path in late if path not in self.bench.delta}
        choices = [set(late)] if len(late) <= LATEST else []
        return [*choices, *([quiet] if quiet and quiet != set(late) else []), set()]

    def _touching(self, chosen: set[str]) -> tuple[Line, ...]:
        hurt = {path: entry for path, entry in self.bench.delta.items() if path not in self._whole}
        text = times.script(chosen, self._times, self.bench.tree, hurt)
        return (_line(text),) if text else ()

    async def _same(self, lines: Sequence[Line]) -> bool:
        """Whether the same tests fail after `lines`; the Dockerfile has them then."""
        bench, candidate = self.bench, self.bench.candidate
        image = await replay(bench, lines, bench.image)
        if not image:
            return False
        report = await bench.suite.run(image)
        if report.broken(candidate.gold.baseline) != candidate.broken:
            return False
        await bench.adopt((*bench.lines, *lines), image)
        return True


def _line(command: str) -> Line:
    return Line(command, "/", exit_code=0, step=0)
