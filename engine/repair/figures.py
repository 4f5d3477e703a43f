"""What attempts say of a task: pass@k with intervals, and the effort it took.

Pass@k is the unbiased estimate of Chen et al., "Evaluating Large Language Models Trained on Code", 2021:
1 - C(n-c, k) / C(n, k). The interval is Wilson's for the share of solved attempts, with 95 % confidence,
carried over to k attempts as 1 - (1 - p)^k, which grows with p; it always holds the estimate.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

import msgspec

from sessions.repairs import SOLVED, Attempted

Z = 1.959964
"""Quantile of the normal distribution for 95 %."""
HARD, MEDIUM = 0.25, 0.75
"""Shares of solved attempts up to which a task is hard, and medium."""


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate of how likely one of `k` attempts solves it."""

    k: int
    value: float
    low: float
    high: float


class Difficulty(msgspec.Struct, frozen=True, kw_only=True):
    """A task, as one solver found it at one hint level. Of effort the medians, of solved attempts if any."""

    task: str
    digest: str
    solver: str
    model: str
    hint: str
    attempts: int
    """Those that count: graded, whatever they came to."""
    solved: int
    band: str
    """`easy`, `medium`, `hard`; or `unsolved`: its own solution solves it, these attempts did not."""
    passes: tuple[Pass, ...]
    """For k = 1, 2, 4, ... up to the number of attempts."""
    steps: float
    seconds: float
    tokens: float
    """Of all kinds, read and written."""
    usd: float | None
    """Of all attempts together; None when a price is not known."""
    vague: int = 0
    """Calls of which the server did not say all they took: `usd` is at least so much."""
    failed: int = 0
    """Attempts that say nothing: they were cut off, or what they ran on failed."""


def pass_at(n: int, c: int, k: int) -> float:
    """The estimate from `c` solved of `n` attempts, for `k` at most `n`."""
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)


def wilson(n: int, c: int) -> tuple[float, float]:
    """Bounds of a share of which `c` of `n` were seen. Source: Wilson, 1927."""
    share, square = c / n, Z * Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    reach = Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return (0.0 if c == 0 else max(0.0, middle - reach), 1.0 if c == n else min(1.0, middle + reach))


def passes(n: int, c: int) -> tuple[Pass, ...]:
    """Pass@k for the powers of two up to `n`."""
    if not n:
        return ()
    low, high = wilson(n, c)
    return tuple(
        Pass(
            k=k,
            value=(value := pass_at(n, c, k)),
            low=min(value, 1 - (1 - low) ** k),
            high=max(value, 1 - (1 - high) ** k),
        )
        for k in (1 << power for power in range(n.bit_length()))
    )


def band(n: int, c: int) -> str:
    """How difficult a task is of whose `n` attempts `c` solved it; empty without attempts."""
    if not n:
        return ""
    if not c:
        return "unsolved"
    return "hard" if c / n <= HARD else "medium" if c / n <= MEDIUM else "easy"


def difficulties(attempts: Iterable[Attempted]) -> tuple[Difficulty, ...]:
    """One for each task, solver, model and hint level, in the order they were first tried."""
    groups: dict[tuple[str, str, str, str, str], list[Attempted]] = {}
    for each in attempts:
        key = (each.task, each.digest, each.solver, each.model, each.hint)
        groups.setdefault(key, []).append(each)
    return tuple(_difficulty(group) for group in groups.values())


def _difficulty(group: Sequence[Attempted]) -> Difficulty:
    first, counting = group[0], [each for each in group if each.counts]
    solved = [each for each in counting if each.outcome == SOLVED]
    effort = solved or counting
    return Difficulty(
        task=first.task,
        digest=first.digest,
        solver=first.solver,
        model=first.model,
        hint=first.hint,
        attempts=len(counting),
        solved=len(solved),
        failed=len(group) - len(counting),
        band=band(len(counting), len(solved)),
        passes=passes(len(counting), len(solved)),
        steps=_median(each.steps for each in effort),
        seconds=round(_median(each.seconds for each in effort), 3),
        tokens=_median(each.spent.tokens for each in effort),
        usd=None if any(each.spent.unpriced for each in group) else sum(each.spent.usd for each in group),
        vague=sum(each.spent.vague for each in group),
    )


def _median(values: Iterable[float]) -> float:
    known = list(values)
    return float(statistics.median(known)) if known else 0.0


def overall(found: Sequence[Difficulty]) -> Pass | None:
    """Pass@1 over all tasks, each counting the same; the interval is a normal one over the tasks.

    With one task only, it is that one's; None without attempts.
    """
    ones = [each.passes[0] for each in found if each.passes]
    if len(ones) < 2:
        return ones[0] if ones else None
    mean = statistics.fmean(each.value for each in ones)
    reach = Z * statistics.stdev(each.value for each in ones) / math.sqrt(len(ones))
    return Pass(k=1, value=mean, low=max(0.0, mean - reach), high=min(1.0, mean + reach))
