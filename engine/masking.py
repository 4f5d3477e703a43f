"""Keep a text from telling what was damaged: its paths, and the names that stand for them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

PATH, NAME = "<path>", "<name>"
"""What stands in the text instead."""

MANY = 200
"""Damaged paths beyond which only packages are told by name: a tree was hurt, not its single files."""

COMMON = frozenset({
    "app", "bin", "dev", "etc", "home", "include", "init", "lib", "lib64", "main", "opt", "py", "python",
    "python3", "root", "sbin", "share", "site", "src", "test", "tests", "tmp", "usr", "var", "venv",
    "site-packages", "dist-packages", "lib-dynload", "__init__", "__main__", "__pycache__",
})  # fmt: skip
"""Names that say nothing."""

_SITES = re.compile(r".*/(?:site-packages|dist-packages|python3(?:\.\d+)?(?:/lib-dynload)?)/([^/]+)")
_QUOTED = re.compile(r"""(?P<quote>['"])/(?!app\b)[^'"\n]*(?P=quote)""")
_ABSOLUTE = re.compile(r"(?<![\w<./-])~?/(?!app\b)(?:[\w.+@~%,=:#-]+/)*[\w.+@~%=#-]*\w/?")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


def names(paths: Iterable[str]) -> frozenset[str]:
    """Words, in lower case, that would give one of the damaged `paths` away."""
    listed = sorted(paths)
    found: set[str] = set()
    for path in listed:
        inside = _SITES.search(path)
        if inside:
            found |= _package(inside[1])
        if len(listed) <= MANY:
            base = posixpath.basename(path)
            found |= {base, base.split(".", 1)[0]}
    return frozenset(word for word in map(str.lower, found) if len(word) > 1 and word not in COMMON)


def _package(entry: str) -> set[str]:
    """Names of what an entry of a site directory belongs to."""
    if entry.endswith((".dist-info", ".egg-info", ".egg")):
        entry = entry.split("-", 1)[0].removesuffix(".egg-info")
        return {entry, entry.replace("_", "-"), entry.replace("_", ".")}
    return {entry.split(".", 1)[0]}


class Mask:
    """Masks the absolute paths of a text, but for the project's own, and all names of damaged ones."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.words = names(paths)
        # A name with what is joined to it by dots: libz.so.1 for libz, json.decoder for json.
        chosen = "|".join(re.escape(word) for word in sorted(self.words, key=len, reverse=True))
        self._names = re.compile(rf"(?<![\w<])(?:{chosen})(?:[.-]\w[\w.+-]*)?(?!\w)", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """The text without them."""
        text = _QUOTED.sub(lambda match: f"{match['quote']}{PATH}{match['quote']}", text)
        text = _ADDRESS.sub("0x...", _ABSOLUTE.sub(PATH, text))
        return self._names.sub(NAME, text) if self.words else text

    def told(self, text: str) -> list[str]:
        """The damaged names that `text` holds."""
        return sorted({match[0] for match in self._names.finditer(text)}) if self.words else []


def told_paths(text: str, paths: Sequence[str]) -> list[str]:
    """The damaged paths that `text` holds."""
    return [
        path
        for path in paths
        if path != "/" and path in text and re.search(re.escape(path) + r"(?![\w-])", text)
    ]
