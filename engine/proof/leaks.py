"""Gate: nothing a solver can read gives the damage away."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from msgspec.structs import replace

from engine.masking import Mask
from engine.proof import times
from engine.proof.gate import Fell, Held
from engine.proof.traces import traces
from engine.proof.workbench import Workbench
from engine.sandbox import images, tools
from engine.sandbox.container import LABEL
from engine.sandbox.delta import Layer, Tree
from engine.tasks import harbor
from engine.tasks.model import Task
from engine.tasks.names import slug

REPOSITORIES = (".git", ".hg", ".svn")
INHERITED = (
    "Env",
    "Cmd",
    "Entrypoint",
    "User",
    "WorkingDir",
    "Volumes",
    "ExposedPorts",
    "Healthcheck",
    "OnBuild",
)
OURS = "cligym"
"""A word that stands in whatever we would leave behind."""
TELLING = 12
"""Characters from which a command found in a file is no accident."""
SHOWN = 20

LOOKED = {
    "files": "shell histories, backups, files of editors, package caches, logs, bytecode of changed sources",
    "versions": "no damaged path in or under version control",
    "image": "variables, entry point, user, labels are gold's; its history is for the engine alone to read",
    "traces": "no changed file holds a command of the inversion or a word of this program",
    "times": "no path is newer than gold but those listed; nobody can set change times of inodes",
    "task": "id, title and tags; the rest of task.toml, the Dockerfile and the proof are not in a container",
}
"""What was looked at, for the evidence."""


class Leaks:
    """Reading is not repairing."""

    name = "leaks"

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def check(self) -> Held:
        """Look at the rebuilt image, at a container of it, and at the names of the task.

        Raises:
            Fell: something tells.
            EngineError: the container could not be made.
        """
        bench = self.bench
        left = traces(bench.tree, bench.delta)
        found = [f"{path} was left behind" for path in (*left.remove, *left.shorten)]
        found += versioned(bench.tree, bench.delta)
        found += [f"the image has another {name} than gold" for name in await self._configured()]
        found += telling(await bench.task(), bench.delta)
        late, holding = await self._inside()
        found += [f"{path} holds what was typed, or a word of ours" for path in holding]
        if found:
            raise Fell(f"leaks: {found[0]}", {"found": found[:SHOWN]})
        said = f"; {len(late)} newer than gold" if late else ""
        return Held(
            f"nothing found in files, versions, image, traces and names{said}",
            {"looked": LOOKED, "late": late[:SHOWN]},
        )

    async def _configured(self) -> list[str]:
        """What of its configuration the rebuilt image does not have from gold, but for our own labels."""
        gold = await images.inspect(self.bench.engine, self.bench.candidate.gold.image)
        made = await images.inspect(self.bench.engine, self.bench.rebuilt)
        one, other = ((known or {}).get("Config") or {} for known in (gold, made))
        differing = [name for name in INHERITED if (one.get(name) or None) != (other.get(name) or None)]
        labels = {
            name for name in set(other.get("Labels") or {}) - set(one.get("Labels") or {})
            if name != LABEL and not name.startswith(f"{LABEL}.")
        }  # fmt: skip
        return [*differing, *sorted(labels)]

    async def _inside(self) -> tuple[list[str], list[str]]:
        """Paths newer than gold, and changed files that hold what was typed or a word of ours."""
        bench = self.bench
        since = await times.made_at(bench)
        files = [path for path, entry in bench.delta.items() if entry is not None and entry.what == "file"]
        words = [OURS]
        for line in bench.candidate.lines:
            first = line.command.strip().split("\n", 1)[0]
            words += [first] if len(first) >= TELLING else []
        patterns = [option for word in words for option in ("-e", word)]
        search = [tools.BUSYBOX, "xargs", "-0", "-r", tools.BUSYBOX, "grep", "-lF", *patterns, "--"]
        if not bench.fresh:
            async with bench.container(bench.candidate.gold.image, clean=True) as gold:
                bench.fresh = await times.later(gold, since)
        async with bench.container(bench.rebuilt, clean=True) as sandbox:
            late = await times.later(sandbox, since) - bench.fresh
            holding = b""
            if files:
                listed = "\0".join(files).encode("utf-8", "surrogateescape")
                holding = (await sandbox.exec(search, stdin=listed, timeout=60)).stdout
        return sorted(late), holding.decode("utf-8", "replace").splitlines()


def versioned(tree: Tree, delta: Layer) -> Iterator[str]:
    """Damage that a version control system would tell of: in its own files, or in a directory it watches."""
    watched = {
        posixpath.dirname(path)
        for path in tree
        if posixpath.basename(path) in REPOSITORIES and path not in delta
    }
    for path in sorted(delta):
        parts = path.split("/")
        if not set(REPOSITORIES).isdisjoint(parts):
            yield f"{path} is part of a repository"
        elif any("/".join(parts[:depth]) in watched for depth in range(2, len(parts))):
            yield f"{path} lies in a repository that has the original"


def telling(task: Task, delta: Layer) -> Iterator[str]:
    """Names a solver may be shown that say more than which project it is."""
    project = slug(task.gold.project)
    if not re.fullmatch(rf"{re.escape(project)}-[0-9a-f]+", task.id):
        yield f"the id {task.id} says more than the project's name"
    # What would stand there whatever was damaged says nothing: a tag may be a package's name by chance.
    untold = replace(task, families=(), steps=(), lines=(), notes={}, delta={}, instruction="", hints={})
    mask = Mask(delta)
    said = set(mask.told(_labels(task))) - set(mask.told(_labels(untold)))
    yield from (f"{word} stands in the title or the tags" for word in sorted(said))


def _labels(task: Task) -> str:
    config = harbor.config(task)
    return " ".join([config["task"]["description"], *config["task"]["keywords"], *config["metadata"]["tags"]])
