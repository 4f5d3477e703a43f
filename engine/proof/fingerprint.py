"""What a task is about, short enough to keep in an index: two equal ones teach the same."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from engine.hints import how
from engine.sandbox.delta import Entry, Layer, Tree
from engine.suite.report import Report
from sessions.minhash import minhash, resemblance

CLASSES = 40
"""Classes of damage written out; the rest as a digest."""
_SITE = re.compile(r"(.*/(?:site-packages|dist-packages|lib-dynload))/([A-Za-z0-9_.]+)")
_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """Of one task."""

    damage: tuple[str, ...]
    """Classes of damaged paths: what happened to what, without names of single files in a package."""
    failing: str
    """Digest of the ids that fail."""
    errors: tuple[str, ...]
    """Signatures of what the failing tests said, numbers and quoted parts left out."""
    words: tuple[int, ...]
    """MinHash of the statement."""


def fingerprint(tree: Tree, delta: Layer, f2p: Sequence[str], report: Report, statement: str) -> Fingerprint:
    """The fingerprint of the task that `delta` on top of `tree` is."""
    return Fingerprint(
        damage=_short(sorted({damage(path, tree.get(path), entry) for path, entry in delta.items()})),
        failing=_digest("\n".join(sorted(f2p))),
        errors=signatures(report, f2p),
        words=minhash(statement),
    )


def _short(classes: Sequence[str]) -> tuple[str, ...]:
    if len(classes) <= CLASSES:
        return tuple(classes)
    return (*classes[:CLASSES], f"and {len(classes) - CLASSES} more: {_digest(chr(10).join(classes))}")


def damage(path: str, was: Entry | None, now: Entry | None) -> str:
    """What happened, and to what kind of thing: `changed .../site-packages/click`."""
    found = _SITE.match(path)
    if found:
        package = found[2].split("-", 1)[0]
        place = f"{found[1]}/{package.split('.', 1)[0]}"
    else:
        folder, name = posixpath.split(path)
        place = posixpath.join(folder, _NUMBERS.sub("#", name))
    return f"{how(was, now)} {place}"


def signatures(report: Report, f2p: Sequence[str]) -> tuple[str, ...]:
    """Each kind of failure once: the first line of what a test said, with what varies left out."""
    texts = [report.results[test].message for test in f2p if test in report.results]
    texts += list(report.errors) if not any(texts) else []
    firsts = {_plain(text.strip().split("\n", 1)[0]) for text in texts if text.strip()}
    return tuple(sorted(firsts or {report.status}))[:20]


def _plain(line: str) -> str:
    return _NUMBERS.sub("#", _QUOTED.sub("''", line))[:120]


def twin(mine: Fingerprint, lines: Iterable[Mapping[str, object]]) -> str:
    """The id of a task in the index's lines with the same damage and the same failing tests, or nothing."""
    for line in lines:
        known = read(line)
        if known and (known.damage, known.failing) == (mine.damage, mine.failing):
            return str(line.get("id"))
    return ""


def nearest(mine: Fingerprint, lines: Iterable[Mapping[str, object]]) -> tuple[float, str]:
    """How much the most similar statement resembles this one's, and whose it is."""
    found = [
        (resemblance(mine.words, known.words), str(line.get("id"))) for line in lines if (known := read(line))
    ]
    return max(found, default=(0.0, ""))


def read(line: Mapping[str, object]) -> Fingerprint | None:
    """The fingerprint in a line of the index; None where there is none that can be read."""
    try:
        return msgspec.convert(line.get("fingerprint"), Fingerprint)
    except msgspec.ValidationError:
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
