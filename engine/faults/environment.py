"""Settings every login shell picks up: Python's own, locale and time, the terminal, limits."""

from __future__ import annotations

from engine.faults.facts import Facts
from engine.faults.settings import about, limit, parents, setting

FAMILY = "environment"


def _children(facts: Facts) -> frozenset[str] | None:
    return frozenset() if parents(facts) else None


def _speaking(facts: Facts) -> frozenset[str] | None:
    return about("text")(facts) if parents(facts) else None


def _foreign(facts: Facts) -> frozenset[str] | None:
    return None if "en_US.utf8" in facts.image.system.locales else about("locale")(facts)


def _writers(facts: Facts) -> frozenset[str] | None:
    return frozenset() if facts.tests_touching("/tmp") else None


def _plugins(facts: Facts) -> frozenset[str] | None:
    return frozenset() if any("pytest11" in dist.groups for dist in facts.image.distributions) else None


OPERATORS = (
    setting(
        FAMILY,
        "warnings-as-errors",
        "export PYTHONWARNINGS=error",
        what="python",
        summary="A strict setting for one service, warnings as errors, was made for every login.",
        symptom="DeprecationWarning or ResourceWarning raised",
    ),
    setting(
        FAMILY,
        "optimised",
        "export PYTHONOPTIMIZE=2",
        what="python",
        summary="Python was told to leave docstrings and assertions out, to save memory in production.",
        symptom="missing docstrings and help texts, assertions that do not fire",
        tests=about("docstrings"),
    ),
    setting(
        FAMILY,
        "ascii-locale",
        "export PYTHONUTF8=0 PYTHONCOERCECLOCALE=0",
        "export LC_ALL=POSIX",
        what="locale",
        summary="The locale was pinned to POSIX for sorting, and Python's own UTF-8 mode was switched off.",
        symptom="UnicodeEncodeError or UnicodeDecodeError with the ascii codec",
        tests=about("text", "locale"),
    ),
    setting(
        FAMILY,
        "stream-encoding",
        "export PYTHONIOENCODING=ascii",
        what="python-io",
        summary="An old workaround forces the encoding of Python's standard streams.",
        symptom="UnicodeEncodeError in child processes",
        tests=_speaking,
    ),
    setting(
        FAMILY,
        "locale-missing",
        "export LC_ALL=en_US.UTF-8",
        what="locale",
        summary="Every login asks for a locale that was never generated on this system.",
        symptom="locale.Error: unsupported locale setting, warnings on stderr",
        tests=_foreign,
    ),
    setting(
        FAMILY,
        "time-zone",
        "export TZ=Pacific/Auckland",
        what="timezone",
        summary="Somebody set their own time zone for every login.",
        symptom="times off by some hours",
        tests=about("time"),
    ),
    setting(
        FAMILY,
        "narrow-terminal",
        "export COLUMNS=40",
        what="terminal",
        summary="The width of a small window was exported and stays fixed for all programs.",
        symptom="help and tables wrapped at other places",
        tests=about("width"),
    ),
    setting(
        FAMILY,
        "forced-colour",
        "export FORCE_COLOR=1 CLICOLOR_FORCE=1",
        what="colour",
        summary="Colours are forced on, for the sake of a build log, even where output is not a terminal.",
        symptom="escape sequences in compared output",
        tests=about("colour", "width"),
    ),
    setting(
        FAMILY,
        "home-moved",
        "export HOME=/srv/home/dev",
        what="home",
        summary="Home directories were announced to move to another disk and never did.",
        symptom="no such directory below the home directory",
        tests=about("home"),
    ),
    setting(
        FAMILY,
        "private-files",
        "umask 077",
        what="umask",
        summary="A hardening guide's umask makes new files readable by their owner alone.",
        symptom="modes of created files differ",
        tests=about("modes"),
    ),
    limit(
        FAMILY,
        "open-files",
        "ulimit -n 16",
        "ulimit -n 24",
        summary="The limit of open files was meant for one service and lowered for every login.",
        symptom="OSError: too many open files",
    ),
    limit(
        FAMILY,
        "file-size",
        "ulimit -f 4",
        "ulimit -f 0",
        summary="The limit of file sizes was thought to count megabytes, or to be the one of core dumps.",
        symptom="OSError: file too large",
        tests=_writers,
    ),
    setting(
        FAMILY,
        "child-signal",
        "trap '' CHLD",
        what="jobs",
        summary="To silence notices about finished jobs, a login script ignores the signal behind them.",
        symptom="ChildProcessError: no child processes, exit codes of 0",
        tests=parents,
    ),
    setting(
        FAMILY,
        "plugins-off",
        "export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1",
        what="pytest",
        summary="Another tool's setup keeps pytest from loading installed plugins.",
        symptom="fixtures and options of plugins are missing",
        tests=_plugins,
    ),
    setting(
        FAMILY,
        "safe-path",
        "export PYTHONSAFEPATH=1",
        what="python",
        summary="The current directory was taken off Python's search path for safety.",
        symptom="ModuleNotFoundError for modules beside the tests",
        tests=_children,
    ),
    setting(
        FAMILY,
        "development-mode",
        "export PYTHONDEVMODE=1",
        what="python",
        summary="Python's development mode was left on after a debugging session.",
        symptom="warnings and checks in child processes",
        tests=_children,
    ),
    setting(
        FAMILY,
        "python-home",
        "export PYTHONHOME=/usr/local",
        what="python",
        summary="A second Python's home is exported for all, the one in use included.",
        symptom="No module named encodings",
        tests=lambda facts: facts.everything,
    ),
)
