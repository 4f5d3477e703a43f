"""What a user who has an idea would add to the report: the area, or the place itself; never the command."""

from __future__ import annotations

import posixpath
import random
import re
from collections import Counter
from collections.abc import Sequence

from engine.sandbox.delta import Entry, Layer, Tree

NONE, WEAK, STRONG = "none", "weak", "strong"
LEVELS = (NONE, WEAK, STRONG)
"""How much an instruction gives away: what was seen, which area it is in, which place."""
SHOWN = 2
"""Places that a strong hint names."""

PLACES = (
    (r"/usr/share/zoneinfo|/etc/(?:localtime|timezone|adjtime|locale)", "the settings of time and language"),
    (r"/etc/ssl|/usr/share/ca-certificates|/usr/local/share/ca-cert|.*/certifi/", "the certificates"),
    (r"/etc/(?:hosts|resolv|nsswitch|host\.conf|gai\.conf|services|protocols)", "the network settings"),
    (r"/etc/(?:profile|environment|bash|security|login|skel)|/(?:home/[^/]+|root)/\.(?:bash|profile)",
     "the set-up of login shells"),
    (r".*/(?:site|dist)-packages/", "the installed Python packages"),
    (r"/opt/venv(?:/|$)", "the virtual environment"),
    (r"/usr/(?:local/)?lib/python3", "the standard library of Python"),
    (r"(?:/usr)?(?:/local)?/s?bin(?:/|$)", "the programs of the system"),
    (r"(?:/usr)?(?:/local)?/lib(?:32|64)?(?:/|$)|/etc/ld\.so", "the shared libraries of the system"),
    (r"/(?:etc)(?:/|$)", "the configuration of the system"),
    (r"/(?:tmp|var/tmp)(?:/|$)", "the directories for temporary files"),
    (r"/(?:home|root)(?:/|$)", "somebody's home directory"),
    (r"/(?:usr/share|var)(?:/|$)", "the data files of the system"),
)  # fmt: skip
ELSEWHERE = "something outside the project"
"""What a user would call the place of a path; the first pattern that fits counts."""

KINDS = {
    "removed": "missing files",
    "added": "a file too many",
    "changed": "the content of files",
    "link": "a link that leads elsewhere",
    "mode": "file permissions",
    "owner": "file ownership",
    "times": "file times",
}

WEAKLY = (
    "My guess, for what it is worth: it is something about {kind}, in {place}.",
    "A colleague had a quick look and believes that it is to do with {kind}, somewhere in {place}.",
    "If I had to say where to begin: I would look at {place}. It smells of {kind}.",
)
STRONGLY = (
    "A colleague had a look and found the spot, but not the time to mend it: {paths}. It is about {kind}.",
    "I have narrowed it down to {paths}, in {place}; it is about {kind}. What to do about it I do not know.",
    "By comparing with another machine I know where it differs: {paths}. It has to do with {kind}.",
)


def hints(tree: Tree, delta: Layer, *, seed: str) -> dict[str, str]:
    """A sentence for each level but `none`, about the damage that `delta` did to `tree`."""
    chance = random.Random(f"{seed} hints")
    delta = {path: entry for path, entry in delta.items() if not path.endswith((".pyc", ".pyo"))} or delta
    kinds = Counter(how(tree.get(path), entry) for path, entry in delta.items())
    named = _spots(tree, delta)
    facts = {
        "kind": KINDS[max(kinds, key=lambda kind: (kinds[kind], kind))] if kinds else KINDS["changed"],
        "place": place(named[0]) if named else ELSEWHERE,
        "paths": " and ".join(f"`{path}`" for path in named[:SHOWN]) or ELSEWHERE,
    }
    return {
        WEAK: chance.choice(WEAKLY).format(**facts),
        STRONG: chance.choice(STRONGLY).format(**facts),
    }


def how(was: Entry | None, now: Entry | None) -> str:
    """What happened to a path, one of `KINDS`."""
    if now is None:
        return "removed"
    if was is None:
        return "added"
    if was.what == now.what == "symlink" and was.target != now.target:
        return "link"
    if (was.what, was.digest) != (now.what, now.digest):
        return "changed"
    if was.mode != now.mode:
        return "mode"
    return "owner" if (was.uid, was.gid) != (now.uid, now.gid) else "times"


def place(path: str) -> str:
    """What a user would call the part of the system that `path` is in."""
    return next((name for pattern, name in PLACES if re.match(pattern, path)), ELSEWHERE)


def _spots(tree: Tree, delta: Layer) -> Sequence[str]:
    """Where to look: single paths, or the directory where many of its entries were hurt; most hurt first."""
    folders = Counter(posixpath.dirname(path) for path in delta)
    found: Counter[str] = Counter()
    for path in delta:
        if path in folders and path not in tree:
            continue  # a new directory: what is in it says more
        folder = posixpath.dirname(path)
        spot = folder if folders[folder] > SHOWN and folder != "/" else path
        if spot.isprintable() and "`" not in spot and spot.isascii():
            # What was merely added is seldom where it hurts.
            found[spot] += 1 if path in tree else 0
    return [spot for spot, _ in sorted(found.items(), key=lambda each: (-each[1], len(each[0]), each[0]))]
