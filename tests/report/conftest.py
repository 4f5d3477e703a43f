"""A task to report on."""

from tests.tasks.conftest import task

__all__ = ["task"]
