"""What the first observation misses, and what to add so that the next one does not."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from engine.gold import hints
from engine.gold.requirements import Requirement
from engine.gold.settings import PytestSettings
from engine.suite.report import PASSED, Report

MAX_MESSAGES = 2000
"""Failures of one run whose texts are read."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to add to the recipe."""

    pip: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    """One line for each thing that was missed."""

    def __bool__(self) -> bool:
        return bool(self.pip or self.apt or self.args)


@dataclass(frozen=True)
class _Rule:
    pattern: re.Pattern[str]
    lookup: Callable[[str], str]
    """From what the pattern caught to a distribution, empty when none is known."""
    said: str


_RULES = (
    _Rule(re.compile(r"fixture '([\w.]+)' not found"), lambda name: hints.FIXTURES.get(name, ""), "fixture"),
    _Rule(
        re.compile(r"'(\w+)' not found in `markers` configuration option"),
        lambda name: hints.MARKS.get(name, ""),
        "mark",
    ),
    _Rule(re.compile(r"Unknown pytest\.mark\.(\w+)"), lambda name: hints.MARKS.get(name, ""), "mark"),
    _Rule(re.compile(r"Unknown config option: (\w+)"), lambda name: hints.SETTINGS.get(name, ""), "setting"),
    _Rule(re.compile(r"Missing required plugins: ([\w-]+)"), lambda name: name, "plugin"),
    _Rule(re.compile(r'Error importing plugin "([\w.]+)"'), lambda name: hints.distribution(name), "plugin"),
)
_MODULE = re.compile(r"(?:No module named|cannot import the module) '?\"?([A-Za-z_][\w.]*)")
_UNKNOWN = re.compile(r"unrecognized arguments: (.+)")
_ASYNC = re.compile(r"async def functions are not natively supported")
_REMOVED = re.compile(r"PytestRemovedIn(\d+)Warning")
_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")


def texts(report: Report) -> str:
    """All that a run complained of."""
    failed = [
        result.message for result in report.results.values() if result.outcome != PASSED and result.message
    ]
    return "\n".join([report.tail, *report.errors, *failed[:MAX_MESSAGES]])


def remedy(
    report: Report, known: Mapping[str, Requirement], own: PytestSettings, installed: Collection[str]
) -> Remedy:
    """What would answer the complaints of a run, from what the project states and what is well known.

    Args:
        report: the run.
        known: requirements the project states anywhere, by name.
        own: the project's settings of pytest.
        installed: normalised names of the installed distributions.
    """
    said = texts(report)
    wanted: dict[str, str] = {}
    apt: list[str] = []
    args: tuple[str, ...] = ()
    because: list[str] = []

    def add(name: str, reason: str) -> bool:
        requirement = known.get(name.partition("<")[0])
        text = requirement.text if requirement else name
        if not name or (name.partition("<")[0] in installed and "<" not in name):
            return False
        if text not in wanted:
            wanted[text] = reason
            because.append(f"{reason}: adding {text}")
        return True

    for module in dict.fromkeys(_MODULE.findall(said)):
        stated = next(
            (name for name in hints.candidates(module) if name in known and name not in installed), ""
        )
        add(stated or hints.distribution(module), f"no module {module}")
    for rule in _RULES:
        for name in dict.fromkeys(rule.pattern.findall(said)):
            add(rule.lookup(name), f"no {rule.said} {name}")
    if _ASYNC.search(said):
        plugin = next(
            (name for name in ("pytest-asyncio", "anyio", "pytest-trio") if name in known), "pytest-asyncio"
        )
        add(plugin, "async tests without a plugin that runs them")
    if removed := _REMOVED.search(said):
        add(f"pytest<{removed[1]}", f"the tests use what pytest {removed[1]} removes")
    if match := _UNKNOWN.search(said):
        words = match[1].split()
        plugins = [hints.option_plugin(word) for word in words if word.startswith("-")]
        added = [add(plugin, f"no option {words[0]}") for plugin in plugins if plugin]
        if not any(added):
            kept = shlex.join(word for word in own.addopts if word not in words)
            args = ("-o", f"addopts={kept}")
            because.append(f"no plugin is known for {' '.join(words)[:100]}: leaving it out")
    for library in dict.fromkeys(_LIBRARY.findall(said)):
        if package := hints.LIBRARIES.get(library):
            apt.append(package)
            because.append(f"no library {library}: adding the package {package}")
    return Remedy(tuple(wanted), tuple(apt), args, tuple(because))
