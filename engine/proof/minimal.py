"""Gate: no command could be left out; and which command breaks which tests."""

from __future__ import annotations

from engine.inversion import Line
from engine.proof.ddmin import ddmin
from engine.proof.gate import Held
from engine.proof.replay import replay
from engine.proof.workbench import Workbench

Places = tuple[int, ...]


class Minimal:
    """What no test felt is no part of a task."""

    name = "minimal"

    def __init__(self, bench: Workbench, *, apply: bool = True) -> None:
        """Look for commands that can go; with `apply`, the Dockerfile is left without them."""
        self.bench, self.apply = bench, apply
        self._images: dict[Places, str] = {}
        self._broken: dict[Places, frozenset[str] | None] = {}

    async def check(self) -> Held:
        """Try parts of the commands, each in a container from gold and then the suite.

        The attribution says for each needed command which tests pass once it alone is left out.

        Raises:
            EngineError: a container could not be made.
        """
        bench = self.bench
        lines, whole = bench.lines, bench.candidate.broken
        every = tuple(range(len(lines)))
        if len(lines) > 1 and await self._fails(every) != whole:
            bench.notes |= {"minimised": False}
            return Held(
                "run one after the other in one container, the commands break other tests: left as they are",
                {"commands": len(lines), "minimised": False},
            )

        async def same(places: Places) -> bool:
            return await self._fails(places) == whole

        needed = await ddmin(len(lines), same)
        healed = {place: await self._healed(needed, place) for place in needed}
        dropped = [place for place in every if place not in needed]
        minimised = self.apply and bool(dropped)
        if minimised:
            await bench.adopt(tuple(lines[place] for place in needed), self._images[needed])
        bench.notes |= {
            "minimised": minimised,
            "inert": len(dropped),
            "attribution": [
                {"step": lines[place].step, "command": lines[place].command, "heals": sorted(tests)}
                for place, tests in healed.items()
            ],
        }
        return Held(
            self._said(len(needed), len(dropped)),
            {
                "commands": len(lines),
                "needed": [lines[place].step for place in needed],
                "inert": [_shown(lines[place]) for place in dropped],
                "minimised": minimised,
                "heals": {str(lines[place].step): len(tests) for place, tests in healed.items()},
                "replays": len(self._broken),
            },
        )

    def _said(self, needed: int, dropped: int) -> str:
        if not dropped:
            return "its one command is needed" if needed == 1 else f"each of the {needed} commands is needed"
        done = "left out" if self.apply else "kept all the same"
        return f"{needed} of {needed + dropped} commands break the tests; {dropped} that no test felt: {done}"

    async def _fails(self, places: Places) -> frozenset[str] | None:
        """Which tests the commands at `places` break; None when they do not build."""
        if not places:
            return frozenset()
        if places not in self._broken:
            bench = self.bench
            image = await replay(bench, [bench.lines[place] for place in places])
            self._images[places] = image
            report = await bench.suite.run(image) if image else None
            self._broken[places] = report.broken(bench.candidate.gold.baseline) if report else None
        return self._broken[places]

    async def _healed(self, needed: Places, place: int) -> frozenset[str]:
        without = await self._fails(tuple(each for each in needed if each != place))
        return frozenset() if without is None else self.bench.candidate.broken - without


def _shown(line: Line) -> dict[str, object]:
    return {"step": line.step, "command": line.command}
