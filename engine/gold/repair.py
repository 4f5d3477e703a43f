"""What the first observation misses, and what to add so that the next one does not."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.gold import hints
from engine.gold.requirements import Requirement, normalise, parse
from engine.gold.settings import PytestSettings
from engine.suite.report import PASSED, Report

MAX_MESSAGES = 2000
"""Failures of one run whose texts are read."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to add to the recipe."""

    pip: Mapping[str, str] = field(default_factory=dict)
    """Requirements, each with what is missing without it."""
    apt: Mapping[str, str] = field(default_factory=dict)
    """Packages of the distribution, likewise."""
    args: Mapping[str, str] = field(default_factory=dict)
    """Arguments of pytest, likewise."""

    @property
    def because(self) -> tuple[str, ...]:
        """One line for each thing that is added."""
        added = {**self.pip, **self.apt, **self.args}
        return tuple(f"{why}: adding {what}"[:300] for what, why in added.items())

    def each(self) -> tuple[Remedy, ...]:
        """The same one by one, for when all of it together cannot be had."""
        return (
            *(Remedy(pip={text: why}) for text, why in self.pip.items()),
            *(Remedy(apt={name: why}) for name, why in self.apt.items()),
            *(Remedy(args={word: why}) for word, why in self.args.items()),
        )

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
_MODULE = re.compile(
    r"(?:No module named|cannot import the module|Failed to import filter module) '?\"?([A-Za-z_][\w.]*)"
)
_ADVICE = re.compile(
    r"""pip install ["'`]?([A-Za-z][\w.-]*\w)(?![\w.\[-])"""
    r"""|["'`]([A-Za-z][\w.-]*)["'`] (?:package |module |library )?"""
    r"""(?:is|must be) (?:not |required|needed|installed)"""
)
_UNKNOWN = re.compile(r"unrecognized arguments: (.+)")
_ASYNC = re.compile(r"async def functions are not natively supported")
_REMOVED = re.compile(
    r"PytestRemovedIn\d+Warning|can not be found in the hookspec|"
    r"(?:cannot import name '\w+' from|No module named|module) '_?pytest[\w.]*'"
)
_RAISED = re.compile(r"^(?:\S+: )?(?:E\s+)?(?:[\w.]+\.)?(?!PytestRemoved)\w*Warning: ", re.MULTILINE)
_PROGRAMS = {re.compile(pattern): packages for pattern, packages in hints.PROGRAMS.items()}
_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")


def texts(report: Report) -> list[str]:
    """All that a run complained of."""
    failed = [result.message for result in report.results.values() if result.outcome != PASSED]
    return [text for text in (report.tail, *report.errors, *failed[:MAX_MESSAGES]) if text]


def _often(pattern: re.Pattern[str], report: Report, said: list[str]) -> bool:
    """Whether a good part of a run's results comes with a complaint."""
    return sum(bool(pattern.search(text)) for text in said) > len(report.results) / 20


def _decides(pattern: re.Pattern[str], report: Report) -> bool:
    """Whether a file cannot be collected, or a good part of the tests fails, for such a complaint."""
    if any(map(pattern.search, report.errors)):
        return True  # nobody knows how many tests the file has
    return _often(pattern, report, [text for text in texts(report) if text not in report.errors])


def remedy(
    report: Report, known: Mapping[str, Requirement], own: PytestSettings, installed: Mapping[str, str]
) -> Remedy:
    """What would answer the complaints of a run, from what the project states and what is well known.

    Args:
        report: the run.
        known: requirements the project states anywhere, by name.
        own: the project's settings of pytest.
        installed: versions of the installed distributions, by normalised name.
    """
    said = "\n".join(texts(report))
    wanted: dict[str, str] = {}
    apt: dict[str, str] = {}
    args: dict[str, str] = {}

    def add(text: str, reason: str) -> bool:
        asked = parse(text)
        if asked is None or (asked.name in installed and not asked.specifier):
            return False
        if own_words := known.get(asked.name):
            # What is stated has led here; a bound that is the remedy must not give way to it.
            bounded = Requirement(asked.name, own_words.extras, asked.specifier)
            asked = bounded if asked.specifier else own_words
        wanted.setdefault(asked.text, reason)
        return True

    for module in dict.fromkeys(_MODULE.findall(said)):
        hinted = hints.distribution(module)
        stated = [name for name in hints.candidates(module) if name in known and name not in installed]
        add(hinted if "<" in hinted else next(iter(stated), hinted), f"no module {module}")
    # Only what the project states itself: a text may advise anything.
    for advised in dict.fromkeys(normalise(name) for pair in _ADVICE.findall(said) for name in pair if name):
        if advised in known:
            add(advised, f"{advised} is asked for")
    for rule in _RULES:
        for name in dict.fromkeys(rule.pattern.findall(said)):
            add(rule.lookup(name), f"no {rule.said} {name}")
    if _ASYNC.search(said):
        plugin = next(
            (name for name in ("pytest-asyncio", "anyio", "pytest-trio") if name in known), "pytest-asyncio"
        )
        add(plugin, "async tests without a plugin that runs them")
    if (major := installed.get("pytest", "").partition(".")[0]) and _decides(_REMOVED, report):
        add(f"pytest<{major}", f"the tests use what pytest {major} has not any more")
    if match := _UNKNOWN.search(said):
        words = match[1].split()
        plugins = [hints.option_plugin(word) for word in words if word.startswith("-")]
        added = [add(plugin, f"no option {words[0]}") for plugin in plugins if plugin]
        if not any(added):
            kept = shlex.join(word for word in own.addopts if word not in words)
            args[f"--override-ini=addopts={kept}"] = f"no plugin is known for {' '.join(words)[:100]}"
    if _decides(_RAISED, report):
        args["-Wdefault"] = "warnings are errors here, and packages have become newer"
    for pattern, packages in _PROGRAMS.items():
        # A compiler is much to have for the few tests that would be left out without one.
        if _often(pattern, report, texts(report)):
            apt |= dict.fromkeys(packages, "a good part of the tests misses what it has")
    for library in dict.fromkeys(_LIBRARY.findall(said)):
        if package := hints.LIBRARIES.get(library):
            apt[package] = f"no library {library}"
    return Remedy(wanted, apt, args)
