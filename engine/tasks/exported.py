"""Read an exported task's directory back into a task, whichever format it is in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from engine.errors import UsageError
from engine.tasks import about, digests, harbor, record, terminal_bench, trust, yaml
from engine.tasks.contract import Contract
from engine.tasks.model import Task
from engine.tasks.output import Files

LARGEST = 1 << 30
"""Bytes a task's files may have together."""

_FORMS = {"task.toml": harbor.FOLDER, "task.yaml": terminal_bench.FOLDER}
"""The file that tells a format, and its folder."""
_BESIDE = frozenset(
    {
        "solution.sh",
        "run-tests.sh",
        "task.yaml",
        "docker-compose.yaml",
        "proof.json",
        about.HINTS,
        digests.FILE,
        record.FILE,
    }
)
"""Files at the top of a Terminal-Bench task that are not for its Dockerfile."""

T = TypeVar("T")


class Unreadable(ValueError):
    """A file of a task does not say what it should; the message is one line that begins with its name."""


@dataclass(frozen=True)
class Exported:
    """A task's directory, read."""

    directory: Path
    form: str
    """Folder of the format: `harbor` or `terminal-bench`."""
    files: dict[str, bytes]
    """By relative path; a link's content is `-> target`."""

    def broken(self) -> dict[str, str]:
        """Files that are not as they were when the task was proven, each with why."""
        return digests.broken(self.files)

    def proof(self) -> dict[str, Any]:
        """What its `proof.json` tells.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            told = self._parsed("proof.json", json.loads)
            if not {"about", "f2p", "steps"} <= set(told):
                raise Unreadable("proof.json is not one of this program")
        except (Unreadable, TypeError) as error:
            raise UsageError(f"{self.directory}: {error}", "`cligym-tui task check` says more") from error
        return dict(told)

    def task(self) -> Task:
        """The task as its files tell it, gates and times aside.

        Raises:
            Unreadable: they do not.
        """
        inside = self._inside()
        trusted = self._trust()
        terms = self._parsed("tests/contract.json", lambda data: _contract(data, trusted))
        known = self._parsed(record.FILE, lambda data: record.load(data, terms.p2p))
        return Task(
            id=self.directory.name,
            gold=known.gold,
            instruction=self._instruction(),
            hints=self._hints(),
            dockerfile=self._parsed(inside["Dockerfile"], bytes.decode),
            contract=terms,
            tests=self._parsed("tests/tests.tar", bytes),
            solution=self._solution(),
            families=known.families,
            session=known.session,
            branch=known.branch,
            step=known.step,
            seed=known.seed,
            agent=known.agent,
            context={name: self.files[path] for name, path in inside.items() if name != "Dockerfile"},
            lines=known.lines,
            delta=known.delta,
            report=known.report,
        )

    def _inside(self) -> dict[str, str]:
        """What its image is built from: name in the build, and path; the Dockerfile whether there or not."""
        if self.form == harbor.FOLDER:
            top, beside = "environment/", {"docker-compose.yaml"}
        else:
            top, beside = "", {*_BESIDE}
        names = {path.removeprefix(top): path for path in self.files if path.startswith(top)}
        kept = {
            name: path
            for name, path in names.items()
            if name not in beside and (top or not name.startswith("tests/"))
        }
        return {**kept, "Dockerfile": f"{top}Dockerfile"}

    def _hints(self) -> dict[str, str]:
        told = self._parsed(about.HINTS, lambda data: msgspec.json.decode(data, type=dict[str, str]))
        return {level: text for level, text in told.items() if level != "none"}

    def forms(self) -> dict[str, Files]:
        """Its files as a client copies them, and of one script as solution also the parts it unpacks.

        Raises:
            Unreadable: the solution does not say what it is.
        """
        found = {self.form: _modes(self.files)}
        if self.form != harbor.FOLDER:
            inside = {f"solution/{name}": data for name, data in self._solution().items()}
            tests = {name: data for name, data in self.files.items() if name.startswith("tests/")}
            found[harbor.FOLDER] = _modes({**inside, **tests})
        return found

    def _solution(self) -> dict[str, bytes]:
        if self.form != harbor.FOLDER:
            return self._parsed("solution.sh", terminal_bench.parts)
        top = "solution/"
        return {name[len(top) :]: data for name, data in self.files.items() if name.startswith(top)}

    def _trust(self) -> trust.Trust:
        top = "tests/trust/"
        try:
            return trust.read(
                {name[len(top) :]: data for name, data in self.files.items() if name.startswith(top)}
            )
        except (KeyError, ValueError) as error:
            raise Unreadable(f"{top} cannot be read: {error}") from error

    def _instruction(self) -> str:
        if self.form == harbor.FOLDER:
            return self._parsed("instruction.md", bytes.decode)
        return self._parsed("task.yaml", lambda data: yaml.text(data.decode(), "instruction"))

    def _parsed(self, name: str, parse: Callable[[bytes], T]) -> T:
        try:
            return parse(self.files[name])
        except KeyError as error:
            raise Unreadable(f"{name} is missing") from error
        except (ValueError, TypeError, RecursionError) as error:
            raise Unreadable(f"{name} cannot be read: {' '.join(str(error).split())[:300]}") from error


def _contract(data: bytes, trusted: trust.Trust) -> Contract:
    terms = json.loads(data)
    return msgspec.convert({**terms, "trust": msgspec.to_builtins(trusted)}, Contract)


def _modes(files: Mapping[str, bytes]) -> Files:
    """With the modes they have in a container; the client makes scripts executable."""
    return {
        name: (data, 0o755 if name.endswith((".sh", "/busybox")) else 0o644) for name, data in files.items()
    }


def read(directory: Path) -> Exported:
    """The task in a directory.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    form = next((form for name, form in _FORMS.items() if (directory / name).is_file()), "")
    if not form:
        raise UsageError(
            f"there is no task in {directory}", "name a directory with a task.toml or a task.yaml in it"
        )
    found: dict[str, bytes] = {}
    size = 0
    try:
        for folder, _, names in os.walk(directory):
            for name in names:
                path = Path(folder, name)
                data = f"-> {path.readlink()}".encode() if path.is_symlink() else path.read_bytes()
                size += len(data)
                if size > LARGEST:
                    raise UsageError(f"{directory} holds more than {LARGEST >> 20} MiB", "is it a task?")
                found[path.relative_to(directory).as_posix()] = data
    except OSError as error:
        raise UsageError(
            f"{directory} cannot be read: {error.strerror}", "check its owner and mode"
        ) from error
    return Exported(directory.absolute(), form, found)
