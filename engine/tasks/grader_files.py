"""The grader as files: the same in every format, copied into a container after the solver has left it."""

from __future__ import annotations

import posixpath
from importlib.resources import files

from engine.sandbox.tools import busybox_path
from engine.tasks.model import Task

MAIN = b"""\
import sys

# These load libraries of the system, and nothing has been compared with gold's yet: the grader does without.
for name in ("_bz2", "_ctypes", "_hashlib", "_lzma", "_ssl", "_uuid", "readline", "zlib"):
    if name not in sys.builtin_module_names:
        sys.modules[name] = None

from grader.main import main

sys.exit(main())
"""


def grader(task: Task) -> dict[str, bytes]:
    """What `/tests` holds while a container is graded, by relative path."""
    package = files("engine.tasks.grader")
    made = {
        "test.sh": package.joinpath("test.sh").read_bytes(),
        "__main__.py": MAIN,
        **{
            f"grader/{file.name}": file.read_bytes()
            for file in package.iterdir()
            if file.name.endswith(".py")
        },
        "runner.py": files("engine.suite").joinpath("runner.py").read_bytes(),
        "interpreter": task.contract.interpreter.encode("utf-8", "surrogateescape") + b"\n",
        "contract.json": task.contract.dump(),
        "tests.tar": task.tests,
        "busybox": busybox_path().read_bytes(),
        **{f"trust/{name}": data for name, data in task.contract.trust.render().items()},
    }
    own = {*made, "files", *(posixpath.dirname(name) for name in made)}
    return made | {"files": "".join(f"{name}\n" for name in sorted(own) if name).encode()}


def grading_seconds(task: Task) -> float:
    """Time grading may take: the suite may run twice."""
    return max(600.0, float(int(2 * task.contract.timeout + 120.999)))
