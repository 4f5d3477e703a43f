"""Tag a collection of trajectories; none is dropped, and what is kept of equals comes first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from sessions.curation.alone import PREDICATES, acted
from sessions.curation.rules import Rules
from sessions.minhash import minhash, resemblance
from sessions.trajectories.model import Tag, Trajectory

WORDS = 2000
"""Of a trajectory that are compared with others'."""

_VARYING: Final = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{7,64}\b|\d+(?:\.\d+)?")


def curate(found: Sequence[Trajectory], rules: Rules | None = None) -> tuple[Trajectory, ...]:
    """The same trajectories in the same order, with the tags of every predicate that speaks against them.

    Tags they have already are kept. The last two predicates are about the others: `duplicate` is what
    resembles an earlier one, `cap` what is more than is wanted of one task or project; of those that have no
    tag yet, the earlier ones stay.
    """
    rules = rules or Rules()
    return tuple(_capped(_distinct([_alone(each, rules) for each in found], rules), rules))


def _alone(each: Trajectory, rules: Rules) -> Trajectory:
    reasons = {name: predicate(each, rules) for name, predicate in PREDICATES.items()}
    return _tagged(each, *(Tag(name, reason) for name, reason in reasons.items() if reason))


def _tagged(each: Trajectory, *tags: Tag) -> Trajectory:
    new = [tag for tag in tags if all(tag.name != known.name for known in each.tags)]
    return replace(each, tags=(*each.tags, *new)) if new else each


def _distinct(found: Iterable[Trajectory], rules: Rules) -> list[Trajectory]:
    kept: list[tuple[str, tuple[int, ...]]] = []
    made = []
    for each in found:
        mine = minhash(_text(each))
        near, like = max(((resemblance(mine, words), known) for known, words in kept), default=(0.0, ""))
        if near >= rules.alike:
            each = _tagged(each, Tag("duplicate", f"{near:.0%} like {like}"))
        elif not each.tags:
            kept.append((each.id, mine))
        made.append(each)
    return made


def _text(each: Trajectory) -> str:
    """What it did by itself: what a fork shares with its parent makes it no twin."""
    each = replace(each, turns=tuple(turn for turn in each.turns if not turn.copied))
    said = " ".join(f"{action} {outcome}" for action, outcome in acted(each))
    return " ".join(_VARYING.sub("#", said).split()[:WORDS])


def _capped(found: Iterable[Trajectory], rules: Rules) -> Iterable[Trajectory]:
    tasks: Counter[str] = Counter()
    projects: Counter[str] = Counter()
    for each in found:
        if each.tags:
            yield each
        elif rules.per_task and each.task and tasks[each.task] >= rules.per_task:
            yield _tagged(each, Tag("cap", f"there are {rules.per_task} of its task before it"))
        elif rules.per_project and projects[each.project] >= rules.per_project:
            yield _tagged(each, Tag("cap", f"there are {rules.per_project} of its project before it"))
        else:
            tasks[each.task] += 1
            projects[each.project] += 1
            yield each
