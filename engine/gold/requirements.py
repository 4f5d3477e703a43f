"""Requirements as the packaging world writes them: names, extras, versions, markers, and files of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*"
    r"(?:\[(?P<extras>[A-Za-z0-9._,\s-]*)\])?\s*"
    r"(?P<rest>(?:[(<>=!~@;].*)?)",
    re.DOTALL,
)
_SPECIFIER = re.compile(r"(?:(?:===?|~=|!=|<=?|>=?)\s*[A-Za-z0-9.*+!_-]+\s*,?\s*)*")
_MARKER = re.compile(r"[A-Za-z0-9_.\s\"'()<>=!~+*,-]*")
_OWN = re.compile(r"(?:(?:-e|--editable)[\s=]\s*)?\.(?:/)?\s*(?:\[(?P<extras>[A-Za-z0-9._,\s-]*)\])?\s*")
_INCLUDE = re.compile(r"(?:-r|--requirement)[\s=]?\s*(?P<path>\S+)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement; `text` is safe as a line of a requirements file."""

    name: str
    """Normalised: lower case, `-` between words."""
    extras: tuple[str, ...] = ()
    specifier: str = ""
    marker: str = ""

    @property
    def text(self) -> str:
        """The requirement as pip reads it."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras}{self.specifier}" + (f"; {self.marker}" if self.marker else "")

    def bare(self) -> Requirement:
        """The same without a version."""
        return Requirement(self.name, self.extras, "", self.marker)

    def within(self, specifier: str) -> Requirement:
        """The same with a further bound on its version."""
        both = ",".join(part for part in (self.specifier, specifier) if part)
        return Requirement(self.name, self.extras, both, self.marker)


def normalise(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def parse(text: str) -> Requirement | None:
    """One requirement, or None for what is none (an option, a path, an address).

    A direct reference (`name @ https://...`) becomes the name alone, and options of one requirement, such
    as hashes, are left out.
    """
    text = re.split(r"\s+#|\s--", " ".join(text.split()))[0].strip()
    match = _REQUIREMENT.fullmatch(text)
    if not match or "/" in match["name"]:
        return None
    rest = match["rest"].strip()
    specifier, _, marker = rest.partition(";")
    if specifier.startswith("@"):
        specifier, marker = "", rest.rpartition(" ;")[2] if " ;" in rest else ""
    specifier = specifier.strip().removeprefix("(").removesuffix(")").replace(" ", "").rstrip(",")
    marker = marker.strip()
    if not _SPECIFIER.fullmatch(specifier) or not _MARKER.fullmatch(marker):
        return None
    extras = tuple(part.strip() for part in (match["extras"] or "").split(",") if part.strip())
    return Requirement(normalise(match["name"]), extras, specifier, marker)


def parse_all(texts: Iterable[object]) -> tuple[Requirement, ...]:
    """Those of `texts` that are requirements."""
    found = (parse(text) for text in texts if isinstance(text, str))
    return tuple(requirement for requirement in found if requirement is not None)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a requirements file, or a list like it, asks for."""

    requirements: tuple[Requirement, ...] = ()
    extras: tuple[str, ...] = ()
    """Extras of the project itself (`-e .[test]`)."""

    def __or__(self, other: Listed) -> Listed:
        return Listed(
            tuple(dict.fromkeys(self.requirements + other.requirements)),
            tuple(dict.fromkeys(self.extras + other.extras)),
        )

    def __bool__(self) -> bool:
        return bool(self.requirements or self.extras)


def read_list(text: str, read: Callable[[str], str], directory: str = "", depth: int = 4) -> Listed:
    """The requirements in a file's text.

    Args:
        text: the file's.
        read: gives the text of another file by its path from the project's root, empty without one.
        directory: the file's own, from the root: what it includes is relative to that.
        depth: how many files may include one another.
    """
    result = Listed()
    for raw in text.replace("\\\n", " ").splitlines():
        line = re.split(r"(?:^|\s)#", raw)[0].strip()
        if match := _INCLUDE.fullmatch(line):
            path = posixpath.normpath(posixpath.join(directory, match["path"]))
            if depth and not path.startswith(("..", "/")):
                result |= read_list(read(path), read, posixpath.dirname(path), depth - 1)
        elif match := _OWN.fullmatch(line):
            extras = tuple(part.strip() for part in (match["extras"] or "").split(",") if part.strip())
            result |= Listed((), extras)
        elif requirement := parse(line):
            result |= Listed((requirement,))
    return result
