"""The keys of the actions: as the configuration has them, as people write them, and as Textual binds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from textual.binding import Binding, BindingType

from cligym_tui.screen.actions import (
    ACTIONS,
    ANYWHERE,
    AT_WORK,
    BREAKING,
    BY_ID,
    LEAVES,
    ONLY_HOME,
    ONLY_LIVE,
    ONLY_REPAIR,
    ONLY_REPLAY,
    REPLAY,
    Action,
)
from cligym_tui.terminal.view import LEAVE

if TYPE_CHECKING:
    from textual.app import App

_NAMES: Final = {
    "full_stop": ".",
    "comma": ",",
    "colon": ":",
    "question_mark": "?",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}


def key_name(key: str) -> str:
    """A key as people write it."""
    *held, name = key.split("+")
    return "+".join(
        [*held, _NAMES.get(name, name.upper() if name[:1] == "f" and name[1:].isdigit() else name)]
    )


def key_names(action: Action, keymap: Mapping[str, str] | None = None) -> str:
    """All keys of an action as people write them."""
    keys = keys_of(action, keymap)
    if keys == tuple("0123456789"):
        return "0-9"
    return " ".join(key_name(key) for key in keys)


def keys_of(action: Action, keymap: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The keys of an action, the configured ones if there are such."""
    chosen = (keymap or {}).get(action.id)
    return action.keys if chosen is None else tuple(key for key in chosen.split(",") if key)


def configured(app: App[Any]) -> Mapping[str, str]:
    """The keys the configuration of a running program has, by action."""
    found: Mapping[str, str] = getattr(app, "configured_keys", {})
    return found


def bindings(actions: Iterable[Action], where: str = "") -> list[BindingType]:
    """Bindings of Textual's, with the registry's ids so that a keymap can change them."""
    found: list[BindingType] = []
    for action in actions:
        keys = [
            key
            for key in action.keys
            if not (where == REPLAY and action.id.startswith("view.") and key.isdigit())
        ]
        if action.id == "replay.percent":
            found += [Binding(key, f"{action.method}({key})", action.label, show=False) for key in keys]
        else:
            pressed = ",".join(keys) or _unbound(action.id)
            found.append(Binding(pressed, action.method, action.label, show=False, id=action.id))
    return found


def keymap(keys: Mapping[str, str]) -> dict[str, str]:
    """The configured keys as Textual takes them.

    It changes only bindings there are, and takes an empty string for no change: an action without keys has
    one that no keyboard has. The key that leaves a shell by default always does, whatever else leaves it:
    terminals do not send every key that has a name, and nobody may be locked in.
    """
    found = {name: chosen or _unbound(name) for name, chosen in keys.items()}
    if LEAVES in found:
        found[LEAVES] += f",{LEAVE}"
    return found


def leaving(keys: Mapping[str, str] | None = None) -> str:
    """The key that leaves a shell, as people write it."""
    return key_name(keys_of(BY_ID[LEAVES], keys)[0])


def _unbound(action: str) -> str:
    return f"unbound-{action}"


def markdown() -> str:
    """The table of keys, as the README has it."""
    lines = ["| key | does | where |", "|---|---|---|"]
    for action in ACTIONS:
        keys = " ".join(f"`{name}`" for name in key_names(action).split()) or "palette"
        lines.append(f"| {keys} | {action.told} | {place(action)} |")
    return "\n".join(lines) + "\n"


def place(action: Action) -> str:
    """Where an action is, in a word."""
    if action.where == ONLY_LIVE:
        return "live"
    if action.where == AT_WORK:
        return "live, repair"
    if action.where == BREAKING:
        return "live, replay"
    if action.where == ONLY_REPAIR:
        return "repair"
    if action.where == ONLY_REPLAY:
        return "replay"
    if action.where == ONLY_HOME:
        return "home"
    return "everywhere" if action.where == ANYWHERE else "sessions"
