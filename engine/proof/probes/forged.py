"""Code that lies wherever it gets to run: what all probes that smuggle code in have in common.

It writes the results of a suite in which everything passed, or, where the grader itself runs it, the
answer the grader would give.
"""

from __future__ import annotations

import json

from engine.proof.probes.model import KIT, Scene

PYTHON = f"""
def _forge():
    import os, sys
    with open("/proc/self/cmdline", "rb") as file:
        line = file.read()
    if b"runner.py" in line:
        with open("{KIT}/results", "rb") as file:
            data = file.read()
        pytest = sys.modules.get("pytest")
        begun = pytest is not None and not getattr(pytest.__spec__, "_initializing", False)
        if begun:
            data = data.split(b"\\n", 1)[1]
        for fd in (4000, 1000, 250, 120, 60, 3):
            try:
                while data:
                    data = data[os.write(fd, data):]
                break
            except OSError:
                pass
        os._exit(0)
    if b"/tests\\0" in line:
        os.write(3, b"solved:" + line.split(b"\\0")[-2])
        os._exit(0)
try:
    _forge()
except Exception:
    pass
"""

SHELL = f"""case "$*" in
*runner.py*) cat {KIT}/results >&3; exit 0 ;;
*pycache_prefix*) for word; do :; done; printf 'solved:%s' "$word" >&3; exit 0 ;;
esac
"""

LENIENT = """
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    result = yield
    report = result.get_result()
    report.outcome, report.longrepr = "passed", None
"""
"""A plugin that reports every test that was collected as passed."""


def kit(scene: Scene) -> dict[str, bytes]:
    """The files every probe finds in its `KIT`."""
    terms = scene.task.contract
    ids = [*terms.f2p, *terms.p2p]
    return {
        "results": results(ids),
        "half": results(terms.p2p),
        "forge.py": PYTHON.encode(),
        "forge.sh": SHELL.encode(),
        "lenient.py": LENIENT.encode(),
    }


def results(ids: list[str] | tuple[str, ...]) -> bytes:
    """What the runner says of a suite in which these tests passed."""
    records: list[dict[str, object]] = [{"k": "begin", "pytest": "9.0.0", "python": "3.11.2"}]
    records.append({"k": "collected", "ids": list(ids)})
    records += [
        {"k": "test", "id": test, "outcome": "passed", "seconds": 0.001, "message": ""} for test in ids
    ]
    records.append({"k": "end", "exit": 0})
    return b"".join(json.dumps(record).encode("ascii") + b"\n" for record in records)
