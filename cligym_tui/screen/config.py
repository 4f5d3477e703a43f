"""The configuration of the screen: `cligym.toml` of the user, then the one of the current directory."""

from __future__ import annotations

import tomllib
import unicodedata
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from cligym_tui.screen.actions import BY_ID
from engine.errors import UsageError

FILE: Final = "cligym.toml"
_HELD: Final = frozenset({"ctrl", "shift", "alt"})
_NAMED: Final = frozenset(
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
) | {f"f{number}" for number in range(1, 13)}
_RESERVED: Final = {"ctrl+right_square_bracket": "it is the only way out of a shell that was taken over"}


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


def load(files: tuple[Path, ...] | None = None) -> Config:
    """The configuration; of what is set twice, the later file's.

    Raises:
        UsageError: a file cannot be read, or has something in it that is not known.
    """
    if files is None:
        files = (Path(platformdirs.user_config_dir("cligym")) / FILE, Path(FILE))
    merged = Config()
    for file in files:
        if not file.is_file():
            continue
        found, raw = _read(file)
        changes = {name: getattr(found, name) for name in raw if name != "keys"}
        merged = msgspec.structs.replace(merged, keys={**merged.keys, **found.keys}, **changes)
    return merged


def _read(file: Path) -> tuple[Config, dict[str, object]]:
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        config = msgspec.convert(raw, Config)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{file}: {error}", "see Configuration in the README") from error
    from textual.theme import BUILTIN_THEMES

    if config.theme and config.theme not in BUILTIN_THEMES:
        raise UsageError(
            f"{file}: there is no theme {config.theme!r}", f"there are: {', '.join(BUILTIN_THEMES)}"
        )
    for action, keys in config.keys.items():
        if action not in BY_ID:
            raise UsageError(
                f"{file}: [keys] has no action {action!r}", "the help (?) and the README list them"
            )
        for key in filter(None, keys.split(",")):
            why = "" if _known(key.strip()) else "no key is called so"
            why = why or _RESERVED.get(key.strip(), "") * (action != "hands.leave")
            if why:
                raise UsageError(f"{file}: [keys] {action}: {key!r}: {why}", 'such as "x", "ctrl+x" or "f5"')
    return config, raw


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
