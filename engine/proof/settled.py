"""Which general probes earned nothing with a gold image: the grader is the same for all of its tasks."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from engine.proof.probes import ALL
from engine.proof.probes.model import Probe
from sessions.library import state_dir

SHARE = 8
"""General probes tried with one task while some of them are open: each costs a container and a grading."""


class Settled:
    """A gold image's record, kept in the state directory for one grader and one catalogue."""

    def __init__(self, image: str) -> None:
        self._path = state_dir() / "probes" / f"{image.removeprefix('sha256:')[:32]}-{_version()}.json"
        self._taken = _TAKEN.setdefault(self._path, set())

    def names(self) -> frozenset[str]:
        """The probes that are settled. What cannot be read is as if it was not there."""
        with contextlib.suppress(OSError, ValueError):
            return frozenset(map(str, json.loads(self._path.read_bytes())))
        return frozenset()

    def share(self, catalogue: Sequence[Probe], known: frozenset[str]) -> tuple[Probe, ...]:
        """The next of the open general ones, which no other task of this process is trying meanwhile."""
        left = [each for each in catalogue if each.general and each.name not in known | self._taken][:SHARE]
        self._taken.update(each.name for each in left)
        return tuple(left)

    def release(self, probes: Iterable[Probe], earned_nothing: Iterable[str]) -> None:
        """End the trial of a share, and keep what was found; best effort, for it can be found again."""
        self._taken.difference_update(each.name for each in probes)
        names = self.names() | {*earned_nothing}
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial = self._path.with_suffix(".new")
            partial.write_text(json.dumps(sorted(names)))
            partial.replace(self._path)


_TAKEN: dict[Path, set[str]] = {}
_GRADER = (("engine.tasks", "grader"), ("engine.tasks", "trust.py"), ("engine.suite", "runner.py"))


@cache
def _version() -> str:
    """Changes with the grader and with the catalogue."""
    digest = hashlib.sha256()
    for package, name in _GRADER:
        place = files(package).joinpath(name)
        for file in sorted(place.iterdir(), key=lambda each: each.name) if place.is_dir() else [place]:
            if file.is_file():
                digest.update(file.name.encode() + file.read_bytes())
    for probe in ALL:
        digest.update(f"{probe.name}\0{probe.script}\0".encode())
    return digest.hexdigest()[:16]
