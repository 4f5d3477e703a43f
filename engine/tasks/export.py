"""Write a task in every format at once: `OUT/harbor/<id>/` and `OUT/terminal-bench/<id>/`."""

from __future__ import annotations

from pathlib import Path

from engine.tasks import about, harbor, output, terminal_bench
from engine.tasks.model import Task

FORMATS = (harbor, terminal_bench)


def write(out: Path, task: Task) -> Path:
    """Write the task's directories and its line in the index; the directory in Harbor's format.

    Raises:
        OutputError: one exists, or cannot be written.
        OutputFull: there is no room.
    """
    made = {form.FOLDER: form.render(task) for form in FORMATS}
    return output.write(out, task.id, made, output.line_of(task.id, about.metadata(task)))


def stage(directory: Path, task: Task) -> Path:
    """Write the task in Harbor's format below a directory of the caller's; where it lies."""
    return output.stage(directory / task.id, harbor.render(task))
