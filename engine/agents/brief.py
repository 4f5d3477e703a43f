"""What a model is told before it begins: the environment, the rules, and which way to go.

The system prompt is the same for all branches of a session, so the server reads it once. Words are neutral:
this is the preparation of repair exercises in throwaway containers, and nothing else.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from engine import clean
from engine.agents.hands import TOOLS as TOOLS
from engine.faults.facts import Facts
from engine.faults.model import FAMILIES
from engine.gold.model import Gold

_MEANT = {
    "dependencies": "installed Python packages: versions, metadata, missing or shadowed parts",
    "libraries": "shared libraries and extension modules, and how they are found",
    "interpreter": "the interpreter, its virtual environment, its standard library, entry points",
    "environment": "environment variables of login shells, locale, time zone, temporary directories",
    "permissions": "owners, modes and users, for tests that do not run as root",
    "toolchain": "shells and programs the tests start, and where they are looked for",
    "network": "name resolution on the machine itself, proxies, certificates",
    "data": "configuration and data files outside the project that the tests read",
}
SAMPLE = 6
"""Tests shown to a branch, with what they touch."""
TOUCHED = 5
"""Things shown of each."""
LISTED = 12
"""What was made before, in lines."""

_SYSTEM = """\
You prepare practice material for people who learn to repair software environments. You work as root in the \
shell of a throwaway container that was made for this and has no network. In it is a healthy Python project \
whose tests all pass. Your part: change the environment in a way that happens in real life, so that some \
tests stop passing. The container as you leave it becomes an exercise: somebody else will be asked to find \
out what is the matter and put it right.

How it works:
- You have one live shell, and run one command at a time with `bash`. After each you are told its exit code, \
what it printed, which paths it changed, and which tests changed their outcome. Tests are run for you, from \
a copy of the container's files, as the user {user}: {command}
- Only files count. Running processes, variables of your shell, and /dev, /proc, /sys, /etc/hosts, \
/etc/resolv.conf and /etc/hostname are not part of the exercise. What a login shell of that user reads \
(/etc/profile.d, for instance) is.
- When the exercise is good, call `nominate`. When nothing will come of this direction, call `give_up`.

A good exercise:
- lies in the environment, not in the project: {protected} must stay byte for byte as it is, and so must \
tests and their configuration;
- breaks some tests, not all, and best with errors that show a symptom far from the cause;
- is something that happens: an interrupted upgrade, a half-finished migration, a wrong setting, a full \
disk, a copied file. Not deletion for its own sake;
- can be put right without network by somebody who has understood it;
- leaves the shell, coreutils and pip working;
- has no traces: no backup copies, no notes, no comments, no file names that tell, no history.
Look before you change something, and change little: two or three commands that matter make a better \
exercise than ten.

The environment:
{facts}
"""


def system(gold: Gold, facts: Facts) -> str:
    """The system prompt of a session."""
    image = facts.image
    known = [
        f"project: {gold.project} {gold.version}, {len(gold.baseline)} tests, in {gold.test.cwd}",
        f"system: {image.system.distro} {image.system.release}, Python {image.python.version}",
        f"interpreter of the tests: {image.python.executable}, packages in {image.python.site}",
        f"tests run as: {gold.test.user}, whose home is {image.system.user.home}",
        "packages: " + ", ".join(f"{name} {version}" for name, version in sorted(gold.versions.items())),
        "programs: " + ", ".join(sorted(image.system.tools)),
        "login shells read: " + (", ".join(sorted(image.system.profile)) or "/etc/profile only"),
        "tests start: " + (", ".join(sorted(facts.uses.programs)) or "no programs"),
    ]
    return _SYSTEM.format(
        user=gold.test.user,
        command=clean.line(" ".join([gold.test.python, "-m", "pytest", *gold.test.args]), 300),
        protected=", ".join(gold.recipe.protected),
        facts="\n".join(f"- {clean.line(line, 1500)}" for line in known),
    )


def direction(seed: str, made: Mapping[str, int]) -> str:
    """A family to go for: those with the least made so far, and among them by lot."""
    least = min(made.get(family, 0) for family in FAMILIES)
    behind = [family for family in FAMILIES if made.get(family, 0) == least]
    return random.Random(seed).choice(behind)


def opening(facts: Facts, family: str, seed: str, held: Sequence[tuple[str, str]]) -> str:
    """The first message of a branch.

    Args:
        facts: of the gold environment.
        family: the direction.
        seed: which tests are shown.
        held: family and a few words of what is there already, oldest first.
    """
    parts = [f"Direction: {family} - {_MEANT[family]}."]
    chance = random.Random(f"{seed}/tests")
    shown = chance.sample(facts.baseline, min(SAMPLE, len(facts.baseline)))
    parts.append("Some of the tests, and what not all of them touch:")
    parts.append("\n".join(f"- {clean.line(test, 200)}: {_touched(facts, test)}" for test in sorted(shown)))
    if held:
        counted = Counter(each for each, _ in held)
        parts.append("There is already, so make something else:")
        lines = [f"- {name}: {number}" for name, number in sorted(counted.items())]
        lines += [f"- {clean.line(f'{name}: {what}', 200)}" for name, what in held[-LISTED:] if what]
        parts.append("\n".join(lines))
    parts.append("Begin with a look.")
    return "\n\n".join(parts)


def _touched(facts: Facts, test: str) -> str:
    """The most particular things a test touches outside the project."""
    uses, number = facts.uses, facts.baseline.index(test)
    found: list[tuple[int, str]] = []
    for names in (uses.paths, uses.libraries, uses.programs, uses.modules, uses.hosts):
        for name, group in names.items():
            users = uses.groups[group]
            if number in users and len(users) < len(facts.baseline) and not facts.own(name):
                found.append((len(users), name))
    return clean.line(", ".join(name for _, name in _few(found)), 400) or "what all touch"


def _few(found: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(found)[:TOUCHED]
