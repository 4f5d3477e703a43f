"""The inversion: the state-changing commands of a branch as a Dockerfile over the gold image.

Each `RUN` is in JSON form with bash, because `RUN` text goes to /bin/sh, loses `#` lines and heredocs in
continuations, and because the session's commands ran in bash. Shell state does not survive from one `RUN` to
the next, so directory, exported variables and umask are carried into each.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.gold.model import PROJECT_DIR
from engine.sandbox.shell import typed
from engine.sandbox.terminal import ENVIRONMENT
from engine.sandbox.watch import DONE, LOST
from sessions.model import Step

BUILD_ARGUMENTS = ("DEBIAN_FRONTEND", "LANG", "PIP_DISABLE_PIP_VERSION_CHECK", "PYTHONDONTWRITEBYTECODE")
"""Variables of the live shell that decide what commands write; as `ARG` they are not left in the image."""

DEFAULT_UMASK = "0022"
KILL_AFTER = 10
"""Seconds given in a build to a command that the session had to end."""
PART = 10_000
"""Characters of a script in one word: builders take lines of 64 KiB, and kernels words of 128 KiB."""


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
        return "\n".join([*before, self.command])

    def argv(self) -> list[str]:
        """What a `RUN` executes."""
        script = self.script()
        parts = [script[at : at + PART] for at in range(0, len(script), PART)]
        # A shell of its own for what failed: it may exit, replace itself, set traps or be killed.
        bash = '/bin/bash -c "$1"' if len(parts) == 1 else '/bin/bash <(printf %s "$@")'
        if self.outcome not in (DONE, LOST):
            # In the session nothing came from the keyboard; the end of a file would let it go on.
            bash = f"timeout -s KILL {KILL_AFTER} {bash} < <(sleep {2 * KILL_AFTER})"
        argv = ["/bin/bash", "-c"]
        if self.tolerated:
            argv += [f"{bash}; exit 0", "step"]
        elif len(parts) > 1:
            argv += [bash, "step"]
        return [*argv, *parts]

    def run(self) -> str:
        """The Dockerfile instruction: on one line, or for a very long command on several that make one."""
        separator = ", \\\n" if len(self.script()) > PART else ", "
        return "RUN [" + separator.join(json.dumps(each) for each in self.argv()) + "]"


def lines(steps: Iterable[Step]) -> list[Line]:
    """The inversion out of a journal: a line for each of the steps that changed something.

    What a command of an older journal ran under is taken to be what the step before it left.
    """
    found = []
    before: Step | None = None
    for step in steps:
        if before is not None and before.branch != step.branch:
            before = None  # a fork has a shell of its own
        if step.snapshot:
            found.append(_line(step, before))
        if step.ran:
            before = step
    return found


def _line(step: Step, before: Step | None) -> Line:
    if step.by_hand:
        return Line(step.command, "/", step=step.number)
    if step.began_cwd:
        cwd, exports, umask = step.began_cwd, step.began_exports, step.began_umask
    elif before is not None:
        cwd, exports, umask = before.cwd or PROJECT_DIR, before.exports, before.umask
    else:
        cwd, exports, umask = PROJECT_DIR, (), ""
    command, outcome = typed(step.command), step.outcome or DONE
    return Line(command, cwd, dict(exports), umask, step.exit_code, outcome, step.number)


def dockerfile(base: str, lines: Sequence[Line]) -> str:
    """The whole Dockerfile: FROM `base`, one RUN for each line."""
    # One ARG for all: each instruction is a container and a layer of the classic builder's.
    arguments = " ".join(f"{name}={ENVIRONMENT[name]}" for name in BUILD_ARGUMENTS)
    return "\n".join([f"FROM {base}", f"ARG {arguments}", *(line.run() for line in lines)]) + "\n"
