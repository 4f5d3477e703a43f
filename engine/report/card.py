"""`OUT/README.md`: the dataset card, what a person finds first who is given the directory."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine import clean
from engine.repair.figures import Difficulty, Pass
from engine.report.figures import Figures, Made
from engine.tasks import yaml

_NAME = re.compile(r"[^A-Za-z0-9 ._-]")
"""What is in no name of ours."""

HEAD = "<!-- written by cligym-tui; `cligym-tui report` writes it again -->"


def render(figures: Figures) -> str:
    """The card in Markdown, with the front matter that collections of data sets read."""
    tasks = figures.tasks
    front = yaml.dumps(
        {
            "pretty_name": _NAME.sub("-", figures.name[:200]),
            "language": ["en"],
            "tags": ["terminal", "agents", "environment-repair"],
            "size_categories": ["n<1K" if len(tasks) < 1000 else "1K<n<10K"],
        }
    )
    parts = [f"---\n{front}---\n{HEAD}", f"# {_plain(figures.name)}", _about(figures), _use(tasks)]
    if tasks:
        parts.append(_table(tasks))
    if figures.difficulties:
        parts.append(_repairs(figures.difficulties))
    parts.append(_LAYOUT)
    return "\n\n".join(parts) + "\n"


def _about(figures: Figures) -> str:
    count = len(figures.tasks)
    golds = ", ".join(
        _plain(str(tasks[0].line.get("source") or name)) for name, tasks in figures.golds().items()
    )
    told = (
        f"{count} repair task{'' if count == 1 else 's'}" + (f" made from {golds}" if golds else "") + ": "
        "a healthy environment was broken by commands until tests of the project failed, and the commands "
        "became a Dockerfile. What is to be done is to make the tests pass again, by repairing the "
        "environment; the project's own sources and tests are as they were."
    )
    if figures.attempts:
        told += f" {figures.proven} of {len(figures.attempts)} attempts became a task: see `report.html`."
    return told


def _use(tasks: list[Made]) -> str:
    name = _NAME.sub("-", tasks[0].id) if tasks else "TASK"
    return f"""\
## Use

The tasks stand on gold images that no registry has. Each is built once, offline:

```console
$ for gold in gold/*/; do "$gold/build.sh"; done
$ harbor run -p harbor -a oracle                       # Harbor, Terminal-Bench 2
$ tb run --dataset-path terminal-bench --agent oracle  # Terminal-Bench 1
$ cligym-tui task check harbor/{name}    # proves one again
```"""


def _table(tasks: list[Made]) -> str:
    rows = [
        f"| {_plain(task.id)} | {_plain(task.families)} | {len(task.f2p)} | {len(task.p2p)} |"
        for task in tasks
    ]
    return "\n".join(
        ["## Tasks", "", "| task | families | fail to pass | pass to pass |", "|---|---|---|---|", *rows]
    )


def _repairs(found: Sequence[Difficulty]) -> str:
    rows = [_repair(each, each.passes[0]) for each in found if each.passes]
    return "\n".join([_REPAIRS, "|---|---|---|---|---|---|---|", *rows])


def _repair(each: Difficulty, first: Pass) -> str:
    who, hint = _plain(each.model or each.solver), _plain(each.hint)
    share = f"{first.value:.2f} ({first.low:.2f}-{first.high:.2f})"
    solved = f"{each.solved} of {each.attempts}"
    return f"| {_plain(each.task)} | {who} | {hint} | {solved} | {share} | {each.band} | {each.steps:g} |"


_REPAIRS = """\
## Repairs

How solvers fared, each attempt in a fresh container and graded by the task's own grader; pass@1 with its
95 % interval. The steps are the median of solved attempts, if there are any.

| task | solver | hint | solved | pass@1 | band | steps |"""

_LAYOUT = """\
## Files

| | |
|---|---|
| `harbor/<task>/` | a task for Harbor; `proof.json` has the evidence, `manifest.json` the files' digests |
| `terminal-bench/<task>/` | the same task for Terminal-Bench 1 |
| `gold/<name>/` | what rebuilds a gold image |
| `index.jsonl` | one JSON object for each task |
| `attempts.jsonl` | one for each attempt, with why it came to nothing |
| `repairs.jsonl` | one for each repair that was tried; `repairs.json` has pass@k and bands |
| `report.html` | a page to look at |"""


def _plain(text: str) -> str:
    """Text that is nothing else in Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$])", r"\\\1", clean.line(text, 200))
