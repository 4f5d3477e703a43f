"""Gate: does a task fall to repairs that need no look at it?"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from engine.gold.model import TestCommand
from engine.proof.gate import Fell, Held
from engine.proof.grading import Act, Graded, grade
from engine.proof.together import together
from engine.proof.workbench import Workbench

FLOOR, ABOVE = "blind", "diagnosis"
"""What the least is that a task takes."""

Repairs = Mapping[str, str]
"""Scripts by what a person would call them."""


def kinds(test: TestCommand) -> tuple[Repairs, ...]:
    """What people try before they look, without network; what can go together in one container.

    Of one kind are repairs that cannot undo each other's reward: what replaces files may be held against a
    container by the grader. What is right already is not touched, for on a layered filesystem that would
    copy the whole image; the wheels that Debian and Python bring along are pip's own, which nobody means.
    """
    python, home = shlex.quote(test.python), "/root" if test.user == "root" else f"/home/{test.user}"
    quiet, apt = "export DEBIAN_FRONTEND=noninteractive", "apt-get -y --no-download"
    pip = f"xargs -0r {python} -m pip install --no-index --force-reinstall --no-deps -q"
    wheels = "find / -xdev -name '*.whl' ! -path '*/python-wheels/*' ! -path '*/ensurepip/*' -print0"
    broken = "sed -n 's/^[^ ]* [^ ]* requires \\([A-Za-z0-9._-]*\\).*/\\1/p' | sort -u | tr '\\n' '\\0'"
    checkout = "git -c safe.directory='*' checkout ."
    closed = "find / -xdev ! -type l '(' ! -perm -444 -o -type d ! -perm -111 ')'"
    return (
        {
            "dpkg --configure -a": f"{quiet}; dpkg --configure -a --force-confdef",
            "apt-get --fix-broken install": f"{quiet}; {apt} --fix-broken install",
            "apt-get --reinstall": f"{quiet}; {apt} --reinstall install $(dpkg-query -W -f '${{Package}} ')",
        },
        {"ldconfig": "ldconfig"},
        {
            "pip install --force-reinstall": f"{wheels} | {pip}",
            "pip check": f"{python} -m pip check | {broken} | {pip}",
        },
        {
            "git checkout .": f"find / -xdev -name .git -prune -execdir {checkout} \\;",
            "chmod -R": f"{closed} -exec chmod a+rX {{}} +; chmod 1777 /tmp /var/tmp",
            "chown -R": f"find {home} /tmp/* ! -user {test.user} -exec chown -h {test.user}: {{}} +",
            "rm -rf /tmp/*": "rm -rf /tmp/* /var/tmp/*",
        },
    )


class Trivial:
    """The difficulty floor: recorded always, and with `reject` a reason to fall."""

    name = "trivial"

    def __init__(self, bench: Workbench, *, reject: bool = False) -> None:
        self.bench, self.reject = bench, reject

    async def check(self) -> Held:
        """Grade containers in which blind repairs were made, all of a kind in one.

        Only where one earns something its repairs are tried one by one.

        Raises:
            Fell: one earns 1, and that is not wanted.
            EngineError: a container could not be made.
        """
        bench = self.bench
        every = kinds(bench.candidate.gold.test)
        graded = await together(*(self._graded(kind.values()) for kind in every))
        solved: list[str] = []
        for kind, found in zip(every, graded, strict=True):
            if found.reward:
                alone = await together(*(self._graded([script]) for script in kind.values()))
                names = [name for name, each in zip(kind, alone, strict=True) if each.reward]
                solved += names or [" + ".join(kind)]
        tried = [name for kind in every for name in kind]
        bench.notes |= {"floor": FLOOR if solved else ABOVE, "solved_by": solved}
        evidence: dict[str, object] = {"tried": tried, "solved_by": solved}
        if solved and self.reject:
            raise Fell(f"trivial: {solved[0]} solves it", evidence)
        said = f"solved blindly by {', '.join(solved)}" if solved else "none of them solves it"
        return Held(f"{len(tried)} blind repairs tried; {said}", evidence)

    async def _graded(self, scripts: Iterable[str]) -> Graded:
        return await grade(self.bench, [Act(("/bin/bash", "-c", script)) for script in scripts])
