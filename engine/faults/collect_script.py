"""Says what each test file has loaded once it is collected: run in a gold container by the tests' Python.

    python collect_script.py [--] PYTEST_ARGS...  <  {"files": [...], "seconds": 40}

One forked child for each file, so that what one file imports is not hidden by what an earlier one imported
already. A line of JSON for each: `{"file": ..., "modules": {name: path}, "maps": [...]}`. Standard library
only, Python >= 3.9, nothing of the project.
"""

from __future__ import annotations

import json
import os
import sys
import time

QUIET = ["-p", "no:cacheprovider", "--collect-only", "-q"]


def loaded() -> tuple[dict[str, str], list[str]]:
    """The imported modules with their files, and the shared objects mapped by now."""
    modules = {}
    for name, module in list(sys.modules.items()):
        path = getattr(getattr(module, "__spec__", None), "origin", None)
        modules[name] = path if isinstance(path, str) and path.startswith("/") else ""
    maps = set()
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            path = line.rstrip("\n").split(None, 5)[-1]
            if path.startswith("/") and ".so" in path:
                maps.add(path)
    return modules, sorted(maps)


def collect(file: str, args: list[str], out: int) -> None:
    """In the child: collect one file quietly and write what is loaded then."""
    import pytest

    try:
        pytest.main([*QUIET, *args, file])
    finally:
        modules, maps = loaded()
        line = json.dumps({"file": file, "modules": modules, "maps": maps}) + "\n"
        with os.fdopen(out, "w", encoding="ascii") as pipe:
            pipe.write(line)
        os._exit(0)


def main(argv: list[str]) -> None:
    """One child after the other, until the time is up."""
    asked = json.load(sys.stdin)
    here = os.path.dirname(os.path.realpath(__file__))
    if os.path.realpath(sys.path[0]) == here:
        sys.path[0] = os.getcwd()
    # Places to look for tests are left out: each child has its one file.
    args = [arg for arg in argv if arg != "--" and not os.path.exists(arg.split("::")[0])]
    import pytest

    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    # Plugins are loaded once, for all children: every file's tests have them.
    pytest.main([*QUIET, here])
    limit = time.monotonic() + asked["seconds"]
    for file in asked["files"]:
        if time.monotonic() > limit:
            break
        child = os.fork()
        if child == 0:
            collect(file, args, out)
        while time.monotonic() < limit:
            if os.waitpid(child, os.WNOHANG) != (0, 0):
                break
            time.sleep(0.01)
        else:
            os.kill(child, 9)
            os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
