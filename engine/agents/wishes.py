"""What an operator wants broken and what not, read out of plain words: families, paths, packages, tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.faults.model import FAMILIES, Fault

WORDS = {
    "dependencies": ("dependency", "dependencies", "package", "packages", "requirements", "wheels"),
    "libraries": ("library", "libraries", "shared", "elf", "linker"),
    "interpreter": ("interpreter", "entry", "entrypoint", "entrypoints", "shebang", "venv", "virtualenv"),
    "environment": ("environment", "variable", "variables", "locale", "timezone", "time", "profile", "env"),
    "permissions": ("permission", "permissions", "owner", "ownership", "mode", "modes", "chmod", "rights"),
    "toolchain": ("toolchain", "shell", "tools", "tool", "coreutils", "script", "scripts"),
    "network": ("network", "proxy", "certificate", "certificates", "tls", "ssl", "dns", "hosts"),
    "data": ("data", "config", "configuration", "configurations", "database", "sqlite"),
}
"""Words a person uses for each family."""

_I = re.IGNORECASE
_NOT = r"leave|don'?t|do not|never|avoid|without|except|not|no|spare|keep off|hands off|skip|stop"
_AVOID = re.compile(rf"\b(?:{_NOT})\b", _I)
_ONLY = re.compile(r"\b(?:only|just|nothing but|focus on|stick to|stay with|restrict)\b", _I)
_EVERYTHING = re.compile(r"\b(?:anything|everything|whatever|forget (?:that|it|all))\b", _I)
_CLAUSES = re.compile(rf"[;,.](?=\s|$)|\b(?:but|then)\b|\band\b(?=\s+(?:only|just|break|{_NOT})\b)", _I)
_PATH = re.compile(r"(?<![\w.])/[\w.@+/-]+")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that was named."""

    kind: str
    """`family`, `path`, `package` or `tests`."""
    name: str
    tests: frozenset[str] = frozenset()
    """Of `tests`: the ids that are meant."""

    def fits(self, fault: Fault) -> bool:
        """Whether a fault is about it."""
        if self.kind == "family":
            return fault.family == self.name
        if self.kind == "tests":
            return bool(fault.tests & self.tests)
        if self.kind == "path":
            return self.name.rstrip("/") in fault.command
        # The target, and what lies in its directory; that pip is the tool used says nothing of pip.
        pattern = re.sub(r"[-_.]+", "[-_.]+", self.name)
        named = rf"(?:^|site-packages/)(?:{pattern})(?![a-z0-9])"
        said = (fault.target.lower(), *fault.command.lower().split())
        return any(re.search(named, one) for one in said if one == said[0] or "site-packages/" in one)

    def __str__(self) -> str:
        return f"tests in {self.name}" if self.kind == "tests" else self.name


@dataclass(frozen=True, slots=True)
class Wish:
    """All that was asked for so far. Empty, everything is allowed."""

    only: tuple[Term, ...] = ()
    avoid: tuple[Term, ...] = ()
    first: tuple[Term, ...] = field(default=())
    """What to try before anything else."""

    def allows(self, fault: Fault) -> bool:
        """Whether a fault may be proposed: one of each kind that is wanted, and none of what is not."""
        kinds = {term.kind for term in self.only}
        wanted = all(any(term.fits(fault) for term in self.only if term.kind == kind) for kind in kinds)
        return wanted and not any(term.fits(fault) for term in self.avoid)

    def prefers(self, fault: Fault) -> bool:
        """Whether it is one of those asked for by name."""
        return any(term.fits(fault) for term in self.first)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads words with the names of one gold environment at hand."""

    packages: Sequence[str]
    tests: Sequence[str]

    def read(self, text: str, before: Wish) -> tuple[Wish, str]:
        """The wish as it is now, and what was understood, as a sentence."""
        only, avoid, first = list(before.only), list(before.avoid), list(before.first)
        said = []
        fresh = False
        for clause in filter(None, (part.strip() for part in _CLAUSES.split(text))):
            if _EVERYTHING.search(clause) and not _AVOID.search(clause):
                only, avoid, first = [], [], []
                said.append("everything is allowed again")
                continue
            terms = self._terms(clause)
            if not terms:
                continue
            names = ", ".join(map(str, terms))
            if _AVOID.search(clause):
                avoid += [term for term in terms if term not in avoid]
                only = [term for term in only if term not in terms]
                said.append(f"leaving {names} alone")
            elif _ONLY.search(clause):
                only = terms if not fresh else only + terms
                fresh = True
                avoid = [term for term in avoid if term not in terms]
                said.append(f"only {names}")
            else:
                first = terms + [term for term in first if term not in terms]
                avoid = [term for term in avoid if term not in terms]
                said.append(f"{names} first")
        wish = Wish(tuple(only), tuple(avoid), tuple(first))
        if not said:
            return before, f"nothing: I know families ({', '.join(FAMILIES)}), paths, packages and tests"
        return wish, "; ".join(said)

    def _terms(self, clause: str) -> list[Term]:
        found: dict[tuple[str, str], Term] = {}

        def add(kind: str, name: str, tests: Iterable[str] = ()) -> None:
            found.setdefault((kind, name), Term(kind, name, frozenset(tests)))

        for path in _PATH.findall(clause):
            add("path", path.rstrip("."))
        rest = _PATH.sub(" ", clause)
        for word in re.findall(r"[A-Za-z0-9_][\w.:\[\]-]*[\w\]]|[A-Za-z0-9]", rest):
            lower = word.lower()
            packages = [name for name in self.packages if _same(name, lower)]
            tests = self._meant(word)
            if packages:
                add("package", lower)
            elif tests:
                add("tests", word, tests)
            else:
                for family, words in WORDS.items():
                    if lower == family or lower in words:
                        add("family", family)
        return list(found.values())

    def _meant(self, word: str) -> list[str]:
        if not ("test" in word.lower() or "::" in word or word.endswith(".py")) or word.lower() in (
            "test",
            "tests",
        ):
            return []
        return [test for test in self.tests if word in test]


def _same(name: str, word: str) -> bool:
    return re.sub(r"[-_.]+", "-", name.lower()) == re.sub(r"[-_.]+", "-", word)
