"""The predicates on one trajectory: each gives a reason against it, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from sessions.curation.benchmarks import grams
from sessions.curation.cheats import configured, signs
from sessions.curation.loops import Acted, stuck
from sessions.curation.rules import Rules
from sessions.curation.secrets import identity, secret
from sessions.trajectories.model import Trajectory

Predicate = Callable[[Trajectory, Rules], str]

HARNESS: Final = ("/tests", "/solution", "/logs/verifier")
"""Where a client puts what grades and what solves."""
GENERATED: Final = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"})
"""Directories below protected ones in which running the tests leaves something."""


def protected(each: Trajectory, rules: Rules) -> str:
    """A repair has changed nothing that it has to leave alone."""
    if each.purpose != "repair":
        return ""
    hurt = [path for path in each.changes if _below(path, (*rules.protected, *HARNESS)) and not _made(path)]
    more = f" and {len(hurt) - 1} more" if len(hurt) > 1 else ""
    return f"it changed {hurt[0]}{more}" if hurt else ""


def cheats(each: Trajectory, rules: Rules) -> str:
    """A repair shows no sign of having found the answer, or gone around the question."""
    if each.purpose != "repair":
        return ""
    found = [f"{name}: {_short(command)}" for name, command in signs(each.commands).items()]
    outside = [path for path in each.changes if not _below(path, rules.protected)]
    found += [f"it changed {path}" for path in configured(outside)[:1]]
    return "; ".join(found)


def loops(each: Trajectory, rules: Rules) -> str:
    """Not much of it is the same again and again."""
    share = stuck(acted(each))
    return f"{share:.0%} of its steps are in loops" if share >= rules.stuck else ""


def length(each: Trajectory, rules: Rules) -> str:
    """A repair is neither too short nor too long."""
    if each.purpose != "repair":
        return ""
    if each.steps < rules.least:
        return f"{each.steps} steps, fewer than {rules.least}"
    return f"{each.steps} steps, more than {rules.most}" if each.steps > rules.most else ""


def secrets(each: Trajectory, rules: Rules) -> str:
    """No credential stands in it."""
    return next((f"{found} in {where}" for where, text in _texts(each) if (found := secret(text))), "")


def identities(each: Trajectory, rules: Rules) -> str:
    """No model says in it who it is."""
    said = "\n".join(f"{turn.text}\n{turn.thinking}" for turn in each.turns if turn.role == "assistant")
    found = identity(said)
    return f"it says {found!r}" if found else ""


def overlap(each: Trajectory, rules: Rules) -> str:
    """Its instruction is none of a public benchmark's."""
    told = next((turn.text for turn in each.turns if turn.role == "user"), "")
    mine = grams(told)
    hit = next((known for known in rules.benchmarks if mine & known.grams), None)
    return f"its instruction shares {len(mine & hit.grams)} runs of words with {hit.name}" if hit else ""


def verified(each: Trajectory, rules: Rules) -> str:
    """A repair that was solved was solved again, by its commands in a fresh container."""
    if each.purpose != "repair" or not each.solved:
        return ""
    again = rules.verified.get(each.id)
    if again is None:
        return "it was not graded a second time" if rules.twice else ""
    return "" if again >= 1 else f"in a fresh container its commands earned {again:g}"


PREDICATES: Final[dict[str, Predicate]] = {
    "verified": verified,
    "protected": protected,
    "cheats": cheats,
    "loops": loops,
    "length": length,
    "secrets": secrets,
    "identity": identities,
    "overlap": overlap,
}
"""By the name of the tag."""


def acted(each: Trajectory) -> list[Acted]:
    """What was done and what came of it, in order."""
    results = {one.tool_use_id: one.content for turn in each.turns for one in turn.results}
    return [
        (f"{call.name} {json.dumps(call.input, sort_keys=True)}", results.get(call.id, ""))
        for turn in each.turns
        for call in turn.calls
    ]


def _texts(each: Trajectory) -> list[tuple[str, str]]:
    """All that is said in it, each with what that is."""
    found = [("a command", command) for command in each.commands]
    found += [("an output", one.content) for turn in each.turns for one in turn.results]
    found += [("words", f"{turn.text}\n{turn.thinking}") for turn in each.turns]
    return found


def _below(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(f"{root.rstrip('/')}/") for root in roots)


def _made(path: str) -> bool:
    parts = path.split("/")
    # A directory itself counts as changed when something is made in it.
    return not GENERATED.isdisjoint(parts) or path in HARNESS


def _short(command: str) -> str:
    line = " ".join(command.split())
    return line if len(line) <= 80 else f"{line[:77]}..."
