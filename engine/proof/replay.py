"""Run a Dockerfile's commands in one container, as its `RUN` lines would, in a fraction of a build's time."""

from __future__ import annotations

from collections.abc import Sequence

from engine.inversion import BUILD_ARGUMENTS, Line
from engine.proof.workbench import Workbench
from engine.sandbox import tools
from engine.sandbox.terminal import ENVIRONMENT

SECONDS = 300.0
"""For one command."""
_SILENT = 'exec "$@" </dev/null >/dev/null 2>&1'
"""A builder's command has no input; and one that leaves a process behind is over all the same."""


async def replay(bench: Workbench, lines: Sequence[Line], base: str = "") -> str:
    """The image that `lines` make of `base`, by default of gold; empty where a build would have failed.

    After each line everything it started is ended, as a build does.

    Raises:
        EngineError: the container could not be made, or is gone.
    """
    environment = {name: ENVIRONMENT[name] for name in BUILD_ARGUMENTS}
    base = base or bench.candidate.gold.image
    async with bench.engine.suite_slots, bench.container(base) as sandbox:
        before = await sandbox.processes()
        for line in lines:
            argv = [tools.BUSYBOX, "sh", "-c", _SILENT, "sh", *line.argv()]
            ran = await sandbox.exec(argv, timeout=SECONDS, env=environment)
            await sandbox.end_all_but(before)
            if ran.exit_code != 0 or ran.timed_out:
                return ""
        image = await sandbox.commit()
    bench.replayed.append(image)
    return image
