"""`completion`: what a shell needs to complete a call, and what it asks then.

The scripts know nothing: they ask the program with the words that are there, so they fit every version.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Final

from cligym_tui import arguments, output
from cligym_tui.exits import ExitCode

SCRIPTS: Final = {
    "bash": """\
_cligym_tui() {
  local IFS=$'\\n'
  COMPREPLY=($(cligym-tui completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _cligym_tui cligym-tui
""",
    "zsh": """\
#compdef cligym-tui
_cligym_tui() {
  local -a found
  found=(${(f)"$(cligym-tui completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#found )); then compadd -a found; else _files; fi
}
compdef _cligym_tui cligym-tui
""",
    "fish": """\
function __cligym_tui
  set -l found (cligym-tui completion words -- (commandline -opc)[2..] "$(commandline -ct)" 2>/dev/null)
  if set -q found[1]
    string join \\n $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c cligym-tui -f -a '(__cligym_tui)'
""",
}


def run(asked: argparse.Namespace) -> ExitCode:
    """Print a shell's script, or what may come next after some words."""
    if asked.shell == "words":
        found = completions(asked.words)
        if found:
            output.text("\n".join(found))
    else:
        output.text(SCRIPTS[asked.shell].rstrip("\n"))
    return ExitCode.GOAL


def completions(words: list[str]) -> list[str]:
    """What the last word may become; nothing where a shell should offer files.

    Args:
        words: those of a call after the program's name, the last of them being typed.
    """
    *before, last = words or [""]
    parser: argparse.ArgumentParser = arguments.parser()
    waiting: argparse.Action | None = None
    places: list[argparse.Action] = _places(parser)
    for word in before:
        if waiting is not None:
            waiting = None
        elif word.startswith("-"):
            option = _option(parser, word)
            waiting = option if option is not None and option.nargs is None else None
        elif places:
            place = places[0]
            if isinstance(place.choices, dict) and word in place.choices:
                parser = place.choices[word]
                places = _places(parser)
            elif place.nargs != "+":
                places.pop(0)
    if waiting is not None:
        found = _values(waiting)
    elif last.startswith("-"):
        found = [word for action in parser._actions for word in action.option_strings if word != "-h"]
    else:
        found = _values(places[0]) if places else []
    return sorted(word for word in set(found) if word.startswith(last))


# Of a parser's arguments, argparse tells nobody but itself.
def _places(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if not action.option_strings]


def _option(parser: argparse.ArgumentParser, word: str) -> argparse.Action | None:
    return next((action for action in parser._actions if word in action.option_strings), None)


def _values(action: argparse.Action) -> Iterable[str]:
    if action.choices is not None:
        return [str(choice) for choice in action.choices if choice != "words"]
    if action.type is arguments.agent:
        return arguments.AGENTS
    meant = str(action.metavar or "")
    if meant == "GOLD" or (meant == "NAME" and action.dest == "name" and not action.option_strings):
        from engine.gold import store

        return store.names()
    if meant.startswith("SESSION"):
        from sessions.library import Library

        return [*(["demo"] if "demo" in meant else []), *(each.id for each in Library().list())]
    return []
