"""The inversion: the state-changing commands of a branch as a Dockerfile over the gold image.

Each `RUN` is in JSON form with bash, because `RUN` text goes to /bin/sh, loses `#` lines and heredocs in
continuations, and because the session's commands ran in bash. Shell state does not survive from one `RUN` to
the next, so directory, exported variables and umask are carried into each.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.sandbox.shell import ENVIRONMENT
from engine.sandbox.watch import DONE

BUILD_ARGUMENTS = ("DEBIAN_FRONTEND", "PYTHONDONTWRITEBYTECODE")
"""Variables of the live shell that decide what commands write; as `ARG` they are not left in the image."""

DEFAULT_UMASK = "0022"
KILL_AFTER = 10
"""Seconds given in a build to a command that the session had to end."""


@dataclass(frozen=True, slots=True)
class Line:
    """One state-changing command with what it ran under."""

    command: str
    cwd: str
    """Directory before the command."""
    exports: dict[str, str] = field(default_factory=dict)
    """Variables exported before the command, beyond the live shell's first ones."""
    umask: str = ""
    exit_code: int | None = 0
    outcome: str = DONE
    step: int = 0

    @property
    def tolerated(self) -> bool:
        """Whether the session went on although the command did not succeed."""
        return self.exit_code != 0 or self.outcome != DONE

    def script(self) -> str:
        """The bash script that does in a build what the command did in the session."""
        before = [f"cd {shlex.quote(self.cwd)}"]
        before += [f"export {name}={shlex.quote(value)}" for name, value in sorted(self.exports.items())]
        if self.umask and self.umask.zfill(4) != DEFAULT_UMASK:
            before.append(f"umask {self.umask}")
        command = self.command
        if self.outcome != DONE:
            command = f"timeout -s KILL {KILL_AFTER} /bin/bash -c {shlex.quote(command)} </dev/null"
        if self.tolerated:
            before.append("trap 'exit 0' EXIT")
        return "\n".join([*before, command])

    def run(self) -> str:
        """The Dockerfile instruction, on one line."""
        return "RUN " + json.dumps(["/bin/bash", "-c", self.script()], ensure_ascii=True)


def dockerfile(base: str, lines: Sequence[Line]) -> str:
    """The whole Dockerfile: FROM `base`, one RUN for each line."""
    arguments = [f"ARG {name}={ENVIRONMENT[name]}" for name in BUILD_ARGUMENTS]
    return "\n".join([f"FROM {base}", *arguments, *(line.run() for line in lines)]) + "\n"
