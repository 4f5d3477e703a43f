"""The configuration of the screen: `cligym.toml` of the user, then the one of the current directory.

A variable `CLIGYM_THEME`, `CLIGYM_BELL` or `CLIGYM_SELF_CONTAINED` says more than both.
"""

from __future__ import annotations

import os
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from cligym_tui.screen.actions import ACTIONS, BY_ID, LEAVES, Action
from engine.errors import UsageError

FILE: Final = "cligym.toml"
_HELD: Final = frozenset({"ctrl", "shift", "alt"})
_FUNCTIONS: Final = frozenset(f"f{number}" for number in range(1, 13))
_SOUGHT: Final = frozenset({"pane.match", "pane.match-back"})
"""Actions whose keys are a pane's only while something is sought."""
_NAMED: Final = _FUNCTIONS | frozenset(
    [
        "enter",
        "tab",
        "space",
        "escape",
        "backspace",
        "delete",
        "insert",
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pageup",
        "pagedown",
    ]
)
_HINT: Final = "the README and a file of `cligym-tui config init` say what there is"
_RESERVED: Final = {
    "ctrl+right_square_bracket": "it is the only way out of a shell that was taken over",
    "ctrl+m": "terminals send it as enter",
    "ctrl+i": "terminals send it as tab",
    "ctrl+left_square_bracket": "terminals send it as escape",
}
_FIXED: Final = {"replay.percent": "its keys are the digits"}


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be configured."""

    theme: str = ""
    """One of Textual's themes, such as `nord` or `ansi-dark`; empty for the default."""
    bell: bool = True
    """Whether to ring when a command waits and nobody looks."""
    keys: dict[str, str] = {}
    """Keys by an action's id, several with commas between them; empty for none."""
    self_contained: bool = False
    """Whether committed tasks stand on no gold image."""


def files() -> tuple[Path, ...]:
    """The files that are read, in this order; they need not be there.

    Raises:
        UsageError: the current directory is not there any more.
    """
    try:
        return Path(platformdirs.user_config_dir("cligym")) / FILE, Path.cwd() / FILE
    except OSError as error:
        raise UsageError(
            f"the current directory cannot be told: {error.strerror}", "change to one that is there"
        ) from error


def load(read: tuple[Path, ...] | None = None) -> Config:
    """The configuration; of what is set twice, the later file's, and what a variable says before all.

    Args:
        read: the files, by default `files`.

    Raises:
        UsageError: a file cannot be read, or has something in it that is not known; or a variable has.
    """
    merged = Config()
    for file in files() if read is None else read:
        if not file.is_file():
            continue
        found, raw = _read(file)
        changes = {name: getattr(found, name) for name in raw if name != "keys"}
        merged = msgspec.structs.replace(merged, keys={**merged.keys, **found.keys}, **changes)
        _check_shared(merged.keys, found.keys, file)
    return msgspec.structs.replace(merged, **_variables())


def _variables() -> dict[str, object]:
    found: dict[str, object] = {}
    for name in set(Config.__struct_fields__) - {"keys"}:
        variable = f"CLIGYM_{name.upper()}"
        if variable in os.environ:
            try:
                one = msgspec.convert({name: os.environ[variable]}, Config, strict=False)
            except msgspec.ValidationError as error:
                raise UsageError(f"{variable}: {error}", _HINT) from error
            _check_theme(one, variable)
            found[name] = getattr(one, name)
    return found


def _read(file: Path) -> tuple[Config, dict[str, object]]:
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        config = msgspec.convert(raw, Config)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{file}: {error}", _HINT) from error
    _check_theme(config, str(file))
    for action, keys in config.keys.items():
        if action not in BY_ID:
            raise UsageError(
                f"{file}: [keys] has no action {action!r}", "the help (?) and the README list them"
            )
        for key in keys.split(","):
            why = _refused(action, key.strip())
            if why:
                raise UsageError(f"{file}: [keys] {action}: {key!r}: {why}", 'such as "x", "ctrl+x" or "f5"')
    named = {action: _canonical(keys) for action, keys in config.keys.items()}
    return msgspec.structs.replace(config, keys=named), raw


def _refused(action: str, key: str) -> str:
    """Why an action cannot have a key, or none where the key is empty; empty when it can."""
    if action in _FIXED:
        return _FIXED[action]
    if action == LEAVES:
        if not key:
            return "there has to be one that leaves a shell"
        if not key.startswith(("ctrl+", "alt+")) and key not in _FUNCTIONS:
            return "it is typed into the shell"
    if key and not _known(key):
        return "no key is called so"
    reserved = _RESERVED.get(_canonical(key), "")
    return "" if action == LEAVES and _canonical(key) in BY_ID[LEAVES].keys else reserved


def _check_shared(keys: Mapping[str, str], changed: Iterable[str], file: Path) -> None:
    """Of two actions with one key at one place, only one would ever be done."""
    for action, other in product((BY_ID[name] for name in changed), ACTIONS):
        together = action is not other and action.where & other.where and not {action.id, other.id} & _SOUGHT
        shared = _keys(action, keys) & _keys(other, keys) - (set(action.keys) & set(other.keys))
        if together and shared:
            raise UsageError(
                f"{file}: [keys] {action.id}: {min(shared)!r}: that is the key of {other.id}",
                f'"{other.id}" can have another one, or "" for none',
            )


def _keys(action: Action, keys: Mapping[str, str]) -> set[str]:
    return {key for key in keys.get(action.id, ",".join(action.keys)).split(",") if key}


def _canonical(keys: str) -> str:
    """Keys as Textual calls them: it knows characters by name, and with a modifier by nothing else."""
    from textual.keys import _character_to_key

    found = []
    for key in filter(None, map(str.strip, keys.split(","))):
        *held, name = key.split("+")
        found.append("+".join([*held, _character_to_key(name) if len(name) == 1 else name]))
    return ",".join(found)


def _check_theme(config: Config, place: str) -> None:
    from textual.theme import BUILTIN_THEMES

    if config.theme and config.theme not in BUILTIN_THEMES:
        raise UsageError(
            f"{place}: there is no theme {config.theme!r}", f"there are: {', '.join(BUILTIN_THEMES)}"
        )


def _known(key: str) -> bool:
    *held, name = key.split("+")
    if not set(held) <= _HELD or not name:
        return False
    if len(name) == 1:
        return name.isprintable()
    if name in _NAMED:
        return True
    try:
        unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return name in {"greater_than_sign", "less_than_sign"}
    return True
